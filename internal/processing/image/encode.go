package image

import (
	"bytes"
	std "image"
	"image/jpeg"
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
	if e.alpha {
		if err := png.Encode(&file, img); err != nil {
			return nil, err
		}
		if p := profileFor(e.profile, spaceRGB); p != nil {
			return spliced(file.Bytes(), pngHeaderSize, pngProfileChunk(p)), nil
		}
		return &file, nil
	}
	space := spaceRGB
	switch m := img.(type) {
	case *std.Gray:
		space = spaceGrey
	case *std.NRGBA: // opaque, so the bytes are the same, and the encoder knows a short way
		img = &std.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	}
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: e.quality}); err != nil {
		return nil, err
	}
	if p := profileFor(e.profile, space); p != nil {
		const startOfImage = 2
		return spliced(file.Bytes(), startOfImage, jpegProfileSegments(p)), nil
	}
	return &file, nil
}

// spliced reads file with more put in at a place.
func spliced(file []byte, at int, more []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(file[:at]), bytes.NewReader(more), bytes.NewReader(file[at:]))
}
