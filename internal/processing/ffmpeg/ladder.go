package ffmpeg

import (
	"fmt"
	"math"
	"slices"
)

// rung is one size that a video is offered in.
type rung struct {
	Width, Height int   // even, at least 2
	MaxRate       int64 // most bits a second of video, over a buffer of two seconds
}

// name is the first part of its files' names.
func (r rung) name() string { return fmt.Sprintf("%dx%d", r.Width, r.Height) }

// Steps are the short sides of the ladder: 320×180, 640×360, 1280×720,
// 1920×1080, 2560×1440 and 3840×2160 for the usual shape. There is none above,
// because hardly anything decodes H.264 of that size.
func Steps() []int { return []int{180, 360, 720, 1080, 1440, 2160} }

// loopStep is the highest step of what is shown as a GIF.
const loopStep = 1080

const (
	// widest is the widest shape that gets a step's full short side; wider
	// ones are bound by their long side, so that a strip of 10,000×100 does
	// not become a stream that no player decodes.
	widest = 32.0 / 9

	// longest is the longest side of all, where H.264's level 5.2 and what
	// phones decode end.
	longest = 4096

	// tooClose is when a step is not worth its bytes beside the top.
	tooClose = 0.8
)

// lastStep is the step that a setting names; 0 stands for the highest.
func lastStep(set int) (int, error) {
	all := Steps()
	if set == 0 {
		return all[len(all)-1], nil
	}
	if !slices.Contains(all, set) {
		return 0, fmt.Errorf("largest size %d: wants one of %v", set, all)
	}
	return set, nil
}

// ladder gives the sizes for an original of w×h as viewers see it, smallest
// first, up to the highest step. None is larger than the original, which is
// itself the top where it fits: 854×480 gives 320×180, 640×360 and 854×480;
// 7680×4320 ends at 3840×2160; 200×150 gives itself alone. A step within
// a fifth of the top is left out. Sides are rounded to even numbers, the
// original's own downwards.
func ladder(w, h, highest int, fps float64) []rung {
	var factors []float64
	for _, step := range Steps() {
		if step > highest {
			break
		}
		factors = append(factors, min(fit(w, h, step), 1))
	}
	most := factors[len(factors)-1]
	var out []rung
	for _, f := range factors {
		if f > tooClose*most {
			break
		}
		out = append(out, newRung(scaled(w, f), scaled(h, f), fps))
	}
	return append(out, newRung(scaled(w, most), scaled(h, most), fps))
}

// top is the largest rung of the ladder by itself.
func top(w, h, highest int, fps float64) rung {
	l := ladder(w, h, highest, fps)
	return l[len(l)-1]
}

// fit is the factor by which w×h becomes as large as a step allows.
func fit(w, h, step int) float64 {
	short, long := float64(min(w, h)), float64(max(w, h))
	return min(float64(step)/short, min(float64(step)*widest, longest)/long)
}

func newRung(w, h int, fps float64) rung {
	// Twice the area does not need twice the bits. The anchor is 2.5 Mb/s at
	// 1280×720, which gives about 310 kb/s, 880 kb/s, 4.6, 7.1 and 13 Mb/s at the
	// others.
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
