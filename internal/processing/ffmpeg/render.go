package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// renderShare is the percentage of all work that rendering counts for.
const renderShare = 95

// fullHD is the pixels of 1920×1080.
const fullHD = 1920 * 1080

// render decodes the original once and writes into scratch an MP4 per rung, the
// poster's candidates, of which it chooses, and the sheets of thumbnails. A top that
// was copied first is copied in the same way again. What it gives with an error, or
// with a top that does not play alone, is to be dropped.
func (e *Engine) render(ctx context.Context, src source, p plan, in processing.Input, out processing.Output) ([]rendered, still, error) {
	var apart []rendered
	top, done, err := e.copyPlain(ctx, p, in, out)
	if err != nil {
		return nil, still{}, err
	}
	if done {
		p.Apart, apart = true, []rendered{top}
		if !top.playsAlone() {
			return apart, still{}, nil
		}
	}
	if err := e.runRender(ctx, src, p, pass{step: "render", args: e.renderArgs(src, p), scratch: in.Scratch}, out.Progress); err != nil {
		return apart, still{}, err
	}
	shown, err := poster(ctx, p, in.Scratch)
	if err != nil {
		return apart, still{}, err
	}
	made, err := wrap(ctx, p, in.Scratch)
	return append(made, apart...), shown, err
}

// pass is one run of ffmpeg over the original.
type pass struct {
	step    string
	args    []string
	scratch string                // where it may write; "" for nowhere
	media   func(io.Reader) error // reads what it writes to mediaPipe, if it does
}

// runRender runs ffmpeg over the original.
func (e *Engine) runRender(ctx context.Context, src source, p plan, do pass, report func(int)) error {
	var last progress
	step := do.step
	x, err := e.run(ctx, command{
		path: e.ffmpeg, args: do.args, dir: do.scratch, port: src.port, from: &src, media: do.media,
		stdout: &progressWriter{report: func(now progress) {
			last = now
			if p.Duration > 0 {
				report(min(int(renderShare*now.out/p.Duration), renderShare-1))
			}
		}},
		limits: renderBounds(p),
	})
	if err != nil {
		return suspect(fmt.Errorf("%s: %w", step, err), p.Duration)
	}
	e.log.DebugContext(ctx, "ffmpeg ended", "step", step, "code", x.code, "out", last.out, "stderr", x.stderr)
	if !x.ok() {
		return blame(step, src.kind, x)
	}
	if err := outside(step, x); err != nil {
		return err
	}
	// The last picture may end a little before the cut.
	if last.out >= overrun(p.Duration)-2*time.Second {
		return media.NewFailure(media.InvalidMedia, fmt.Sprintf(
			"The file says that it lasts %s and goes on for longer.", inWords(p.Duration)))
	}
	return nil
}

// overrun is where rendering stops. A file that goes on this much longer
// than it says has lied, and with it all limits that come from its length.
func overrun(d time.Duration) time.Duration { return d + d/10 + 10*time.Second }

// renderBounds are what a child may use for an original of this length and
// size. Wall-clock: a minute and thirty times the length, more by as much as the
// top is larger than 1920×1080. Processor time: four processors for all of that. A file: twice what the rates allow, which is
// never reached by an honest one.
func renderBounds(p plan) bounds {
	t := p.top()
	larger := max(float64(t.Width*t.Height)/fullHD, 1)
	wall := time.Minute + time.Duration(30*larger*float64(p.Duration))
	file := uint64(float64(t.MaxRate+audioRate) / 8 * 2 * overrun(p.Duration).Seconds())
	if p.Animated {
		// No rate is set for these; a picture is never larger than raw.
		file = uint64(t.Width*t.Height) * 3 * uint64(max(p.Duration/(20*time.Millisecond), 1))
	}
	return bounds{
		wall: wall, cpu: 4 * wall,
		// Frames in flight in the decoder, at up to 10 bits and 4:4:4.
		memory: 4<<30 + uint64(p.CodedPixels)*256,
		file:   file + 16<<20,
	}
}
