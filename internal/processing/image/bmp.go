package image

import (
	"encoding/binary"
	std "image"

	"golang.org/x/image/bmp"
)

func probeBMP(src *source) (header, error) {
	config, err := bmp.DecodeConfig(src.all())
	if err != nil {
		return header{}, explain("BMP", err)
	}
	b, err := src.bytes(10, 20)
	if err != nil {
		return header{}, explain("BMP", err)
	}
	w, h := config.Width, config.Height
	pixels, depth := int64(binary.LittleEndian.Uint32(b)), int64(binary.LittleEndian.Uint16(b[18:]))
	row := (int64(w)*depth + 31) / 32 * 4
	return header{
		width: w, height: h,
		orientation: upright,
		memory:      4*area(w, h) + row,
		least:       pixels + row*int64(h), // nothing is compressed
		decode: func() (frame, error) {
			img, err := bmp.Decode(src.all())
			if err != nil {
				return frame{}, explain("BMP", err)
			}
			fillEmptyAlpha(img)
			return newFrame(img, w, h), nil
		},
	}, nil
}

// fillEmptyAlpha makes an image opaque whose every pixel is fully transparent:
// many programs write 32-bit BMPs and leave the fourth byte zero.
func fillEmptyAlpha(img std.Image) {
	m, ok := img.(*std.NRGBA)
	if !ok {
		return
	}
	for i := 3; i < len(m.Pix); i += 4 {
		if m.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 0xff
	}
}
