package ffmpeg

import (
	"math"
	"time"
)

// plan says what will be made of an original. It is worked out from the probe
// alone, without looking at anything else.
type plan struct {
	VideoIndex    int
	Width, Height int           // of the original as viewers see it
	Duration      time.Duration // of the original
	CodedPixels   int64         // of one picture as it is decoded

	Loop     bool // a GIF: one silent MP4, no HLS
	Animated bool // the original is a GIF file: keep its delays, lay it on white

	Rungs       []rung // smallest first; the last is the top
	Orientation orientation
	Matrix      bool // the original has a display matrix
	Deinterlace bool
	Rate        ratio // pictures a second; not known where timestamps are kept
	HDR         string
	ToneMap     bool
	Audio       *audioPlan // nil for silence

	Copy      bool   // the top rung is the original's own pictures
	CopySound bool   // and has its sound
	Only      bool   // nothing but the top is made
	Room      int64  // how long the copy's index is made, so that it can be written last; 0 leaves it as it is
	Apart     bool   // the top is copied already, without ffmpeg
	all       []rung // what Rungs would be otherwise

	VideoLength time.Duration // how long the pictures must last; 0 is not known
	Hold        time.Duration // how long the last picture stays for sound that goes on
	LastDelay   time.Duration // of an animated GIF's last picture

	Poster      rung
	PosterEvery time.Duration // between the pictures that the poster is chosen from
	Thumbs      thumbs
}

// audioPlan is the stream to take and the samples a second to give it.
type audioPlan struct {
	Index      int
	SampleRate int
}

// posterSide is the longest a poster's side may be.
const posterSide = 1280

// posterCandidates is how many pictures the poster is chosen from.
const posterCandidates = 10

// planVideo plans for what a probe found and check let pass. loop is a video
// that was uploaded as a GIF; highest is the ladder's last step.
func planVideo(p probed, loop bool, highest int) plan {
	v := p.Video
	w, h := displaySize(v)
	rate := chooseRate(v.Rate, v.AvgRate)
	out := plan{
		VideoIndex: v.Index, Width: w, Height: h, Duration: p.length(),
		CodedPixels: int64(v.Width) * int64(v.Height),
		Orientation: v.Orientation, Matrix: v.Matrix, Deinterlace: v.Interlaced, Rate: rate, HDR: v.HDR,
		VideoLength: p.videoEnd(),
	}
	if loop {
		out.Loop = true
		out.Rungs = []rung{top(w, h, min(highest, loopStep), rate.float())}
		out.Duration = max(p.videoEnd(), 0)
		if out.Duration == 0 {
			out.Duration = p.Duration
		}
	} else {
		out.Rungs = ladder(w, h, highest, rate.float())
		if p.Audio != nil {
			out.Audio = &audioPlan{Index: p.Audio.Index, SampleRate: sampleRate(p.Audio.SampleRate)}
			if gap := p.audioEnd() - p.videoEnd(); p.videoEnd() > 0 && gap > soundAlone {
				out.hold(gap, p.videoEnd())
			}
		}
	}
	out.planPoster()
	if !loop {
		out.Thumbs = planThumbs(out.top(), out.Duration)
	}
	return out
}

// scrubs reports whether pictures for scrubbing are made. A film that is only
// copied for now gets them with its other sizes.
func (p *plan) scrubs() bool { return p.Thumbs.Sheets > 0 && !p.Only }

// planGIF plans for a GIF file.
func planGIF(g gifInfo, highest int) plan {
	out := plan{
		Width: g.Width, Height: g.Height, Duration: g.Duration, CodedPixels: int64(g.Width) * int64(g.Height),
		Loop: true, Animated: true,
		Rungs:       []rung{top(g.Width, g.Height, min(highest, loopStep), 0)},
		VideoLength: g.Duration, LastDelay: g.LastDelay,
	}
	out.planPoster()
	return out
}

func (p *plan) planPoster() {
	t := p.top()
	f := min(1, posterSide/float64(max(t.Width, t.Height)))
	p.Poster = rung{Width: scaled(t.Width, f), Height: scaled(t.Height, f)}
	p.PosterEvery = min(max(p.Duration/posterCandidates, 100*time.Millisecond), time.Second)
}

// top is the largest rung.
func (p *plan) top() rung { return p.Rungs[len(p.Rungs)-1] }

// made are the rungs that ffmpeg makes.
func (p *plan) made() []rung {
	if p.Apart {
		return p.Rungs[:len(p.Rungs)-1]
	}
	return p.Rungs
}

// copies reports whether ffmpeg copies the top.
func (p *plan) copies() bool { return p.Copy && !p.Apart }

// encodes are the rungs whose pictures are encoded.
func (p *plan) encodes() []rung {
	if p.Copy {
		return p.Rungs[:len(p.Rungs)-1]
	}
	return p.Rungs
}

// sounds is how often the sound is encoded: once for all rungs whose pictures are,
// and once for a copied top whose own will not do.
func (p *plan) sounds() int {
	n := 0
	if p.Audio != nil && len(p.encodes()) > 0 {
		n++
	}
	if p.Audio != nil && p.copies() && !p.CopySound {
		n++
	}
	return n
}

// displaySize is the picture as viewers see it: pixels made square by
// stretching the width, as players do, and then turned upright. A pixel ratio
// beyond 8:1 is taken for nonsense, and one within a hundredth of square for
// an editor's rounding.
func displaySize(v *videoStream) (w, h int) {
	w, h = v.Width, v.Height
	if r := v.PixelRatio.float(); r >= 1.0/8 && r <= 8 && math.Abs(r-1) > 0.01 {
		w = max(int(math.Round(float64(w)*r)), 1)
	}
	if v.Orientation.swap {
		return h, w
	}
	return w, h
}

// sampleRate keeps the two rates that everything plays.
func sampleRate(hz int) int {
	if hz == 44100 {
		return 44100
	}
	return 48000
}
