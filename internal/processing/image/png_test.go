package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	std "image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"magpie/internal/media"
)

// pngHeader is a PNG that ends after a header that claims w×h.
func pngHeader(w, h int, depth, colourType byte) []byte {
	ihdr := binary.BigEndian.AppendUint32(nil, uint32(w))
	ihdr = binary.BigEndian.AppendUint32(ihdr, uint32(h))
	ihdr = append(ihdr, depth, colourType, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", ihdr)...)
	return append(file, pngChunk("IDAT", []byte("x\x9c"))...)
}

func TestPNGKinds(t *testing.T) {
	img := quarters(300, 200)
	paletted := std.NewPaletted(img.Rect, color.Palette{red, green, blue, white})
	draw.Draw(paletted, img.Rect, img, std.Point{}, draw.Src)
	deep := std.NewRGBA64(img.Rect)
	draw.Draw(deep, img.Rect, img, std.Point{}, draw.Src)
	for name, file := range map[string][]byte{
		"8 bits":     pngOf(t, img),
		"palette":    pngOf(t, paletted),
		"16 bits":    pngOf(t, deep),
		"interlaced": ffmpeg(t, img, "x.png", "-flags", "ildct"),
	} {
		if name == "interlaced" && file[28] != 1 {
			t.Fatal("ffmpeg wrote it without interlacing")
		}
		_, out := process(t, media.PNG, file)
		for size := range out.files {
			isQuarters(t, out.decoded(t, size), 8)
		}
		if len(out.files) != 5 || out.files["thumb.jpg"] == nil {
			t.Errorf("%s: %d files, of which thumb.jpg has %d bytes", name, len(out.files), len(out.files["thumb.jpg"]))
		}
	}
}

func TestPNGGrey(t *testing.T) {
	deep := std.NewGray16(std.Rect(0, 0, 50, 40))
	for i := range deep.Pix {
		deep.Pix[i] = byte(i * 7)
	}
	grey := profile(spaceGrey, 60)
	for name, file := range map[string][]byte{
		"16 bits":      pngOf(t, deep),
		"opaque alpha": ffmpeg(t, deep, "x.png", "-pix_fmt", "ya8"),
	} {
		if want := byte(4); name == "opaque alpha" && file[25] != want {
			t.Fatalf("ffmpeg wrote colour type %d", file[25])
		}
		_, out := process(t, media.PNG, insert(file, pngHeaderSize, pngProfileChunk(grey)))
		if m, ok := out.decoded(t, "large.jpg").(*std.Gray); !ok {
			t.Errorf("%s: large.jpg is a %T", name, m)
		}
		if got := jpegProfileOf(out.files["large.jpg"]); !bytes.Equal(got, grey) {
			t.Errorf("%s: %d bytes of profile", name, len(got))
		}
	}
}

func TestPNGAlpha(t *testing.T) {
	img := std.NewNRGBA(std.Rect(0, 0, 64, 48))
	for i := 0; i < len(img.Pix); i += 4 {
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = byte(i), byte(i>>3), byte(255-i), byte(i/4)
	}
	_, out := process(t, media.PNG, pngOf(t, img))
	got := out.decoded(t, "large.png")
	for y := range 48 {
		for x := range 64 {
			want := img.NRGBAAt(x, y)
			if want.A == 0 {
				want = color.NRGBA{}
			}
			if c := color.NRGBAModel.Convert(got.At(x, y)); c != want {
				t.Fatalf("pixel %d,%d is %v, want %v", x, y, c, want)
			}
		}
	}
	for name := range out.files {
		if !strings.HasSuffix(name, ".png") {
			t.Errorf("a picture with alpha gave %s", name)
		}
	}
}

// Transparent red beside opaque blue gives fainter blue, not purple.
func TestPNGAlphaDoesNotBleed(t *testing.T) {
	img := std.NewNRGBA(std.Rect(0, 0, 4096, 64))
	for y := range 64 {
		for x := range 4096 {
			img.SetNRGBA(x, y, [2]color.NRGBA{{255, 0, 0, 0}, {0, 0, 255, 255}}[x%2])
		}
	}
	_, out := process(t, media.PNG, pngOf(t, img))
	near(t, out.decoded(t, "large.png"), 1000, 16, color.NRGBA{0, 0, 255, 128}, 1)
}

func TestPNGPaletteAlphaCountsOnlyIfUsed(t *testing.T) {
	m := std.NewPaletted(std.Rect(0, 0, 20, 20), color.Palette{red, color.NRGBA{1, 2, 3, 0}})
	if _, out := process(t, media.PNG, pngOf(t, m)); out.files["large.jpg"] == nil {
		t.Error("a transparent colour that no pixel has made a PNG")
	}
	m.Pix[399] = 1
	_, out := process(t, media.PNG, pngOf(t, m))
	near(t, out.decoded(t, "large.png"), 19, 19, color.NRGBA{}, 0)
	near(t, out.decoded(t, "large.png"), 0, 0, red, 0)
}

func TestPNGBombs(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"900 million pixels":         {pngHeader(30000, 30000, 8, 6), media.UnsupportedMedia},
		"overflowing":                {pngHeader(0x7fffffff, 0x7fffffff, 16, 6), media.UnsupportedMedia},
		"81 million in 70 bytes":     {pngHeader(9000, 9000, 8, 6), media.InvalidMedia},
		"one row of 50 million":      {pngHeader(50_000_000, 1, 8, 2), media.InvalidMedia},
		"a profile that inflates up": {insert(pngOf(t, quarters(9, 9))[:60], pngHeaderSize, pngProfileChunk(make([]byte, 6<<20))), media.InvalidMedia},
	} {
		used := allocated(func() { refused(t, media.PNG, c.file, c.want) })
		if used > 6<<20 {
			t.Errorf("%s: %d bytes were used to refuse it", name, used)
		}
	}
}

