package image

import (
	"bytes"
	"fmt"
	std "image"
	"image/png"
	"testing"
)

// What a picture's memory held before shows nowhere in it, whichever of the two is
// larger and whatever its colours are.
func TestPoolsShowNothingOfBefore(t *testing.T) {
	var p pools
	noise := mottled(300, 200, 1, 250)
	grey := func(w, h int) std.Image { return &std.Gray{Pix: noise.Pix, Stride: w, Rect: std.Rect(0, 0, w, h)} }
	seeThrough := func(w, h int) std.Image {
		m := mottled(w, h, 4, 9)
		m.Pix[3] = 7
		return m
	}
	for i, img := range []std.Image{noise, grey(5, 7), noise, mottled(9, 300, 3, 8), seeThrough(31, 3), grey(400, 1), mottled(600, 600, 2, 9), seeThrough(2, 2)} {
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			t.Fatal(err)
		}
		src := p.open(t.Context(), bytes.NewReader(file.Bytes()), int64(file.Len()))
		b := img.Bounds()
		got, _, err := readPlainPNG(src, readPNGHead(src), b.Dx(), b.Dy())
		if err != nil {
			t.Fatalf("picture %d: %v", i, err)
		}
		want, err := png.Decode(&file)
		if err != nil {
			t.Fatal(err)
		}
		samePixels(t, fmt.Sprintf("picture %d", i), got, want)
		p.close(src)
	}
}

// Pixels that one source has go to no other until it is closed, and large ones to
// none.
func TestPoolsLendOnce(t *testing.T) {
	var p pools
	a, b := p.open(t.Context(), nil, 0), p.open(t.Context(), nil, 0)
	one, two, more := p.pixelsOf(a, 100), p.pixelsOf(b, 100), p.pixelsOf(a, 100)
	one[0], two[0], more[0] = 1, 2, 3
	if one[0] != 1 || two[0] != 2 {
		t.Error("sources share their pixels")
	}
	large := p.pixelsOf(p.open(t.Context(), nil, 0), pooledPixels+1)
	if len(large) != pooledPixels+1 {
		t.Errorf("%d bytes", len(large))
	}
	p.close(a)
	p.close(b)
	if a.pixels != nil || b.pixels != nil {
		t.Error("a closed source has pixels")
	}
}
