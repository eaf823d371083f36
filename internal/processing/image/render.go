package image

import (
	"context"
	std "image"
)

// picture is one size of a picture, made and upright, but not encoded.
type picture struct {
	size size
	also []size    // that are the same picture
	img  std.Image // as shrink gives it
}

// render makes every size, each of the smallest earlier one that it can be made
// of. ctx is looked at between sizes.
func render(ctx context.Context, f frame, o orientation) ([]picture, error) {
	type parent struct {
		frame
		orientation
	}
	parents := []parent{{f, o}}
	var out []picture
	for _, s := range sizes() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		from := parents[0]
		for _, p := range parents[1:] {
			if s.makeableOf(p.width, p.height) {
				from = p
			}
		}
		if i := sameAs(out, f, o, s); i >= 0 {
			out[i].also = append(out[i].also, s)
			continue
		}
		img := s.make(from.frame, from.orientation)
		out = append(out, picture{size: s, img: img})
		b := img.Bounds()
		made := frameOf(img, b.Dx(), b.Dy(), true)
		if !f.opaque {
			made = newFrame(img, b.Dx(), b.Dy())
		}
		parents = append(parents, parent{made, upright})
	}
	return out, nil
}

// sameAs gives which of the pictures, that are upright, a size would show once
// more: -1 for none. It is one of which the size takes all, pixel for pixel.
func sameAs(pictures []picture, f frame, o orientation, s size) int {
	fullW, fullH := o.upright(f.width, f.height)
	for i, p := range pictures {
		b := p.img.Bounds()
		w, h, view := s.of(b.Dx(), b.Dy())
		makeable := s.makeableOf(w, h) || w == fullW && h == fullH
		if w == b.Dx() && h == b.Dy() && view == b && makeable {
			return i
		}
	}
	return -1
}

// make renders the size from a picture and turns it upright.
func (s size) make(f frame, o orientation) std.Image {
	w, h, view := s.of(f.width, f.height)
	flipX, flipY, transpose := o.parts()
	img := shrink(f, view, flipX, flipY, w, h)
	if transpose {
		img = transposed(img)
	}
	return img
}
