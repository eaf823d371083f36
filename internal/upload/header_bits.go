package upload

// bits reads numbers of single bits. Past the end everything is 0, and short is
// set.
type bits struct {
	b     []byte
	at    int
	short bool
}

// unescaped drops the bytes that keep a start code from appearing in a unit of
// H.264 and HEVC (H.264, 7.4.1).
func unescaped(unit []byte) []byte {
	out := make([]byte, 0, len(unit))
	zeros := 0
	for _, c := range unit {
		if zeros >= 2 && c == 3 {
			zeros = 0
			continue
		}
		if zeros++; c != 0 {
			zeros = 0
		}
		out = append(out, c)
	}
	return out
}

// u reads a number of n bits, 32 at the most.
func (r *bits) u(n int) uint32 {
	var v uint32
	for range n {
		if r.at >= 8*len(r.b) {
			r.short = true
			return 0
		}
		v = v<<1 | uint32(r.b[r.at/8]>>(7-r.at%8)&1)
		r.at++
	}
	return v
}

func (r *bits) skip(n int) { r.at += n }

// ue reads an Exp-Golomb code (H.264, 9.1).
func (r *bits) ue() uint32 {
	zeros := 0
	for r.u(1) == 0 {
		if zeros++; r.short || zeros > 31 {
			r.short = true
			return 0
		}
	}
	return 1<<zeros - 1 + r.u(zeros)
}

// se reads a signed one.
func (r *bits) se() int32 {
	v := r.ue()
	if v&1 != 0 {
		return int32(v/2 + 1)
	}
	return -int32(v / 2)
}

// maxSide is above any picture that a header can mean.
const maxSide = 1 << 16

// avcSize reads the sides of a picture from a sequence parameter set of H.264
// (7.3.2.1.1), cropped. It gives none where pixels are not square.
func avcSize(unit []byte) (width, height int, ok bool) {
	if len(unit) < 4 || unit[0]&0x1F != 7 {
		return 0, 0, false
	}
	r := &bits{b: unescaped(unit[1:])}
	profile := r.u(8)
	r.skip(16)
	r.ue() // its id
	chroma := uint32(1)
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		if chroma = r.ue(); chroma == 3 && r.u(1) != 0 {
			return 0, 0, false // separate planes, which nobody uses
		}
		r.ue()
		r.ue()
		r.skip(1)
		if r.u(1) != 0 { // its own scaling lists
			return 0, 0, false
		}
	}
	r.ue()
	switch r.ue() { // kind of picture order
	case 0:
		r.ue()
	case 1:
		r.skip(1)
		r.se()
		r.se()
		n := r.ue()
		if n > 255 {
			return 0, 0, false
		}
		for range n {
			r.se()
		}
	}
	r.ue()
	r.skip(1)
	w, h := r.ue()+1, r.ue()+1
	frames := r.u(1)
	if h *= 2 - frames; frames == 0 {
		r.skip(1)
	}
	r.skip(1)
	if chroma > 3 || w > maxSide/16 || h > maxSide/16 {
		return 0, 0, false
	}
	w, h = 16*w, 16*h
	if r.u(1) != 0 {
		across, down := [4]uint32{1, 2, 2, 1}[chroma], [4]uint32{1, 2, 1, 1}[chroma]*(2-frames)
		w, h = cropped(w, across, r.ue(), r.ue()), cropped(h, down, r.ue(), r.ue())
	}
	if described := r.u(1) != 0; described {
		if withForm := r.u(1) != 0; withForm && !r.square() {
			return 0, 0, false
		}
	}
	return int(w), int(h), !r.short && w > 0 && h > 0
}

// square reads the form of a pixel (H.264, E.1.1) and reports whether it is a
// square or not said.
func (r *bits) square() bool {
	const extended = 255
	switch r.u(8) {
	case 0, 1:
		return true
	case extended:
		across, down := r.u(16), r.u(16)
		return across == down
	}
	return false
}

// hevcSize reads the sides of a picture from a sequence parameter set of HEVC
// (7.3.2.2), cropped.
func hevcSize(unit []byte) (width, height int, ok bool) {
	if len(unit) < 4 || unit[0]>>1&0x3F != 33 {
		return 0, 0, false
	}
	r := &bits{b: unescaped(unit[2:])}
	r.skip(4)
	layers := r.u(3)
	r.skip(1)
	r.skip(88 + 8) // profile and level
	if layers > 0 {
		var flags [8]uint32
		for i := range layers {
			flags[i] = r.u(2)
		}
		r.skip(2 * int(8-layers))
		for i := range layers {
			r.skip(88*int(flags[i]>>1) + 8*int(flags[i]&1))
		}
	}
	r.ue() // its id
	chroma := r.ue()
	if chroma > 3 || chroma == 3 && r.u(1) != 0 {
		return 0, 0, false
	}
	w, h := r.ue(), r.ue()
	if w > maxSide || h > maxSide {
		return 0, 0, false
	}
	if r.u(1) != 0 {
		w = cropped(w, [4]uint32{1, 2, 2, 1}[chroma], r.ue(), r.ue())
		h = cropped(h, [4]uint32{1, 2, 1, 1}[chroma], r.ue(), r.ue())
	}
	return int(w), int(h), !r.short && w > 0 && h > 0
}

// cropped takes two margins of so many units off a side, or gives 0.
func cropped(side, unit, before, behind uint32) uint32 {
	if before > maxSide || behind > maxSide || unit*(before+behind) >= side {
		return 0
	}
	return side - unit*(before+behind)
}

// vp9Size reads the sides from the header of a key frame of VP9 (its bitstream
// specification, 6.2).
func vp9Size(frame []byte) (width, height int, ok bool) {
	r := &bits{b: frame}
	if r.u(2) != 2 {
		return 0, 0, false
	}
	profile := r.u(1) | r.u(1)<<1
	if profile == 3 {
		r.skip(1)
	}
	shown, kind := r.u(1), r.u(2)
	if shown != 0 || kind>>1 != 0 { // another frame again; no key frame
		return 0, 0, false
	}
	r.skip(1)
	if r.u(24) != 0x498342 {
		return 0, 0, false
	}
	if profile >= 2 {
		r.skip(1)
	}
	const rgb = 7
	if space := r.u(3); space != rgb {
		r.skip(1)
		if profile&1 != 0 {
			r.skip(3)
		}
	} else if profile&1 != 0 {
		r.skip(1)
	}
	w, h := r.u(16)+1, r.u(16)+1
	return int(w), int(h), !r.short
}

// vp8Size reads the sides from the header of a key frame of VP8 (RFC 6386, 9.1).
func vp8Size(b []byte) (width, height int, ok bool) {
	if len(b) < 10 || b[0]&1 != 0 || uint24(b[3:]) != 0x2A019D {
		return 0, 0, false
	}
	return int(b[6]) | int(b[7]&0x3F)<<8, int(b[8]) | int(b[9]&0x3F)<<8, true
}
