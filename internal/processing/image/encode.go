package image

import (
	std "image"
	"image/png"
	"io"

	"magpie/internal/media"
)

// pngHeaderSize is the signature and the IHDR chunk, which come first.
const pngHeaderSize = 8 + 12 + 13

// encoding is how all sizes of one picture are written.
type encoding struct {
	pools   *pools
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

// encode writes the file of one size. It holds pixels and colour profile and
// nothing else of the original.
func (e encoding) encode(w io.Writer, img std.Image) error {
	if e.alpha {
		return writePNG(w, img, png.DefaultCompression, e.profile)
	}
	return e.pools.writeJPEG(w, img, e.quality, e.profile)
}
