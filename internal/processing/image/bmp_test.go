package image

import (
	"bytes"
	"context"
	"encoding/binary"
	std "image"
	"image/color"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"magpie/internal/media"
)

func bmpOf(t testing.TB, img std.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bmp.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestBMPColours(t *testing.T) {
	img := quarters(301, 200)
	paletted := std.NewPaletted(img.Rect, color.Palette{red, green, blue, white})
	for y := range 200 {
		for x := range 301 {
			paletted.Set(x, y, img.At(x, y))
		}
	}
	for name, file := range map[string][]byte{
		"24 bits": ffmpeg(t, img, "x.bmp", "-pix_fmt", "bgr24"),
		"32 bits": ffmpeg(t, img, "x.bmp", "-pix_fmt", "bgra"),
		"palette": bmpOf(t, paletted),
	} {
		outcome, out := process(t, media.BMP, file)
		if outcome.Width != 301 || outcome.Height != 200 {
			t.Errorf("%s: outcome is %d×%d", name, outcome.Width, outcome.Height)
		}
		for size := range out.files {
			isQuarters(t, out.decoded(t, size), 8)
		}
	}
}

// bmpWithAlpha writes 32 bits a pixel under a header that says which of them
// are opacity; x/image/bmp writes one that doesn't.
func bmpWithAlpha(img *std.NRGBA) []byte {
	const fileHeader, infoHeader = 14, 108
	le := binary.LittleEndian
	b := make([]byte, fileHeader+infoHeader)
	copy(b, "BM")
	le.PutUint32(b[10:], fileHeader+infoHeader)
	le.PutUint32(b[14:], infoHeader)
	le.PutUint32(b[18:], uint32(img.Rect.Dx()))
	le.PutUint32(b[22:], uint32(-img.Rect.Dy())) // from the top
	le.PutUint16(b[26:], 1)
	le.PutUint16(b[28:], 32)
	for i := 0; i < len(img.Pix); i += 4 {
		p := img.Pix[i:]
		b = append(b, p[2], p[1], p[0], p[3])
	}
	return b
}

func TestBMPAlpha(t *testing.T) {
	img := quarters(64, 64)
	img.Pix[3] = 0
	_, out := process(t, media.BMP, bmpWithAlpha(img))
	near(t, out.decoded(t, "large.png"), 0, 0, color.NRGBA{}, 0)
	near(t, out.decoded(t, "large.png"), 1, 0, red, 0)

	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 0
	}
	_, out = process(t, media.BMP, bmpWithAlpha(img))
	isQuarters(t, out.decoded(t, "large.jpg"), 8)
}

func TestBMPRefused(t *testing.T) {
	file := bmpOf(t, quarters(64, 64))
	f := refused(t, media.BMP, file[:len(file)-1], media.InvalidMedia)
	if !strings.Contains(f.Message, "ends before") {
		t.Errorf("message is %q", f.Message)
	}

	claims := bytes.Clone(file)
	binary.LittleEndian.PutUint32(claims[18:], 9000)
	binary.LittleEndian.PutUint32(claims[22:], 9000)
	used := allocated(func() { refused(t, media.BMP, claims, media.InvalidMedia) })
	if used > 1<<20 {
		t.Errorf("%d bytes were used to refuse a file of %d", used, len(file))
	}

	inRuns := bytes.Clone(file)
	inRuns[30] = 1 // of 24 bits
	f = refused(t, media.BMP, inRuns, media.UnsupportedMedia)
	if !strings.Contains(f.Message, "24 bits per pixel, stored in way 1") {
		t.Errorf("message is %q", f.Message)
	}
	empty := bytes.Clone(file)
	binary.LittleEndian.PutUint32(empty[18:], 0)
	refused(t, media.BMP, empty, media.InvalidMedia)
	early := bytes.Clone(file)
	binary.LittleEndian.PutUint32(early[10:], 20)
	refused(t, media.BMP, early, media.InvalidMedia)
	old := bytes.Clone(file)
	binary.LittleEndian.PutUint32(old[14:], 16)
	refused(t, media.BMP, old, media.UnsupportedMedia)
	runs := bmpHeaded(8, 8, 8, 1, make([]byte, 1024), []byte{8, 1})
	refused(t, media.BMP, runs, media.InvalidMedia) // they don't end
}

