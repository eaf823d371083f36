package image

import std "image"

// shrink makes a w×h picture of the part of f within view, by averaging the
// area under each new pixel. It never enlarges: w and h are at most those of
// view. The part may be mirrored on its way. What comes back is
//
//   - *Gray where every pixel of f is grey and opaque,
//   - *YCbCr, 4:2:0 and full range, where f is such planes of any subsampling,
//   - *NRGBA otherwise. Colours are averaged by how opaque they are.
//
// Where nothing changes it may be f's own pixels.
func shrink(f frame, view std.Rectangle, flipX, flipY bool, w, h int) std.Image {
	across := func(step, outStep int) axis {
		return axis{n: w, step: step, outStep: outStep, from: view.Min.X, length: view.Dx(), flip: flipX}
	}
	down := func(step, outStep int) axis {
		return axis{n: h, step: step, outStep: outStep, from: view.Min.Y, length: view.Dy(), flip: flipY}
	}
	if view == std.Rect(0, 0, w, h) && w == f.width && h == f.height && !flipX && !flipY {
		if img := f.asItIs(); img != nil {
			return img
		}
	}
	if f.grey && f.opaque {
		out := std.NewGray(std.Rect(0, 0, w, h))
		shrinkPlane(out.Pix, out.Stride, greyRows(f), across(1, 1), down(1, 1))
		return out
	}
	if planes := f.planes(); planes != nil {
		out := std.NewYCbCr(std.Rect(0, 0, w, h), std.YCbCrSubsampleRatio420)
		shrinkPlane(out.Y, out.YStride, planes[0], across(1, 1), down(1, 1))
		shrinkPlane(out.Cb, out.CStride, planes[1], across(planes[1].stepX, 2), down(planes[1].stepY, 2))
		shrinkPlane(out.Cr, out.CStride, planes[2], across(planes[2].stepX, 2), down(planes[2].stepY, 2))
		return out
	}
	out := std.NewNRGBA(std.Rect(0, 0, w, h))
	average(4, colourRows(f), across(1, 1), down(1, 1), func(y int, line []uint16) {
		straighten(out.Pix[y*out.Stride:][:4*w], line)
	})
	return out
}

// asItIs gives the picture as shrink would at its own size, if it is so already,
// or nil.
func (f frame) asItIs() std.Image {
	if !f.opaque || f.studio || f.img.Bounds() != std.Rect(0, 0, f.width, f.height) {
		return nil
	}
	switch m := f.img.(type) {
	case *std.Gray:
		if f.grey {
			return m
		}
	case *std.YCbCr:
		if !f.grey && m.SubsampleRatio == std.YCbCrSubsampleRatio420 {
			return m
		}
	case *std.NRGBA:
		if !f.grey {
			return m
		}
	case *std.RGBA: // opaque, so the bytes are the same
		if !f.grey {
			return &std.NRGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
		}
	}
	return nil
}

func shrinkPlane(dst []byte, stride int, p plane, x, y axis) {
	average(1, p.row, x, y, func(i int, line []uint16) {
		row := dst[i*stride:][:len(line)]
		for j, v := range line {
			row[j] = byte(v)
		}
	})
}

// average hands put every output row: channels interleaved samples each, in the
// scale of the source's. The row that it hands over is used again.
func average[T uint8 | uint16](channels int, rows func(y int) []T, x, y axis, put func(y int, line []uint16)) {
	edges := x.edges()
	line := make([]uint16, len(edges)*channels)
	var sums []uint32 // the source row under an output row, times weightOne
	for i := range y.samples() {
		clear(sums)
		y.taps(i, func(sample int, weight uint32) {
			row := rows(sample)
			if sums == nil {
				sums = make([]uint32, len(row))
			}
			accumulate(sums, row, weight)
		})
		if channels == 1 {
			squeezeOne(line, sums, edges)
		} else {
			squeezeFour(line, sums, edges)
		}
		put(i, line)
	}
}

// accumulate adds row × weight. Samples of 16 bits and weights that add up to
// weightOne stay within 32 bits.
func accumulate[T uint8 | uint16](sums []uint32, row []T, weight uint32) {
	sums = sums[:len(row)]
	for i, v := range row {
		sums[i] += uint32(v) * weight
	}
}

// sums are scaled by weightOne and edges by 1<<32.
const (
	sumShift = 16 + 32
	sumHalf  = 1 << (sumShift - 1)
)

func squeezeOne(line []uint16, sums []uint32, edges []edge) {
	for i := range edges {
		e := &edges[i]
		total := e.first * uint64(sums[e.from])
		if e.to > e.from {
			var middle uint64
			for _, v := range sums[e.from+1 : e.to] {
				middle += uint64(v)
			}
			total += e.middle*middle + e.last*uint64(sums[e.to])
		}
		line[i] = uint16((total + sumHalf) >> sumShift)
	}
}

func squeezeFour(line []uint16, sums []uint32, edges []edge) {
	for i := range edges {
		e := &edges[i]
		s := sums[4*e.from:][:4]
		t0, t1 := e.first*uint64(s[0]), e.first*uint64(s[1])
		t2, t3 := e.first*uint64(s[2]), e.first*uint64(s[3])
		if e.to > e.from {
			var m0, m1, m2, m3 uint64
			for j := e.from + 1; j < e.to; j++ {
				s := sums[4*j:][:4]
				m0, m1, m2, m3 = m0+uint64(s[0]), m1+uint64(s[1]), m2+uint64(s[2]), m3+uint64(s[3])
			}
			s := sums[4*e.to:][:4]
			t0 += e.middle*m0 + e.last*uint64(s[0])
			t1 += e.middle*m1 + e.last*uint64(s[1])
			t2 += e.middle*m2 + e.last*uint64(s[2])
			t3 += e.middle*m3 + e.last*uint64(s[3])
		}
		out := line[4*i:][:4]
		out[0] = uint16((t0 + sumHalf) >> sumShift)
		out[1] = uint16((t1 + sumHalf) >> sumShift)
		out[2] = uint16((t2 + sumHalf) >> sumShift)
		out[3] = uint16((t3 + sumHalf) >> sumShift)
	}
}

// straighten turns colours times opacity (see colourRows) into colours beside
// opacity.
func straighten(dst []byte, line []uint16) {
	for i := 0; i+4 <= len(line) && i+4 <= len(dst); i += 4 {
		s, d := line[i:i+4:i+4], dst[i:i+4:i+4]
		switch a := uint32(s[3]); {
		case a == opaqueWord:
			d[0], d[1], d[2], d[3] = byte((s[0]+127)/255), byte((s[1]+127)/255), byte((s[2]+127)/255), 255
		case a >= 128: // at least half of 1/255 opaque
			d[0] = byte(min(255, (uint32(s[0])*255+a/2)/a))
			d[1] = byte(min(255, (uint32(s[1])*255+a/2)/a))
			d[2] = byte(min(255, (uint32(s[2])*255+a/2)/a))
			d[3] = byte((a + 127) / 255)
		default:
			d[0], d[1], d[2], d[3] = 0, 0, 0, 0
		}
	}
}
