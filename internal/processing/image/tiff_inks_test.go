package image

import (
	"bytes"
	"encoding/binary"
	std "image"
	"image/color"
	"testing"

	"golang.org/x/image/tiff"

	"magpie/internal/media"
)

// quartersInInks is quarters as a printer would have it.
func quartersInInks(w, h int) *std.CMYK {
	q := quarters(w, h)
	m := std.NewCMYK(q.Bounds())
	for y := range h {
		for x := range w {
			m.Set(x, y, color.CMYKModel.Convert(q.At(x, y)))
		}
	}
	return m
}

// tiffOfInks is a TIFF of four inks, made of one with alpha. With extra it keeps
// the entry that says what the fourth sample is.
func tiffOfInks(t testing.TB, m *std.CMYK, c tiff.CompressionType, extra bool) []byte {
	t.Helper()
	file := withTags(tiffOf(t, &std.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}, c), map[uint16]string{tagPhotometric: "\x05\x00\x00\x00"})
	if extra {
		return file
	}
	le := binary.LittleEndian
	at := le.Uint32(file[4:])
	const sampleFormat = 339
	for e := file[at+2:]; len(e) >= ifdEntrySize; e = e[ifdEntrySize:] {
		if le.Uint16(e) == tagExtra {
			le.PutUint16(e, sampleFormat)
			le.PutUint32(e[8:], 1) // whole numbers
			return file
		}
	}
	t.Fatal("there is no such entry")
	return nil
}

func TestTIFFOfInks(t *testing.T) {
	m := quartersInInks(300, 201)
	for name, file := range map[string][]byte{
		"plain":              tiffOfInks(t, m, tiff.Uncompressed, false),
		"deflate":            tiffOfInks(t, m, tiff.Deflate, false),
		"with extra samples": tiffOfInks(t, m, tiff.Deflate, true),
		"with a useless profile": withTags(tiffOfInks(t, m, tiff.Deflate, false), map[uint16]string{
			tagProfile: string(profile(spaceCMYK, 400)),
		}),
	} {
		outcome, out := process(t, media.TIFF, file)
		if outcome.Width != 300 || outcome.Height != 201 || len(out.files) != 5 {
			t.Errorf("%s: outcome is %d×%d and %d files", name, outcome.Width, outcome.Height, len(out.files))
		}
		for size := range out.files {
			isQuarters(t, out.decoded(t, size), 8)
		}
		if got := jpegProfileOf(out.files["small.jpg"]); got != nil {
			t.Errorf("%s: %d bytes of profile on a picture of other colours", name, len(got))
		}
	}
	// A printer's profile says what the inks look like.
	for want, p := range map[bool]string{false: string(profile(spaceCMYK, 400)), true: string(inkProfile("A2B0", inkTags()["lut8"]))} {
		file := withTags(tiffOfInks(t, m, tiff.Deflate, false), map[uint16]string{tagProfile: p})
		head, err := probe(newSource(t.Context(), bytes.NewReader(file), int64(len(file))), media.TIFF)
		if err != nil {
			t.Fatal(err)
		}
		if f, err := head.decode(); err != nil || (f.inks != nil) != want {
			t.Errorf("inks as the profile says: %t, want %t, %v", f.inks != nil, want, err)
		}
	}
	// A file that is cut says so as any other.
	whole := tiffOfInks(t, m, tiff.Uncompressed, false)
	le := binary.LittleEndian
	at := le.Uint32(whole[4:])
	moved := append(bytes.Clone(whole[:8]), whole[at:]...)
	le.PutUint32(moved[4:], 8)
	refused(t, media.TIFF, moved, media.InvalidMedia)
}
