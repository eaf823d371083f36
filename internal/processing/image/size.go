package image

import std "image"

// size is one of the sizes that every picture gets.
type size struct {
	name  string
	bound int  // of the longer side; of both sides of a crop
	crop  bool // a square out of the middle, not the whole
}

// sizes lists them from the largest to the smallest, the order in which they
// are made of each other.
func sizes() []size {
	return []size{
		{name: "large", bound: 2048},
		{name: "medium", bound: 1200},
		{name: "small", bound: 680},
		{name: "thumb", bound: 150, crop: true},
	}
}

// of gives the size's width and height for a picture of w×h pixels, and the
// part of that picture which it shows. Nothing is enlarged: a smaller picture
// keeps its size, and a crop takes what there is.
func (s size) of(w, h int) (width, height int, view std.Rectangle) {
	view = std.Rect(0, 0, w, h)
	if !s.crop {
		long := max(w, h)
		if long <= s.bound {
			return w, h, view
		}
		fit := func(n int) int {
			return max(1, int((int64(n)*int64(s.bound)+int64(long)/2)/int64(long)))
		}
		return fit(w), fit(h), view
	}
	// Where the shorter side is longer than the bound, a square of that side is
	// shrunk; where it is not, the picture is cut at its own scale.
	side := max(min(w, h), s.bound)
	cutW, cutH := min(w, side), min(h, side)
	left, top := (w-cutW)/2, (h-cutH)/2
	view = std.Rect(left, top, left+cutW, top+cutH)
	return min(cutW, s.bound), min(cutH, s.bound), view
}

// makeableOf reports whether the size can be made of an earlier one of w×h
// pixels as well as of the picture itself. A crop can't where that one may have
// been reduced too far: the middle of a long strip is more than its smaller
// sizes hold.
func (s size) makeableOf(w, h int) bool { return !s.crop || min(w, h) >= s.bound }
