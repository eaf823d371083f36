package image

import (
	"image/gif"
	"io"

	"magpie/internal/media"
)

func probeGIF(src *source) (header, error) {
	config, err := gif.DecodeConfig(src.all())
	if err != nil {
		return header{}, explain("GIF", err)
	}
	w, h := config.Width, config.Height
	return header{
		width: w, height: h,
		orientation: upright,
		memory:      2 * area(w, h), // one more while rows are put in order
		decode: func() (frame, error) {
			img, err := gif.Decode(src.all())
			if err != nil {
				return frame{}, explain("GIF", err)
			}
			return newFrame(img, w, h), nil
		},
		copy: &copier{".gif", media.GIF, func(w io.Writer) error { return copyGIF(w, src) }},
	}, nil
}
