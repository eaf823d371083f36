package image

import (
	"context"
	std "image"
)

// picture is one size of a picture, made and upright, but not encoded.
type picture struct {
	size size
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
		img := s.make(from.frame, from.orientation)
		out = append(out, picture{size: s, img: img})
		b := img.Bounds()
		parents = append(parents, parent{newFrame(img, b.Dx(), b.Dy()), upright})
	}
	return out, nil
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
