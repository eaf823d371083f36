package image

import "bytes"

// maxEXIF bounds an EXIF block that is read; the orientation is at its
// beginning, and in a JPEG it can be no larger than a segment anyway.
const maxEXIF = 1 << 20

// exifOrientation reads the orientation out of an EXIF block, with or without
// the "Exif" mark that a JPEG puts before it. Anything it can't follow is
// upright: a broken EXIF block does not break a picture.
func exifOrientation(block []byte) orientation {
	block = bytes.TrimPrefix(block, []byte("Exif\x00\x00"))
	d, err := readIFD(bytes.NewReader(block))
	if err != nil {
		return upright
	}
	return d.orientation()
}
