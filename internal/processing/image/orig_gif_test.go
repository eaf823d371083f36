package image

import (
	"bytes"
	std "image"
	"image/color"
	"image/gif"
	"testing"

	"magpie/internal/media"
)

// moving is a GIF of n pictures of noise, which repeats seven times.
func moving(t testing.TB, n int) []byte {
	t.Helper()
	g := &gif.GIF{LoopCount: 7, Config: std.Config{Width: 70, Height: 50}}
	for i := range n {
		m := std.NewPaletted(std.Rect(i%5, i%7, 60+i%5, 40+i%7), color.Palette{red, green, blue, color.Transparent})
		for j := range m.Pix {
			m.Pix[j] = byte((j*j>>3 + i*j) % 4)
		}
		g.Image, g.Delay, g.Disposal = append(g.Image, m), append(g.Delay, 3+i), append(g.Disposal, byte(i%3))
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOrigGIFMoves(t *testing.T) {
	file := moving(t, 6)
	_, out := process(t, media.GIF, file)
	got, err := gif.DecodeAll(bytes.NewReader(out.files["orig.gif"]))
	if err != nil {
		t.Fatal(err)
	}
	want, err := gif.DecodeAll(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Image) != 6 || got.LoopCount != 7 {
		t.Fatalf("%d pictures, repeated %d times", len(got.Image), got.LoopCount)
	}
	for i := range want.Image {
		if got.Delay[i] != want.Delay[i] || got.Disposal[i] != want.Disposal[i] || got.Image[i].Rect != want.Image[i].Rect || !bytes.Equal(got.Image[i].Pix, want.Image[i].Pix) {
			t.Errorf("picture %d differs", i)
		}
	}
}

// A GIF that is cut or damaged later on keeps the pictures before that.
func TestOrigGIFThatEndsEarly(t *testing.T) {
	file := moving(t, 6)
	before := 0
	for n := range file {
		out := newShelf()
		if _, err := New(Config{}).Process(t.Context(), input(media.GIF, file[:n]), out); err != nil {
			continue
		}
		g, err := gif.DecodeAll(bytes.NewReader(out.files["orig.gif"]))
		if err != nil || len(g.Image) < before {
			t.Fatalf("%d of %d bytes: %v", n, len(file), err)
		}
		before = len(g.Image)
	}
	if before != 6 {
		t.Errorf("%d pictures in the end", before)
	}
}

// What a picture's blocks hold behind its last pixel stays behind.
func TestOrigGIFEndsWithItsPixels(t *testing.T) {
	file := gifOf(t, 20, 20, oneColour(std.Rect(0, 0, 20, 20), red), oneColour(std.Rect(0, 0, 20, 20), blue))
	end := len(file) - 2 // the end of the second picture's blocks, and the trailer
	_, out := process(t, media.GIF, insert(file, end, []byte("\x06SECRET")))
	if !bytes.Equal(out.files["orig.gif"], mustOrig(t, file)) || bytes.Contains(out.files["orig.gif"], []byte("SECRET")) {
		t.Errorf("%q", out.files["orig.gif"])
	}
}

func mustOrig(t *testing.T, file []byte) []byte {
	t.Helper()
	_, out := process(t, media.GIF, file)
	return out.files["orig.gif"]
}

func TestOrigGIFIsBounded(t *testing.T) {
	tiny := gifOf(t, 1, 1, oneColour(std.Rect(0, 0, 1, 1), red))
	at := bytes.IndexByte(tiny[13:], ',') + 13
	if tiny[10]&0x80 != 0 {
		at = bytes.IndexByte(tiny[13+3<<(tiny[10]&7+1):], ',') + 13 + 3<<(tiny[10]&7+1)
	}
	picture := tiny[at : len(tiny)-1]
	file := append(append(bytes.Clone(tiny[:len(tiny)-1]), bytes.Repeat(picture, maxGIFPictures+50)...), ';')
	g, err := gif.DecodeAll(bytes.NewReader(mustOrig(t, file)))
	if err != nil || len(g.Image) != maxGIFPictures {
		t.Errorf("%d pictures: %v", len(g.Image), err)
	}
}