// bmpHeaded writes a BMP with a header of 40 bytes.
func bmpHeaded(w, h, depth, kind int, palette, pixels []byte) []byte {
	le := binary.LittleEndian
	b := make([]byte, 54)
	copy(b, "BM")
	le.PutUint32(b[10:], uint32(54+len(palette)))
	le.PutUint32(b[14:], 40)
	le.PutUint32(b[18:], uint32(w))
	le.PutUint32(b[22:], uint32(h))
	le.PutUint16(b[26:], 1)
	le.PutUint16(b[28:], uint16(depth))
	le.PutUint32(b[30:], uint32(kind))
	return append(append(b, palette...), pixels...)
}

// bmpQuarters writes quarters(64, 48) with depth bits a pixel out of a palette,
// or by masks, bottom row first.
func bmpQuarters(depth int, masks ...uint32) []byte {
	colours := []color.NRGBA{red, green, blue, white}
	var palette, pixels []byte
	for _, c := range colours {
		palette = append(palette, c.B, c.G, c.R, 0)
	}
	for y := 47; y >= 0; y-- {
		row := make([]byte, (64*depth+31)/32*4)
		for x := range 64 {
			n := btoi(x >= 32) + 2*btoi(y >= 24)
			switch depth {
			case 16:
				v := uint32(0)
				for i, part := range []byte{colours[n].R, colours[n].G, colours[n].B} {
					low := masks[i] & -masks[i]
					v |= (uint32(part)*(masks[i]/low) + 127) / 255 * low
				}
				binary.LittleEndian.PutUint16(row[2*x:], uint16(v))
			default:
				row[x*depth/8] |= byte(n << (8 - depth - x*depth%8))
			}
		}
		pixels = append(pixels, row...)
	}
	switch {
	case depth == 16 && len(masks) > 3: // not the usual ones: they follow the header
		var after []byte
		for _, m := range masks[:3] {
			after = binary.LittleEndian.AppendUint32(after, m)
		}
		return bmpHeaded(64, 48, depth, 3, after, pixels)
	case depth == 16:
		return bmpHeaded(64, 48, depth, 0, nil, pixels)
	}
	b := bmpHeaded(64, 48, depth, 0, palette, pixels)
	binary.LittleEndian.PutUint32(b[46:], 4)
	return b
}

