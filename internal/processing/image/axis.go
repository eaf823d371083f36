package image

import "math/bits"

// axis maps the samples of one row or column of an output to stretches of the
// source. An output of n pixels shows the source pixels [from, from+length),
// backwards if flip is set. Source samples are step pixels long and output
// samples outStep (2 for halved chroma), so that colour stays where it was
// whatever the two layouts are.
type axis struct {
	n, step, outStep int
	from, length     int
	flip             bool
}

// samples is how many output samples there are.
func (a axis) samples() int { return (a.n + a.outStep - 1) / a.outStep }

// span gives the stretch of source samples under output sample i, in units of
// 1/unit sample: begin < end.
func (a axis) span(i int) (begin, end, unit int64) {
	whole := int64(a.n) * int64(a.length)
	begin = int64(i) * int64(a.outStep) * int64(a.length)
	end = min(begin+int64(a.outStep)*int64(a.length), whole)
	if a.flip {
		begin, end = whole-end, whole-begin
	}
	shift := int64(a.from) * int64(a.n)
	return begin + shift, end + shift, int64(a.n) * int64(a.step)
}

// weightOne is the sum of the weights that taps hands out.
const weightOne = 1 << 16

// taps calls use for every source sample under output sample i, with its share
// of it; the shares add up to exactly weightOne, so that flat areas stay flat.
func (a axis) taps(i int, use func(sample int, weight uint32)) {
	begin, end, unit := a.span(i)
	given := uint32(0)
	for at := begin; at < end; {
		sample := at / unit
		at = min((sample+1)*unit, end)
		upTo := uint32(share(at-begin, end-begin, weightOne))
		if upTo > given {
			use(int(sample), upTo-given)
		}
		given = upTo
	}
}

// weight is what taps gives for one sample of those that are under output sample i,
// and whether it is the last of them.
func (a axis) weight(i, sample int) (weight uint32, last bool) {
	begin, end, unit := a.span(i)
	upTo := func(at int64) uint32 { return uint32(share(min(max(at, begin), end)-begin, end-begin, weightOne)) }
	after := int64(sample+1) * unit
	return upTo(after) - upTo(int64(sample)*unit), after >= end
}

// edge is an output sample's stretch in a form made for rows: the first and
// last source samples have weights of their own, all between them share one.
// first×1 + middle×(count between) + last×1 = 1<<32.
type edge struct {
	from, to            int // source samples, to is inclusive
	first, middle, last uint64
}

// edges gives the stretches of all output samples.
func (a axis) edges() []edge {
	const one = 1 << 32
	out := make([]edge, a.samples())
	for i := range out {
		begin, end, unit := a.span(i)
		e := edge{from: int(begin / unit), to: int((end - 1) / unit), first: one}
		if e.from < e.to {
			e.middle = share(unit, end-begin, one)
			e.last = share(end-int64(e.to)*unit, end-begin, one)
			e.first -= e.last + e.middle*uint64(e.to-e.from-1)
		}
		out[i] = e
	}
	return out
}

// share is part/whole of one, rounded, without overflow for any part ≤ whole.
func share(part, whole int64, one uint64) uint64 {
	hi, lo := bits.Mul64(uint64(part), one)
	lo, carry := bits.Add64(lo, uint64(whole)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(whole))
	return q
}
