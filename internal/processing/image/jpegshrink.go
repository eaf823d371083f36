package image

import std "image"

// shrinkJPEG reads a plain JPEG of three planes, or one, straight into the largest
// of the sizes, so that its pixels never lie in memory all together. It reports
// false for any other JPEG, and where a size would need more of the picture than
// the largest shows; what it gives is what shrink would.
func shrinkJPEG(src *source, w, h int) (frame, bool) {
	outW, outH, ok := largestOf(w, h)
	if !ok {
		return frame{}, false
	}
	d, err := newJPEGReader(src.all())
	if err != nil || d.width != w || d.height != h {
		return frame{}, false
	}
	r := std.Rect(0, 0, outW, outH)
	var img std.Image
	var to []*rowShrinker
	lay := func(pix []byte, stride int, p jpegPlane, outStep int) {
		to = append(to, newRowShrinker(pix, stride,
			axis{n: outW, step: p.stepX, outStep: outStep, length: w},
			axis{n: outH, step: p.stepY, outStep: outStep, length: h}))
	}
	if len(d.planes) == 1 {
		m := std.NewGray(r)
		lay(m.Pix, m.Stride, d.planes[0], 1)
		img = m
	} else {
		m := std.NewYCbCr(r, std.YCbCrSubsampleRatio420)
		lay(m.Y, m.YStride, d.planes[0], 1)
		lay(m.Cb, m.CStride, d.planes[1], 2)
		lay(m.Cr, m.CStride, d.planes[2], 2)
		img = m
	}
	for range d.unitRows {
		if err := d.next(); err != nil {
			return frame{}, false
		}
		for i, p := range d.planes {
			for y := range 8 * p.v {
				to[i].take(p.pix[y*p.stride:])
			}
		}
	}
	if d.ends(0xd9) != nil {
		return frame{}, false
	}
	return newFrame(img, outW, outH), true
}

// largestOf is the largest size of a picture that is larger, if all others can be
// made of that one.
func largestOf(w, h int) (outW, outH int, ok bool) {
	all := sizes()
	outW, outH, _ = all[0].of(w, h)
	for _, s := range all[1:] {
		if !s.makeableOf(outW, outH) {
			return 0, 0, false
		}
	}
	return outW, outH, outW < w || outH < h
}

// rowShrinker is shrinkPlane for rows that come one after the other, from the top.
type rowShrinker struct {
	dst    []byte
	stride int
	across []edge
	down   axis
	width  int      // of what is read of a row
	next   int      // the row that comes
	out    int      // the one that is being made
	sums   []uint32 // of that, times weightOne
	line   []uint16
}

func newRowShrinker(dst []byte, stride int, across, down axis) *rowShrinker {
	edges := across.edges()
	width := edges[len(edges)-1].to + 1
	return &rowShrinker{
		dst: dst, stride: stride, across: edges, down: down,
		width: width, sums: make([]uint32, width), line: make([]uint16, len(edges)),
	}
}

// take takes the next row. Those after the last that is needed are ignored.
func (s *rowShrinker) take(row []byte) {
	for s.out < s.down.samples() {
		weight, last := s.down.weight(s.out, s.next)
		accumulate(s.sums, row[:s.width], weight)
		if !last {
			break
		}
		squeezeOne(s.line, s.sums, s.across)
		dst := s.dst[s.out*s.stride:][:len(s.line)]
		for i, v := range s.line {
			dst[i] = byte(v)
		}
		clear(s.sums)
		if s.out++; s.out < s.down.samples() {
			if begin, _, unit := s.down.span(s.out); begin >= int64(s.next+1)*unit {
				break
			}
		}
	}
	s.next++
}
