package image

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestTransformIsTheCosines: what is quantized is the transform as ITU-T T.81, A.3.3
// has it, within half a step and what float32 leaves.
func TestTransformIsTheCosines(t *testing.T) {
	tables := sharedTables()
	rapid.Check(t, func(r *rapid.T) {
		const stride = 11
		samples := rapid.SliceOfN(rapid.Byte(), 7*stride+8, 7*stride+8).Draw(r, "samples")
		divisor := rapid.SampledFrom([]float32{1, 3, 40, 255}).Draw(r, "divisor")
		var half, scale [64]float32
		for i := range scale {
			scale[i] = 1 / (divisor * 8 * dctScale[i>>3] * dctScale[i&7])
		}
		var steps [128]byte
		rows(&half, samples, stride)
		some := columns(&steps, &half, &scale, &tables.places)
		for k, place := range zigzag {
			u, v := int(place&7), int(place>>3)
			sum := 0.0
			for y := range 8 {
				for x := range 8 {
					sum += (float64(samples[y*stride+x]) - 128) *
						math.Cos(float64(2*x+1)*float64(u)*math.Pi/16) * math.Cos(float64(2*y+1)*float64(v)*math.Pi/16)
				}
			}
			want := sum / 4
			for _, f := range []int{u, v} {
				if f == 0 {
					want /= math.Sqrt2
				}
			}
			want /= float64(divisor)
			got := int(binary.LittleEndian.Uint16(steps[16*u+2*v:])) - stepZero
			if math.Abs(float64(got)-want) > 0.501 {
				r.Fatalf("across %d, down %d: %d, want %.3f", u, v, got, want)
			}
			if some>>k&1 == 1 != (got != 0) {
				r.Fatalf("across %d, down %d: %d, and place %d of %064b", u, v, got, k, some)
			}
		}
	})
}

func TestNonzero(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		four, want := uint64(0), uint64(0)
		for i := range 4 {
			n := rapid.OneOf(rapid.Just(stepZero), rapid.IntRange(stepZero-2, stepZero+2), rapid.IntRange(0, 1<<15-1)).Draw(r, "number")
			four |= uint64(n) << (16 * i)
			if n != stepZero {
				want |= 1 << i
			}
		}
		if got := nonzero(four); got != want {
			r.Fatalf("%016x: %04b, want %04b", four, got, want)
		}
	})
}