func TestPNGMemoryCoversTheDecoder(t *testing.T) {
	img := quarters(500, 350)
	deep := std.NewNRGBA64(img.Rect)
	draw.Draw(deep, img.Rect, img, std.Point{}, draw.Src)
	deep.Pix[7] = 1
	for name, file := range map[string][]byte{
		"8 bits":     pngOf(t, img),
		"16 bits":    pngOf(t, deep),
		"interlaced": ffmpeg(t, img, "x.png", "-flags", "ildct"),
	} {
		head, err := probe(newSource(context.Background(), bytes.NewReader(file), int64(len(file))), media.PNG)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			if _, err := head.decode(); err != nil {
				t.Error(err)
			}
		})
		// What is pooled is a part of the workspace, and made again after a collection.
		if got > head.memory+384<<10 || head.memory > 2*got {
			t.Errorf("%s: decoding takes %d bytes, the estimate is %d", name, got, head.memory)
		}
	}
}

func TestPNGOrientationAfterThePixels(t *testing.T) {
	file := pngOf(t, stored(quarters(40, 20), 8))
	file = insert(file, len(file)-12, pngChunk("eXIf", []byte(exifBlock(8, binary.BigEndian))))
	outcome, _ := process(t, media.PNG, file)
	if outcome.Width != 40 || outcome.Height != 20 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
}

func FuzzPNGHead(f *testing.F) {
	f.Add(pngOf(f, quarters(4, 4)))
	f.Add(insert(pngOf(f, quarters(4, 4)), pngHeaderSize, pngProfileChunk(profile(spaceRGB, 9))))
	f.Add(insert(pngOf(f, quarters(4, 4)), pngHeaderSize, pngChunk("eXIf", []byte(exifBlock(3, binary.BigEndian)))))
	f.Fuzz(func(t *testing.T, file []byte) {
		head := readPNGHead(bytes.NewReader(file))
		if len(head.exif)+len(head.profile) > 2*len(file) {
			t.Error("more metadata than file")
		}
	})
}

// A chunk is the same, written in pieces or made whole.
func TestWritePNGChunk(t *testing.T) {
	for _, data := range []string{"", "a", strings.Repeat("data", 20_000)} {
		var got bytes.Buffer
		if err := writePNGChunk(&got, "IDAT", []byte(data)); err != nil || !bytes.Equal(got.Bytes(), pngChunk("IDAT", []byte(data))) {
			t.Errorf("of %d bytes: %d others, %v", len(data), got.Len(), err)
		}
		if n := got.Len(); binary.BigEndian.Uint32(got.Bytes()[n-4:]) != crc32.ChecksumIEEE(got.Bytes()[4:n-4]) {
			t.Errorf("of %d bytes: the sum is wrong", len(data))
		}
	}
}
