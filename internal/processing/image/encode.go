package image

import (
	"bytes"
	std "image"
	"image/png"
	"io"

	"magpie/internal/media"
)

// pngHeaderSize is the signature and the IHDR chunk, which come first.
const pngHeaderSize = 8 + 12 + 13

// encoding is how all sizes of one picture are written.
type encoding struct {
	quality int
	alpha   bool   // as PNG, because pixels of the picture are transparent
	profile []byte // as found in the original; nil for none
}

func (e encoding) suffix() string {
	if e.alpha {
		return ".png"
	}
	return ".jpg"
}

func (e encoding) contentType() string {
	if e.alpha {
		return string(media.PNG)
	}
	return string(media.JPEG)
}

// encode gives the file of one size. It holds pixels and colour profile and
// nothing else of the original.
func (e encoding) encode(img std.Image) (io.Reader, error) {
	var file bytes.Buffer
	var err error
	if e.alpha {
		err = writePNG(&file, img, png.DefaultCompression, e.profile)
	} else {
		err = writeJPEG(&file, img, e.quality, e.profile)
	}
	return &file, err
}
