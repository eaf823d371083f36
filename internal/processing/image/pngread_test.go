package image

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	std "image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// filteredPNG is a PNG of eight bits a channel, with a filter of each row's own and
// chunks of random lengths.
func filteredPNG(w, h, channels int, filters []byte, seed uint64, level int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	n := w * channels
	var plain bytes.Buffer
	z, _ := zlib.NewWriterLevel(&plain, level)
	row, above := make([]byte, n), make([]byte, n)
	for y := range h {
		for i := range row {
			row[i] = byte(i*3+y) + byte(rnd.IntN(1<<(rnd.IntN(8)+1)))
		}
		filter := filters[y%len(filters)]
		out := []byte{filter}
		for i, v := range row {
			left, up, corner := 0, int(above[i]), 0
			if i >= channels {
				left, corner = int(row[i-channels]), int(above[i-channels])
			}
			p := left + up - corner
			pa, pb, pc := max(p-left, left-p), max(p-up, up-p), max(p-corner, corner-p)
			predicted := corner
			if pa <= pb && pa <= pc {
				predicted = left
			} else if pb <= pc {
				predicted = up
			}
			out = append(out, v-[]byte{0, byte(left), byte(up), byte((left + up) / 2), byte(predicted), 0}[filter])
		}
		_, _ = z.Write(out)
		row, above = above, row
	}
	_ = z.Close()
	file := pngHeader(w, h, 8, map[int]byte{1: 0, 3: 2, 4: 6}[channels])[:pngHeaderSize]
	file = append(file, pngChunk("tEXt", []byte("a\x00b"))...)
	for data := plain.Bytes(); len(data) > 0; {
		part := data[:rnd.IntN(len(data)+1)]
		file = append(file, pngChunk("IDAT", part)...)
		data = data[len(part):]
	}
	return append(file, pngChunk("IEND", nil)...)
}

func plainPixels(file []byte, w, h int) (std.Image, int64, error) {
	src := newSource(context.Background(), bytes.NewReader(file), int64(len(file)))
	return readPlainPNG(src, readPNGHead(src), w, h)
}

// TestPlainPNGReadsAsTheLibraryReadsIt: whatever is done to a file, its pixels are
// those of image/png, or it is left to that.
func TestPlainPNGReadsAsTheLibraryReadsIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(1, 40).Draw(r, "w"), rapid.IntRange(1, 40).Draw(r, "h")
		channels := rapid.SampledFrom([]int{1, 3, 4}).Draw(r, "channels")
		most := byte(4)
		if rapid.IntRange(0, 9).Draw(r, "no such filter") == 0 {
			most = 5
		}
		filters := rapid.SliceOfN(rapid.ByteRange(0, most), 1, 6).Draw(r, "filters")
		file := filteredPNG(w, h, channels, filters, rapid.Uint64().Draw(r, "seed"), rapid.IntRange(0, 9).Draw(r, "level"))
		data, _ := idatOf(file)
		whole := true
		for range rapid.IntRange(0, 2).Draw(r, "flips") {
			file[rapid.IntRange(pngHeaderSize, len(file)-1).Draw(r, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(r, "bit")
			whole = false
		}
		if rapid.IntRange(0, 5).Draw(r, "cut") == 0 {
			file = file[:rapid.IntRange(pngHeaderSize, len(file)).Draw(r, "length")]
			whole = false
		}
		want, wrong := png.Decode(bytes.NewReader(file))
		got, compressed, err := plainPixels(file, w, h)
		switch {
		case err != nil && whole && wrong == nil:
			r.Fatalf("a sound file was not read: %v", err)
		case err == nil && wrong != nil:
			r.Fatalf("was read, though image/png says %v", wrong)
		case err == nil && !reflect.DeepEqual(got, want):
			r.Fatalf("%T %v, want %T %v", got, got, want, want)
		case err == nil && compressed != int64(len(data)):
			r.Fatalf("%d bytes of pixels, want %d", compressed, len(data))
		}
	})
}

// TestNotPlainPNGs: what says something of the pixels is for image/png, and so is
// what stands behind their end.
func TestNotPlainPNGs(t *testing.T) {
	plain := filteredPNG(9, 7, 3, []byte{4}, 1, 6)
	if _, _, err := plainPixels(plain, 9, 7); err != nil {
		t.Fatal(err)
	}
	data, _ := idatOf(plain)
	with := func(chunks ...[]byte) []byte {
		return bytes.Join(append([][]byte{plain[:pngHeaderSize]}, chunks...), nil)
	}
	end := pngChunk("IEND", nil)
	interlaced := bytes.Clone(plain)
	interlaced[28] = 1
	for name, file := range map[string][]byte{
		"transparent":       with(pngChunk("tRNS", make([]byte, 6)), pngChunk("IDAT", data), end),
		"with a palette":    with(pngChunk("PLTE", make([]byte, 6)), pngChunk("IDAT", data), end),
		"with more pixels":  with(pngChunk("IDAT", append(bytes.Clone(data), 0)), end),
		"with more chunks":  with(pngChunk("IDAT", data), pngChunk("IDAT", data), end),
		"in two places":     with(pngChunk("IDAT", data[:9]), pngChunk("teXt", nil), pngChunk("IDAT", data[9:]), end),
		"without its end":   with(pngChunk("IDAT", data)),
		"with a long end":   with(pngChunk("IDAT", data), pngChunk("IEND", []byte{1})),
		"with a huge chunk": with(binary.BigEndian.AppendUint32(nil, 1<<31), []byte("teXt")),
		"interlaced":        interlaced,
		"of 16 bits":        pngOf(t, std.NewGray16(std.Rect(0, 0, 9, 7))),
		"of a palette":      pngOf(t, std.NewPaletted(std.Rect(0, 0, 9, 7), color.Palette{red})),
	} {
		if _, _, err := plainPixels(file, 9, 7); err == nil {
			t.Errorf("%s: it was read", name)
		}
	}
	if _, _, err := plainPixels(plain, 1<<11, 1<<11+1); err != errNotPlain {
		t.Errorf("a large one: %v", err)
	}
}
