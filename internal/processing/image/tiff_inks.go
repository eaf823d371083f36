package image

import (
	std "image"
	"io"
	"math"
)

// Tags that say how a TIFF keeps its colours, and what they say of four inks
// (TIFF 6.0, section 16).
const (
	tagPhotometric = 262
	tagSamples     = 277
	tagPlanar      = 284
	tagInkSet      = 332
	tagExtra       = 338

	photometricRGB   = 2
	photometricInks  = 5
	photometricYCbCr = 6
	compressionOJPEG = 6
	compressionJPEG  = 7
)

// explainColours refuses, in words that say what is taken, what a TIFF may be
// and its decoder takes none of.
func (d *ifd) explainColours() error {
	const taken = "grey, palette, RGB and CMYK of 8 bits can, uncompressed or by LZW, Deflate or PackBits"
	switch d.number(tagCompression, 1) {
	case compressionOJPEG, compressionJPEG:
		return unreadable("This TIFF is compressed as JPEG, which can't be read here; %s", taken)
	}
	switch d.number(tagPhotometric, 0) {
	case photometricYCbCr:
		return unreadable("This TIFF keeps its colours as YCbCr, which can't be read here; %s", taken)
	case photometricInks:
		if !d.fourInks() {
			return unreadable("This TIFF is made of inks other than CMYK, or each is kept apart, which can't be read here; %s", taken)
		}
	}
	return nil
}

// fourInks reports whether the pixels are cyan, magenta, yellow and black, one
// beside the other.
func (d *ifd) fourInks() bool {
	return d.number(tagPhotometric, 0) == photometricInks && d.number(tagSamples, 1) == 4 &&
		d.number(tagInkSet, 1) == 1 && d.number(tagPlanar, 1) == 1
}

// disguised is a TIFF of four inks with another directory at its end, in which
// the inks are red, green, blue and alpha: the decoder takes those as they are
// stored and doesn't know of inks.
type disguised struct {
	src  *source
	head [8]byte
	tail []byte
}

// disguise makes one, or gives false for a file that has no room for it.
func disguise(src *source, d *ifd) (*io.SectionReader, bool) {
	if src.size > math.MaxUint32 || len(d.entries)/ifdEntrySize >= math.MaxUint16 {
		return nil, false
	}
	f := &disguised{src: src}
	if _, err := src.ReadAt(f.head[:], 0); err != nil {
		return nil, false
	}
	d.order.PutUint32(f.head[4:], uint32(src.size))

	alpha := make([]byte, ifdEntrySize) // that the colours are not multiplied with
	d.order.PutUint16(alpha, tagExtra)
	d.order.PutUint16(alpha[2:], 3)
	d.order.PutUint32(alpha[4:], 1)
	d.order.PutUint16(alpha[8:], 2)
	var entries []byte
	for e := d.entries; len(e) >= ifdEntrySize; e = e[ifdEntrySize:] {
		tag := d.order.Uint16(e)
		if alpha != nil && tag >= tagExtra {
			entries, alpha = append(entries, alpha...), nil
		}
		if tag == tagExtra {
			continue
		}
		entries = append(entries, e[:ifdEntrySize]...)
		if tag == tagPhotometric {
			value := entries[len(entries)-4:]
			d.order.PutUint16(value, photometricRGB)
			d.order.PutUint16(entries[len(entries)-10:], 3)
		}
	}
	entries = append(entries, alpha...)
	f.tail = make([]byte, 2, 2+len(entries))
	d.order.PutUint16(f.tail, uint16(len(entries)/ifdEntrySize))
	f.tail = append(f.tail, entries...)
	return io.NewSectionReader(f, 0, src.size+int64(len(f.tail))), true
}

// ReadAt implements io.ReaderAt.
func (f *disguised) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	if off < f.src.size {
		var err error
		if n, err = f.src.ReadAt(p[:min(int64(len(p)), f.src.size-off)], off); err != nil {
			return n, err
		}
		if off < int64(len(f.head)) {
			copy(p[:n], f.head[off:])
		}
	}
	if at := off + int64(n) - f.src.size; n < len(p) && at >= 0 {
		if at < int64(len(f.tail)) {
			n += copy(p[n:], f.tail[at:])
		}
		if n < len(p) {
			return n, io.EOF
		}
	}
	return n, nil
}

// undisguised takes a decoded picture for what it is. Inks of 16 bits come
// otherwise and are not taken.
func undisguised(img std.Image) std.Image {
	if m, ok := img.(*std.NRGBA); ok {
		return &std.CMYK{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	}
	return img
}
