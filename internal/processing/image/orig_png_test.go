package image

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	std "image"
	"image/color"
	"image/png"
	"io"
	"testing"

	"magpie/internal/media"
)

// idatOf gives the data of all IDAT chunks.
func idatOf(file []byte) (out []byte, chunks int) {
	for at := 8; at+12 <= len(file); {
		n := int(binary.BigEndian.Uint32(file[at:]))
		if string(file[at+4:at+8]) == "IDAT" {
			out = append(out, file[at+8:at+8+n]...)
			chunks++
		}
		at += 12 + n
	}
	return out, chunks
}

// Bytes that decoders pass over behind the pixels' end are not copied, in
// whichever chunk they lie.
func TestOrigPNGEndsWithItsPixels(t *testing.T) {
	img := quarters(200, 90)
	sound := pngOf(t, img)
	data, _ := idatOf(sound)
	around := func(chunks ...[]byte) []byte {
		head := sound[:pngHeaderSize]
		return bytes.Join(append([][]byte{head}, append(chunks, pngChunk("IEND", nil))...), nil)
	}
	var pieces [][]byte
	for i := range data {
		pieces = append(pieces, pngChunk("IDAT", data[i:i+1]))
	}
	for what, file := range map[string][]byte{
		"in a chunk of its own":  around(pngChunk("IDAT", data), pngChunk("IDAT", []byte("SECRET"))),
		"in a chunk of no use":   around(pngChunk("IDAT", data), pngChunk("fdAT", []byte("SECRET")), pngChunk("tEXt", []byte("SECRET"))),
		"one byte a chunk":       around(pieces...),
		"with empty chunks":      around(pngChunk("IDAT", nil), pngChunk("IDAT", data[:5]), pngChunk("IDAT", nil), pngChunk("IDAT", data[5:])),
		"behind the end, at all": append(bytes.Clone(sound), "SECRET"...),
	} {
		_, out := process(t, media.PNG, file)
		orig := out.files["orig.png"]
		nothingPrivate(t, what, orig)
		samePixels(t, what, out.decoded(t, "orig.png"), img)
		if got, _ := idatOf(orig); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes of pixels, want %d", what, len(got), len(data))
		}
	}
}

// Pixels of more than one piece, stored and deflated.
func TestOrigPNGOfManyPieces(t *testing.T) {
	img := photo(400, 300)
	for _, level := range []png.CompressionLevel{png.NoCompression, png.BestSpeed} {
		var b bytes.Buffer
		if err := (&png.Encoder{CompressionLevel: level}).Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		_, out := process(t, media.PNG, b.Bytes())
		samePixels(t, "orig.png", out.decoded(t, "orig.png"), img)
		want, _ := idatOf(b.Bytes())
		if got, chunks := idatOf(out.files["orig.png"]); !bytes.Equal(got, want) || chunks < 2 {
			t.Errorf("level %d: %d bytes in %d chunks, want %d", level, len(got), chunks, len(want))
		}
	}
}

func TestOrigPNGKeepsColours(t *testing.T) {
	m := std.NewPaletted(std.Rect(0, 0, 20, 20), color.Palette{red, color.NRGBA{1, 2, 3, 0}, green})
	m.Pix[7], m.Pix[8] = 1, 2
	_, out := process(t, media.PNG, pngOf(t, m))
	got, ok := out.decoded(t, "orig.png").(*std.Paletted)
	if !ok || !bytes.Equal(got.Pix, m.Pix) || len(got.Palette) != 3 || got.Palette[1] != m.Palette[1] {
		t.Errorf("orig.png: %v", out.decoded(t, "orig.png"))
	}
}

func FuzzIDAT(f *testing.F) {
	data := func(n int) []byte {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		z.Write(make([]byte, n))
		z.Close()
		return b.Bytes()
	}
	f.Add(pngChunk("IDAT", data(9)))
	f.Add(append(pngChunk("IDAT", data(99)[:4]), pngChunk("IDAT", data(99)[4:])...))
	f.Fuzz(func(t *testing.T, chunks []byte) {
		if len(chunks) < 8 {
			return
		}
		var b bytes.Buffer
		m := newPNGMemory()
		m.w.Reset(&b)
		m.r.Reset(bytes.NewReader(chunks[8:]))
		if m.copyPixels(int64(binary.BigEndian.Uint32(chunks)), 0) != nil || m.w.Flush() != nil {
			return
		}
		got, _ := idatOf(append(make([]byte, 8), b.Bytes()...))
		z, err := zlib.NewReader(bytes.NewReader(got))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, z); err != nil {
			t.Error(err)
		}
	})
}
