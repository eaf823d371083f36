package image

import (
	"context"
	"testing"

	std "image"
	"magpie/internal/media"
	"math/rand/v2"
)

// photo is a picture with gradients and a little noise, as a camera's has.
func photo(w, h int) *std.RGBA {
	img := std.NewRGBA(std.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			n := byte(r.IntN(8))
			p := img.Pix[y*img.Stride+4*x:][:4]
			p[0], p[1], p[2], p[3] = byte(x*200/w)+n, byte(y*200/h)+n, byte((x+y)*120/(w+h))+n, 255
		}
	}
	return img
}

func BenchmarkTwelveMegapixel(b *testing.B) {
	file := jpegOf(b, photo(4000, 3000))
	e := New(Config{})
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Process(context.Background(), input(media.JPEG, file), newShelf()); err != nil {
			b.Fatal(err)
		}
	}
}
