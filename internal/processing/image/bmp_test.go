package image

import (
	"bytes"
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

	rle := bytes.Clone(file)
	rle[30] = 1
	f = refused(t, media.BMP, rle, media.UnsupportedMedia)
	if !strings.Contains(f.Message, "uncompressed") {
		t.Errorf("message is %q", f.Message)
	}
	refused(t, media.BMP, ffmpeg(t, quarters(8, 8), "x.bmp", "-pix_fmt", "rgb565le"), media.UnsupportedMedia)
}
