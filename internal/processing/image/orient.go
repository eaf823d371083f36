package image

import std "image"

// orientation is an EXIF orientation: how the stored rows and columns lie to
// the viewer. 1 is upright; anything outside 1–8 is read as 1.
type orientation int

const upright orientation = 1

// parts takes an orientation apart into what brings the picture upright: flips
// of the stored picture, and then an exchange of rows and columns.
func (o orientation) parts() (flipX, flipY, transpose bool) {
	switch o {
	case 2:
		return true, false, false
	case 3:
		return true, true, false
	case 4:
		return false, true, false
	case 5:
		return false, false, true
	case 6:
		return false, true, true
	case 7:
		return true, true, true
	case 8:
		return true, false, true
	}
	return false, false, false
}

// upright gives the size a viewer sees of a picture stored at w×h.
func (o orientation) upright(w, h int) (int, int) {
	if _, _, transpose := o.parts(); transpose {
		return h, w
	}
	return w, h
}

// transposed exchanges rows and columns of a picture made by shrink.
func transposed(img std.Image) std.Image {
	switch m := img.(type) {
	case *std.Gray:
		out := std.NewGray(std.Rect(0, 0, m.Rect.Dy(), m.Rect.Dx()))
		transposePlane(out.Pix, out.Stride, m.Pix, m.Stride, m.Rect.Dx(), m.Rect.Dy(), 1)
		return out
	case *std.YCbCr:
		w, h := m.Rect.Dx(), m.Rect.Dy()
		out := std.NewYCbCr(std.Rect(0, 0, h, w), std.YCbCrSubsampleRatio420)
		transposePlane(out.Y, out.YStride, m.Y, m.YStride, w, h, 1)
		transposePlane(out.Cb, out.CStride, m.Cb, m.CStride, (w+1)/2, (h+1)/2, 1)
		transposePlane(out.Cr, out.CStride, m.Cr, m.CStride, (w+1)/2, (h+1)/2, 1)
		return out
	case *std.NRGBA:
		out := std.NewNRGBA(std.Rect(0, 0, m.Rect.Dy(), m.Rect.Dx()))
		transposePlane(out.Pix, out.Stride, m.Pix, m.Stride, m.Rect.Dx(), m.Rect.Dy(), 4)
		return out
	}
	return img
}

// transposePlane writes the w×h samples of n bytes in src to dst with rows and
// columns exchanged.
func transposePlane(dst []byte, dstStride int, src []byte, srcStride, w, h, n int) {
	for y := range h {
		row := src[y*srcStride : y*srcStride+w*n]
		for x := range w {
			copy(dst[x*dstStride+y*n:x*dstStride+y*n+n], row[x*n:x*n+n])
		}
	}
}
