package image

import (
	"testing"

	"pgregory.net/rapid"
)

func drawAxis(t *rapid.T) axis {
	length := rapid.OneOf(rapid.IntRange(1, 60), rapid.IntRange(1, 100_000)).Draw(t, "length")
	return axis{
		n:       rapid.IntRange(1, min(length, 2048)).Draw(t, "n"),
		step:    rapid.SampledFrom([]int{1, 2, 4}).Draw(t, "step"),
		outStep: rapid.SampledFrom([]int{1, 2}).Draw(t, "outStep"),
		from:    rapid.IntRange(0, 50).Draw(t, "from"),
		length:  length,
		flip:    rapid.Bool().Draw(t, "flip"),
	}
}

// Weights add up exactly, samples are in order, inside the view, and every
// sample of the view is under some output.
func TestAxisCoversItsView(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawAxis(t)
		firstSample, lastSample := a.from/a.step, (a.from+a.length-1)/a.step
		seen := make([]bool, lastSample+1)
		edges := a.edges()
		if len(edges) != a.samples() {
			t.Fatalf("%d edges for %d samples", len(edges), a.samples())
		}
		for i, e := range edges {
			total, last := uint64(0), -1
			a.taps(i, func(sample int, weight uint32) {
				if sample <= last || sample < firstSample || sample > lastSample {
					t.Fatalf("output %d takes sample %d after %d of %d–%d", i, sample, last, firstSample, lastSample)
				}
				last = sample
				total += uint64(weight)
			})
			if total != weightOne {
				t.Fatalf("the weights of output %d add up to %d", i, total)
			}
			if e.from < firstSample || e.to > lastSample || e.from > e.to {
				t.Fatalf("output %d spans %d–%d of %d–%d", i, e.from, e.to, firstSample, lastSample)
			}
			for s := e.from; s <= e.to; s++ {
				seen[s] = true
			}
			sum := e.first + e.last
			if e.to > e.from {
				sum += e.middle * uint64(e.to-e.from-1)
			}
			if sum != 1<<32 {
				t.Fatalf("the edge weights of output %d add up to %d", i, sum)
			}
		}
		for s := firstSample; s <= lastSample; s++ {
			if !seen[s] {
				t.Fatalf("sample %d is under no output", s)
			}
		}
	})
}

func TestAxisOfTheSameSizeCopies(t *testing.T) {
	a := axis{n: 5, step: 1, outStep: 1, length: 5}
	for i := range 5 {
		a.taps(i, func(sample int, weight uint32) {
			if sample != i || weight != weightOne {
				t.Errorf("output %d takes %d of sample %d", i, weight, sample)
			}
		})
	}
	if e := a.edges()[4]; e.from != 4 || e.to != 4 || e.first != 1<<32 {
		t.Errorf("the last edge is %+v", e)
	}
}

// Two strips as long as the limits allow, and longer.
func TestAxisDoesNotOverflow(t *testing.T) {
	for _, length := range []int{100_000_000, 1<<31 - 1} {
		a := axis{n: 2048, step: 4, outStep: 2, length: length, flip: true}
		for i, e := range a.edges() {
			if e.from > e.to || e.to >= (length+3)/4 || e.first+e.last+e.middle*uint64(e.to-e.from-1) != 1<<32 {
				t.Fatalf("edge %d of %d is %+v", i, length, e)
			}
		}
	}
}
