package ffmpeg

import (
	"fmt"
	"math"
)

// rung is one size that a video is offered in.
type rung struct {
	Width, Height int   // even, at least 2
	MaxRate       int64 // most bits a second of video, over a buffer of two seconds
}

// name is the first part of its files' names.
func (r rung) name() string { return fmt.Sprintf("%dx%d", r.Width, r.Height) }

// steps are the short sides of the ladder: 320×180, 640×360, 1280×720 and
// 1920×1080 for the usual shape.
var steps = []int{180, 360, 720, 1080}

const (
	// widest is the widest shape that gets a step's full short side; wider
	// ones are bound by their long side, so that a strip of 10,000×100 does
	// not become a stream that no player decodes.
	widest = 32.0 / 9

	// tooClose is when a step is not worth its bytes beside the top.
	tooClose = 0.8
)

// ladder gives the sizes for an original of w×h as viewers see it, smallest
// first. None is larger than the original, which is itself the top where it fits
// into the highest step: 854×480 gives 320×180, 640×360 and 854×480;
// 3840×2160 ends at 1920×1080; 200×150 gives itself alone. A step within
// a fifth of the top is left out. Sides are rounded to even numbers, the
// original's own downwards.
func ladder(w, h int, fps float64) []rung {
	var out []rung
	last := 0.0
	for _, step := range steps {
		f := fit(w, h, step)
		if f >= 1 {
			if last > tooClose {
				out = out[:len(out)-1]
			}
			return append(out, newRung(evenDown(w), evenDown(h), fps))
		}
		out = append(out, newRung(scaled(w, f), scaled(h, f), fps))
		last = f
	}
	return out
}

// top is the largest rung of the ladder by itself.
func top(w, h int, fps float64) rung {
	l := ladder(w, h, fps)
	return l[len(l)-1]
}

// fit is the factor by which w×h becomes as large as a step allows.
func fit(w, h, step int) float64 {
	short, long := float64(min(w, h)), float64(max(w, h))
	return min(float64(step)/short, float64(step)*widest/long)
}

func newRung(w, h int, fps float64) rung {
	// Twice the area does not need twice the bits. The anchor is 2.5 Mb/s at
	// 1280×720, which gives about 310 kb/s, 880 kb/s and 4.6 Mb/s at the others.
	bits := 2_500_000 * math.Pow(float64(w*h)/(1280*720), 0.75)
	if fps > 32 {
		bits *= 1.4
	}
	return rung{Width: w, Height: h, MaxRate: max(int64(bits/1000)*1000, 64_000)}
}

func evenDown(n int) int { return max(n&^1, 2) }

// scaled is n×f to the nearest even number, but not above n.
func scaled(n int, f float64) int {
	return min(max(int(math.Round(float64(n)*f/2))*2, 2), evenDown(n))
}
