package image

import (
	"bytes"
	"context"
	"encoding/binary"
	std "image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"magpie/internal/media"
)

func tiffOf(t testing.TB, img std.Image, c tiff.CompressionType) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tiff.Encode(&b, img, &tiff.Options{Compression: c}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withTags rewrites a little-endian TIFF with a new directory at its end, which
// has more entries: the tag, its type, and the data.
func withTags(file []byte, more map[uint16]string) []byte {
	le := binary.LittleEndian
	at := le.Uint32(file[4:])
	n := int(le.Uint16(file[at:]))
	entries := map[uint16][]byte{}
	for i := range n {
		e := file[int(at)+2+12*i:][:12]
		entries[le.Uint16(e)] = e
	}
	out := bytes.Clone(file)
	for tag, data := range more {
		e := le.AppendUint16(nil, tag)
		if tag == tagProfile {
			e = le.AppendUint16(e, 7)
			e = le.AppendUint32(e, uint32(len(data)))
			e = le.AppendUint32(e, uint32(len(out)))
			out = append(out, data...)
		} else {
			e = le.AppendUint16(e, 3)
			e = le.AppendUint32(e, 1)
			e = append(e, data...)
		}
		entries[tag] = e
	}
	le.PutUint32(out[4:], uint32(len(out)))
	out = le.AppendUint16(out, uint16(len(entries)))
	for tag := range 1 << 16 {
		out = append(out, entries[uint16(tag)]...)
	}
	return append(out, 0, 0, 0, 0)
}

func TestTIFFColours(t *testing.T) {
	img := quarters(300, 201)
	deep := std.NewRGBA64(img.Rect)
	draw.Draw(deep, img.Rect, img, std.Point{}, draw.Src)
	paletted := std.NewPaletted(img.Rect, color.Palette{red, green, blue, white})
	draw.Draw(paletted, img.Rect, img, std.Point{}, draw.Src)
	for name, file := range map[string][]byte{
		"plain":    tiffOf(t, img, tiff.Uncompressed),
		"deflate":  tiffOf(t, img, tiff.Deflate),
		"16 bits":  tiffOf(t, deep, tiff.Deflate),
		"palette":  tiffOf(t, paletted, tiff.Uncompressed),
		"lzw":      ffmpeg(t, img, "x.tiff", "-compression_algo", "lzw", "-pix_fmt", "rgb24"),
		"packbits": ffmpeg(t, img, "x.tiff", "-compression_algo", "packbits", "-pix_fmt", "rgb24"),
	} {
		outcome, out := process(t, media.TIFF, file)
		if outcome.Width != 300 || outcome.Height != 201 || len(out.files) != 5 {
			t.Errorf("%s: outcome is %d×%d and %d files", name, outcome.Width, outcome.Height, len(out.files))
		}
		for size := range out.files {
			isQuarters(t, out.decoded(t, size), 8)
		}
	}
}

// faxed is a TIFF of 64×64 in CCITT's group 4, whose rows are a white run of 32 and a black one.
func faxed(photometric uint16, palette ...uint16) []byte {
	bits := "001" + "00011011" + "000001101010" + strings.Repeat("11", 63) + strings.Repeat("000000000001", 2)
	bits += strings.Repeat("0", -len(bits)&7)
	strip := make([]byte, len(bits)/8)
	for i, bit := range bits {
		strip[i/8] |= byte(bit-'0') << (7 - i%8)
	}
	le := binary.LittleEndian
	colours := uint32(8 + len(strip))
	out := append([]byte("II*\x00\x00\x00\x00\x00"), strip...)
	for _, v := range palette {
		out = le.AppendUint16(out, v)
	}
	if len(out)%2 == 1 {
		out = append(out, 0)
	}
	le.PutUint32(out[4:], uint32(len(out)))
	entries := [][4]uint32{
		{256, 3, 1, 64},
		{257, 3, 1, 64},
		{258, 3, 1, 1},
		{259, 3, 1, 4},
		{262, 3, 1, uint32(photometric)},
		{273, 4, 1, 8},
		{278, 3, 1, 64},
		{279, 4, 1, uint32(len(strip))},
	}
	if palette != nil {
		entries = append(entries, [4]uint32{320, 3, uint32(len(palette)), colours})
	}
	out = le.AppendUint16(out, uint16(len(entries)))
	for _, e := range entries {
		out = le.AppendUint16(le.AppendUint16(out, uint16(e[0])), uint16(e[1]))
		out = le.AppendUint32(le.AppendUint32(out, e[2]), e[3])
	}
	return append(out, 0, 0, 0, 0)
}

// TestTIFFFaxed: a black run of a fax is ones, and shows as what the file says of ones.
func TestTIFFFaxed(t *testing.T) {
	grey := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	for name, c := range map[string]struct {
		file        []byte
		left, right color.NRGBA
	}{
		"white is zero": {faxed(0), grey(255), grey(0)},
		"black is zero": {faxed(1), grey(0), grey(255)},
		"a palette":     {faxed(3, 0xffff, 0, 0, 0, 0, 0xffff), color.NRGBA{R: 255, A: 255}, color.NRGBA{B: 255, A: 255}},
	} {
		_, out := process(t, media.TIFF, c.file)
		for size := range out.files {
			img := out.decoded(t, size)
			b := img.Bounds()
			t.Log(name, size) // printed where near finds something else
			near(t, img, b.Dx()/4, b.Dy()/2, c.left, 8)
			near(t, img, b.Dx()*3/4, b.Dy()/2, c.right, 8)
		}
	}
}

func TestTIFFTags(t *testing.T) {
	p := profile(spaceRGB, 333)
	for o := 1; o <= 8; o++ {
		file := withTags(tiffOf(t, stored(quarters(90, 40), o), tiff.Uncompressed), map[uint16]string{
			tagOrientation: string([]byte{byte(o), 0, 0, 0}),
			tagProfile:     string(p),
		})
		outcome, out := process(t, media.TIFF, file)
		if outcome.Width != 90 || outcome.Height != 40 {
			t.Errorf("orientation %d: outcome is %d×%d", o, outcome.Width, outcome.Height)
		}
		isQuarters(t, out.decoded(t, "large.jpg"), 8)
		if got := jpegProfileOf(out.files["small.jpg"]); !bytes.Equal(got, p) {
			t.Errorf("orientation %d: %d bytes of profile, want %d", o, len(got), len(p))
		}
	}
}

func TestTIFFRefused(t *testing.T) {
	file := tiffOf(t, quarters(90, 40), tiff.Uncompressed)
	const inks = "\x05\x00\x00\x00"
	deep := std.NewNRGBA64(std.Rect(0, 0, 90, 40))
	for words, tags := range map[string]map[uint16]string{
		"colours as YCbCr":           {tagPhotometric: "\x06\x00\x00\x00"},
		"compressed as JPEG":         {tagCompression: "\x07\x00\x00\x00"},
		"inks other than CMYK":       {tagPhotometric: inks, tagInkSet: "\x02\x00\x00\x00"},
		"each is kept apart":         {tagPhotometric: inks, tagPlanar: "\x02\x00\x00\x00"},
		"read here: color model":     {tagPhotometric: "\x08\x00\x00\x00"},
		"CMYK of 16 bits":            {tagPhotometric: inks, 0: ""},
		"RGB and CMYK of 8 bits can": {tagCompression: "\x06\x00\x00\x00"},
	} {
		of := file
		if _, is := tags[0]; is {
			delete(tags, 0)
			of = tiffOf(t, deep, tiff.Uncompressed)
		}
		if f := refused(t, media.TIFF, withTags(of, tags), media.UnsupportedMedia); !strings.Contains(f.Message, words) {
			t.Errorf("message is %q, want %q", f.Message, words)
		}
	}
	refused(t, media.TIFF, withTags(file, map[uint16]string{256: "\xff\xff\x00\x00", 257: "\xff\xff\x00\x00"}), media.UnsupportedMedia)
	refused(t, media.TIFF, withTags(file, map[uint16]string{256: "\xff\xff\x00\x00"}), media.InvalidMedia)
	refused(t, media.TIFF, file[:20], media.InvalidMedia)

	pieces := withTags(file, map[uint16]string{256: "\x00\x20\x00\x00", 257: "\x00\x20\x00\x00", tagTileWidth: "\x08\x00\x00\x00", tagTileLength: "\x08\x00\x00\x00"})
	f := refused(t, media.TIFF, pieces, media.UnsupportedMedia)
	if !strings.Contains(f.Message, "1048576 pieces") {
		t.Errorf("message is %q", f.Message)
	}
}

func TestTIFFMemoryCoversTheDecoder(t *testing.T) {
	img := quarters(500, 350)
	deep := std.NewNRGBA64(img.Rect)
	draw.Draw(deep, img.Rect, img, std.Point{}, draw.Src)
	for name, file := range map[string][]byte{
		"plain":   tiffOf(t, img, tiff.Uncompressed),
		"deflate": tiffOf(t, img, tiff.Deflate),
		"16 bits": tiffOf(t, deep, tiff.Deflate),
		"CMYK":    withTags(tiffOf(t, img, tiff.Deflate), map[uint16]string{tagPhotometric: "\x05\x00\x00\x00"}),
	} {
		head, err := probe(newSource(context.Background(), bytes.NewReader(file), int64(len(file))), media.TIFF)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			if _, err := head.decode(); err != nil {
				t.Error(err)
			}
		})
		// What is counted includes the smaller buffers that growing ones left
		// behind, which are not held any more.
		if got > 2*head.memory+128<<10 {
			t.Errorf("%s: decoding takes %d bytes, the estimate is %d", name, got, head.memory)
		}
	}
}

func FuzzTIFFHead(f *testing.F) {
	f.Add(tiffOf(f, quarters(4, 4), tiff.Uncompressed))
	f.Add(withTags(tiffOf(f, quarters(4, 4), tiff.Uncompressed), map[uint16]string{tagPhotometric: "\x05\x00\x00\x00"}))
	f.Add(withTags(tiffOf(f, quarters(4, 4), tiff.Uncompressed), map[uint16]string{tagTileWidth: "\x08\x00\x00\x00", tagTileLength: "\x00\x00\x00\x00"}))
	f.Fuzz(func(t *testing.T, file []byte) {
		src := newSource(context.Background(), bytes.NewReader(file), int64(len(file)))
		head, err := probeTIFF(src)
		if err == nil && (head.memory < 0 || len(head.profile) > len(file)) {
			t.Errorf("%d bytes of memory, %d of profile", head.memory, len(head.profile))
		}
	})
}
