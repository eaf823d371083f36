package image

import (
	std "image"
	"testing"

	"pgregory.net/rapid"
)

func TestSizes(t *testing.T) {
	type dims [4]std.Point // large, medium, small, thumb
	for picture, want := range map[std.Point]dims{
		{4000, 3000}:  {{2048, 1536}, {1200, 900}, {680, 510}, {150, 150}},
		{3000, 4000}:  {{1536, 2048}, {900, 1200}, {510, 680}, {150, 150}},
		{2048, 2048}:  {{2048, 2048}, {1200, 1200}, {680, 680}, {150, 150}},
		{900, 600}:    {{900, 600}, {900, 600}, {680, 453}, {150, 150}},
		{100, 80}:     {{100, 80}, {100, 80}, {100, 80}, {100, 80}},
		{1000, 100}:   {{1000, 100}, {1000, 100}, {680, 68}, {150, 100}},
		{1, 1}:        {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
		{1, 10000}:    {{1, 2048}, {1, 1200}, {1, 680}, {1, 150}},
		{100_000, 10}: {{2048, 1}, {1200, 1}, {680, 1}, {150, 10}},
	} {
		for i, s := range sizes() {
			w, h, _ := s.of(picture.X, picture.Y)
			if got := std.Pt(w, h); got != want[i] {
				t.Errorf("%s of %v is %v, want %v", s.name, picture, got, want[i])
			}
		}
	}
}

func TestSizesNeverEnlarge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.OneOf(rapid.IntRange(1, 5000), rapid.IntRange(1, 100_000_000))
		w, h := side.Draw(t, "w"), side.Draw(t, "h")
		for _, s := range sizes() {
			sw, sh, view := s.of(w, h)
			if sw < 1 || sh < 1 || sw > s.bound || sh > s.bound {
				t.Fatalf("%s is %d×%d", s.name, sw, sh)
			}
			if !view.In(std.Rect(0, 0, w, h)) || sw > view.Dx() || sh > view.Dy() {
				t.Fatalf("%s is %d×%d out of %v", s.name, sw, sh, view)
			}
			if s.crop && sw == s.bound && sh == s.bound && view.Dx() != view.Dy() {
				t.Fatalf("%s distorts %v", s.name, view)
			}
		}
	})
}
