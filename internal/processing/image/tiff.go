package image

import (
	std "image"
	"image/color"

	"golang.org/x/image/tiff"
)

// maxTIFFBlocks bounds the strips or tiles of a TIFF: each is looked up and
// begun on its own, however small it is.
const maxTIFFBlocks = 1 << 17

func probeTIFF(src *source) (header, error) {
	config, err := tiff.DecodeConfig(src.all())
	if err != nil {
		return header{}, explain("TIFF", err)
	}
	d, err := readIFD(src)
	if err != nil {
		return header{}, explain("TIFF", err)
	}
	w, h := config.Width, config.Height
	memory, blocks := tiffCost(d, config, src.size)
	if blocks > maxTIFFBlocks {
		return header{}, unreadable("This TIFF is cut into %d pieces, and %d is the most that is accepted", blocks, maxTIFFBlocks)
	}
	kept := tiffPixel(config) * area(w, h)
	return header{
		width: w, height: h,
		orientation: d.orientation(),
		profile:     tiffProfile(src, d),
		memory:      d.orientation().peak(memory, kept, kept),
		decode: func() (frame, error) {
			img, err := tiff.Decode(src.all())
			if err != nil {
				return frame{}, explain("TIFF", err)
			}
			return newFrame(img, w, h), nil
		},
	}, nil
}

// tiffCost tells in how many strips or tiles the image is stored, and the most
// memory that decoding holds: the image, the two lists that say where the
// pieces are, and one piece, which may inflate to eight bytes a pixel in a
// buffer that grows by doubling.
func tiffCost(d *ifd, config std.Config, size int64) (memory, blocks int64) {
	w, h := int64(config.Width), int64(config.Height)
	blockWidth, blockHeight := w, h
	if n := int64(d.number(tagRowsPerStrip, 0)); n > 0 {
		blockHeight = min(n, h)
	}
	if n := int64(d.number(tagTileWidth, 0)); n > 0 {
		// The decoder refuses tiles that exceed the image by more than this.
		blockWidth = min(n, max(1024, w+16))
		blockHeight = min(max(1, int64(d.number(tagTileLength, 1))), max(1024, h+16))
	}
	block := 8 * blockWidth * blockHeight
	if d.number(tagCompression, 1) == 1 {
		block = min(block, size)
	}
	blocks = ((w + blockWidth - 1) / blockWidth) * ((h + blockHeight - 1) / blockHeight)
	return tiffPixel(config)*w*h + 3*block + 2*(4+8)*blocks, blocks
}

// tiffPixel is how many bytes a decoded pixel takes.
func tiffPixel(config std.Config) int64 {
	switch config.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		return 8
	case color.RGBAModel, color.NRGBAModel:
		return 4
	case color.Gray16Model:
		return 2
	}
	return 1
}

// tiffProfile reads the colour profile, or nil where there is none or it is
// longer than one that is kept.
func tiffProfile(src *source, d *ifd) []byte {
	kind, count, value, ok := d.entry(tagProfile)
	if !ok || kind != 7 && kind != 1 || count > maxProfile {
		return nil
	}
	p, err := src.bytes(int64(d.order.Uint32(value)), int(count))
	if err != nil {
		return nil
	}
	return p
}
