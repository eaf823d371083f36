package image

import (
	"cmp"
	"encoding/binary"
	std "image"
	"image/color"
	"io"

	"golang.org/x/image/tiff"
)

// maxTIFFBlocks bounds the strips or tiles of a TIFF: each is looked up and
// begun on its own, however small it is.
const maxTIFFBlocks = 1 << 17

func probeTIFF(src *source) (header, error) {
	d, err := readIFD(src)
	if err != nil {
		d = &ifd{order: binary.BigEndian} // the decoder has better words for it
	}
	if err := d.explainColours(); err != nil {
		return header{}, err
	}
	file, inked := src.all, false
	if d.fourInks() {
		if mask, ok := disguise(src, d); ok {
			file, inked = func() *io.SectionReader { return io.NewSectionReader(mask, 0, mask.Size()) }, true
		}
	}
	config, decodeErr := tiff.DecodeConfig(file())
	if decodeErr != nil || err != nil {
		return header{}, explain("TIFF", cmp.Or(decodeErr, err))
	}
	if inked && config.ColorModel != color.NRGBAModel {
		return header{}, unreadable("This TIFF is CMYK of 16 bits, which can't be read here; of 8 bits it can")
	}
	w, h := config.Width, config.Height
	memory, blocks := tiffCost(d, config, src.size)
	if blocks > maxTIFFBlocks {
		return header{}, unreadable("This TIFF is cut into %d pieces, and %d is the most that is accepted", blocks, maxTIFFBlocks)
	}
	kept := tiffPixel(config) * area(w, h)
	profile := tiffProfile(src, d, maxProfile)
	if inked { // the sizes have other colours
		profile = nil
	}
	return header{
		width: w, height: h,
		orientation: d.orientation(),
		profile:     profile,
		memory:      d.orientation().peak(memory, kept, kept),
		decode: func() (frame, error) {
			img, err := tiff.Decode(file())
			if err != nil {
				return frame{}, explain("TIFF", err)
			}
			if d.faxed() {
				reverse(img)
			}
			if !inked {
				return newFrame(img, w, h), nil
			}
			f := newFrame(undisguised(img), w, h)
			f.inks = newInks(tiffProfile(src, d, maxInkProfile))
			return f, nil
		},
	}, nil
}

// faxed reports whether the picture is coded as by a fax and the file does not say that
// white is zero. A black run's bits are ones all the same (TIFF 6.0, page 17: it is to
// show reversed), and the decoder takes them for zeros.
func (d *ifd) faxed() bool {
	const group3, group4, whiteIsZero = 3, 4, 0
	c := d.number(tagCompression, 1)
	return (c == group3 || c == group4) && d.number(tagPhotometric, whiteIsZero) != whiteIsZero
}

// reverse gives each bit of a picture of one bit a pixel its other value.
func reverse(img std.Image) {
	switch img := img.(type) {
	case *std.Gray:
		for i, v := range img.Pix {
			img.Pix[i] = 0xff - v
		}
	case *std.Paletted:
		if p := img.Palette; len(p) == 2 {
			p[0], p[1] = p[1], p[0]
		}
	}
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
// longer than most.
func tiffProfile(src *source, d *ifd, most uint32) []byte {
	kind, count, value, ok := d.entry(tagProfile)
	if !ok || kind != 7 && kind != 1 || count > most {
		return nil
	}
	p, err := src.bytes(int64(d.order.Uint32(value)), int(count))
	if err != nil {
		return nil
	}
	return p
}