// TestBMPForms: every depth and every way to store pixels shows the same.
func TestBMPForms(t *testing.T) {
	palette := func(n int) []byte {
		p := make([]byte, 4*n)
		for i, c := range []color.NRGBA{red, green, blue, white} {
			copy(p[4*i:], []byte{c.B, c.G, c.R})
		}
		return p
	}
	var runs8, runs4 []byte
	for y := 47; y >= 0; y-- {
		n := byte(2 * btoi(y >= 24))
		left, right := n, n+1
		switch y % 3 {
		case 0: // two runs
			runs8 = append(runs8, 32, left, 32, right)
			runs4 = append(runs4, 32, left*17, 32, right*17)
		case 1: // pixels of their own: 5, padded, and a run for the rest
			runs8 = append(runs8, 0, 5, left, left, left, left, left, 0, 27, left, 32, right)
			runs4 = append(runs4, 0, 5, left*17, left*17, left*17, 0, 27, left*17, 32, right*17)
		case 2: // a run that is too long, and lies in nothing
			runs8 = append(runs8, 32, left, 200, right)
			runs4 = append(runs4, 32, left*17, 201, right*17)
		}
		runs8, runs4 = append(runs8, 0, 0), append(runs4, 0, 0)
	}
	topDown := bmpQuarters(8)
	binary.LittleEndian.PutUint32(topDown[22:], uint32(1<<32-48))
	rows := topDown[len(topDown)-48*64:]
	for y := range 24 {
		for x := range 64 {
			rows[y*64+x], rows[(47-y)*64+x] = rows[(47-y)*64+x], rows[y*64+x]
		}
	}
	core := []byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x26\x00\x00\x00\x0c\x00\x00\x00\x40\x00\x30\x00\x01\x00\x04\x00")
	for _, c := range []color.NRGBA{red, green, blue, white} {
		core = append(core, c.B, c.G, c.R)
	}
	four := bmpQuarters(4)
	core = append(core, four[len(four)-48*32:]...)
	for name, file := range map[string][]byte{
		"2 bits":          bmpQuarters(2),
		"4 bits":          bmpQuarters(4),
		"8 bits":          bmpQuarters(8),
		"8 bits top-down": topDown,
		"OS/2":            core,
		"16 bits":         bmpQuarters(16, 0x7c00, 0x3e0, 0x1f),
		"16 bits 565":     bmpQuarters(16, 0xf800, 0x7e0, 0x1f, 1),
		"runs of 8 bits":  bmpHeaded(64, 48, 8, 1, palette(256), append(runs8, 0, 1)),
		"runs of 4 bits":  bmpHeaded(64, 48, 4, 2, palette(16), append(runs4, 0, 1)),
		"ffmpeg's 565":    ffmpeg(t, quarters(64, 48), "x.bmp", "-pix_fmt", "rgb565le"),
		"ffmpeg's 555":    ffmpeg(t, quarters(64, 48), "x.bmp", "-pix_fmt", "rgb555le"),
	} {
		outcome, out := process(t, media.BMP, file)
		if outcome.Width != 64 || outcome.Height != 48 {
			t.Errorf("%s: %d×%d", name, outcome.Width, outcome.Height)
		}
		img := out.decoded(t, "orig.png")
		isQuarters(t, img, 10) // five bits tell no more
		// The seams are where they belong, to the pixel.
		near(t, img, 31, 23, red, 10)
		near(t, img, 32, 24, white, 10)
	}

	// A bit a pixel, and a jump over what stays the first colour.
	mono := bmpHeaded(9, 2, 1, 0, []byte{0, 0, 0, 0, 255, 255, 255, 0}, []byte{0x80, 0x80, 0, 0, 0x01, 0, 0, 0})
	_, out := process(t, media.BMP, mono)
	img := out.decoded(t, "orig.png")
	for _, p := range [][3]int{{0, 1, 255}, {1, 1, 0}, {8, 1, 255}, {7, 0, 255}, {8, 0, 0}} {
		v := uint8(p[2])
		near(t, img, p[0], p[1], color.NRGBA{v, v, v, 255}, 0)
	}
	jump := bmpHeaded(4, 3, 8, 1, palette(256), []byte{0, 2, 3, 2, 1, 3, 0, 1})
	_, out = process(t, media.BMP, jump)
	near(t, out.decoded(t, "orig.png"), 3, 0, white, 0)
	near(t, out.decoded(t, "orig.png"), 2, 0, red, 0)
}

func FuzzBMP(f *testing.F) {
	f.Add(bmpQuarters(4))
	f.Add(bmpQuarters(16, 0xf800, 0x7e0, 0x1f, 1))
	f.Add(bmpHeaded(4, 3, 8, 1, make([]byte, 1024), []byte{0, 2, 3, 2, 1, 3, 0, 3, 1, 2, 3, 0, 0, 1}))
	f.Fuzz(func(t *testing.T, file []byte) {
		src := newSource(context.Background(), bytes.NewReader(file), int64(len(file)))
		head, err := probeBMP(src)
		if err != nil || head.memory > 1<<20 || head.least > int64(len(file)) {
			return
		}
		if f, err := head.decode(); err == nil && f.img.Bounds() != std.Rect(0, 0, head.width, head.height) {
			t.Errorf("%v of %d×%d", f.img.Bounds(), head.width, head.height)
		}
	})
}
