package image

import std "image"

// turned gives the whole picture upright. Where it can, it moves the pixels as
// they are, whatever their depth; planes of colour come back as shrink gives
// them. It may give f's own image.
func turned(f frame, o orientation) std.Image {
	fills := f.img.Bounds() == std.Rect(0, 0, f.width, f.height)
	if fills {
		if img := turnedPixels(f.img, o); img != nil {
			return img
		}
	}
	flipX, flipY, transpose := o.parts()
	img := shrink(f, std.Rect(0, 0, f.width, f.height), flipX, flipY, f.width, f.height)
	if transpose {
		img = transposed(img)
	}
	return img
}

// turnedPixels turns an image whose pixels lie one after the other, or gives nil
// for any other.
func turnedPixels(img std.Image, o orientation) std.Image {
	w, h := o.upright(img.Bounds().Dx(), img.Bounds().Dy())
	r := std.Rect(0, 0, w, h)
	same := o == upright
	switch m := img.(type) {
	case *std.Gray:
		if same {
			return m
		}
		out := std.NewGray(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 1, o)
		return out
	case *std.Gray16:
		if same {
			return m
		}
		out := std.NewGray16(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 2, o)
		return out
	case *std.Paletted:
		if same {
			return m
		}
		out := std.NewPaletted(r, m.Palette)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 1, o)
		return out
	case *std.RGBA:
		if same {
			return m
		}
		out := std.NewRGBA(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 4, o)
		return out
	case *std.NRGBA:
		if same {
			return m
		}
		out := std.NewNRGBA(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 4, o)
		return out
	case *std.RGBA64:
		if same {
			return m
		}
		out := std.NewRGBA64(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 8, o)
		return out
	case *std.NRGBA64:
		if same {
			return m
		}
		out := std.NewNRGBA64(r)
		turnPlane(out.Pix, out.Stride, m.Pix, m.Stride, w, h, 8, o)
		return out
	}
	return nil
}

// turnPlane writes w×h upright pixels of n bytes to dst, out of the stored ones
// in src.
func turnPlane(dst []byte, dstStride int, src []byte, srcStride, w, h, n int, o orientation) {
	flipX, flipY, transpose := o.parts()
	storedW, storedH := o.upright(w, h) // the exchange undoes itself
	// Where the first upright pixel is stored, and how far it is to the next of
	// its row and of its column.
	at, right, down := 0, n, srcStride
	if flipX {
		at, right = at+(storedW-1)*n, -n
	}
	if flipY {
		at, down = at+(storedH-1)*srcStride, -srcStride
	}
	if transpose {
		right, down = down, right
	}
	for y := range h {
		from := at + y*down
		row := dst[y*dstStride : y*dstStride+w*n]
		for x := 0; x < len(row); x += n {
			copy(row[x:x+n], src[from:from+n])
			from += right
		}
	}
}
