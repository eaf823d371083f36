package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// What a top rung may have that is taken over as it is. More than that is
// encoded, because not every phone plays it.
const (
	copyLevel   = 42               // H.264's 4.2: 1920×1080 at 60 pictures a second
	copyLarge   = 52               // of what is larger: 4096×2160 at 60
	copySpacing = 10 * time.Second // between key pictures, and so the longest HLS segment
	copyLate    = 50 * time.Millisecond
)

// copyable reports whether the original's pictures are already what the top
// rung asks for, as far as the probe tells. Their average rate may be twice the
// rung's: it costs less than a second loss of quality, and slower connections
// have the lower rungs.
func (p *plan) copyable(found probed, t media.Type, size int64) bool {
	v, top := found.Video, p.top()
	length := p.Duration.Seconds()
	return (t == media.MP4 || t == media.QuickTime) && !p.Loop && p.Hold == 0 && p.HDR == "" && !p.Deinterlace &&
		v.Codec == "h264" && slices.Contains([]string{"High", "Main"}, v.Profile) &&
		v.Level > 0 && v.Level <= levelFor(top) && v.PixelFormat == "yuv420p" &&
		v.Width == top.Width && v.Height == top.Height && !v.Matrix &&
		(!v.PixelRatio.known() || v.PixelRatio.float() == 1) &&
		p.Rate.known() && v.AvgRate.float() <= 60 && math.Abs(v.AvgRate.float()/p.Rate.float()-1) < 0.01 && (v.Start-found.Start).Abs() <= copyLate &&
		length > 0 && float64(size)*8/length <= float64(2*(top.MaxRate+audioRate))
}

// levelFor is the highest level that a copied rung of this size may have.
func levelFor(r rung) int {
	if r.Width*r.Height > fullHD {
		return copyLarge
	}
	return copyLevel
}

// copyableSound is the same for the sound.
func copyableSound(found probed) bool {
	a := found.Audio
	return a != nil && a.Codec == "aac" && a.Profile == "LC" && (a.Channels == 1 || a.Channels == 2) &&
		(a.SampleRate == 44100 || a.SampleRate == 48000) && (a.Start-found.Start).Abs() <= copyLate
}

// playsAlone reports whether the copied pictures are sound, are shown as planned, came in
// groups that players can begin at and that are short enough for a segment, and
// whether what was cut from the beginning is really gone. An edit list may hide
// it, but browsers that play HLS show it all the same.
func (r rendered) playsAlone() bool {
	if r.broken || !r.asPlanned() || r.track("vide").Skipped > 0 || r.track("soun").Skipped > copyLate.Seconds() {
		return false
	}
	for _, f := range r.Fragments {
		if f.Open || f.Seconds > copySpacing.Seconds() {
			return false
		}
	}
	return true
}

// quick is how much work a plan may be that is done while the uploader waits,
// in pixels to decode and encode: some seconds of one processor.
const quick = 600_000_000

// long reports whether making the lower rungs takes so long that a copied top
// is better shown first. Decoding costs about a third of encoding.
func (p *plan) long() bool {
	return len(p.Rungs) > 1 && p.work(p.Rungs[:len(p.Rungs)-1]) > quick
}

// onlyTop is the plan without the rungs that take long.
func (p plan) onlyTop() plan {
	p.all, p.Rungs, p.Only = p.Rungs, p.Rungs[len(p.Rungs)-1:], true
	return p
}

// encoded is the plan where copying turned out not to do.
func (p plan) encoded() plan {
	if p.Only {
		p.Rungs, p.Only = p.all, false
	}
	p.Copy, p.CopySound = false, false
	return p
}

// remux copies the top rung, at the speed of reading, and looks at the original's
// beginning for the poster meanwhile. What it gives with an error is to be dropped.
func (e *Engine) remux(ctx context.Context, src source, p plan, in processing.Input, out processing.Output) ([]rendered, still, error) {
	return beside(ctx, func(ctx context.Context) (still, error) {
		return e.firstPoster(ctx, src, p)
	}, func() ([]rendered, error) {
		return e.copyTop(ctx, src, p, in, out)
	})
}

// beside looks for a poster while a copy is made, which takes about as long where the
// film is short.
func beside(ctx context.Context, look func(context.Context) (still, error), copied func() ([]rendered, error)) ([]rendered, still, error) {
	type choice struct {
		still
		err error
	}
	looking, cancel := context.WithCancel(ctx)
	defer cancel()
	chosen := make(chan choice, 1)
	go func() {
		var c choice
		defer func() {
			if r := recover(); r != nil { // as everywhere in an engine, this attempt's fault and no more
				c.err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
			chosen <- c
		}()
		c.still, c.err = look(looking)
	}()

	made, err := copied()
	if err != nil {
		cancel()
	}
	// Waited for in any case: nothing may be left that writes into scratch.
	found := <-chosen
	if err == nil {
		err = found.err
	}
	return made, found.still, err
}

// copyTop copies straight into the store, or by way of scratch where it can't be
// foreseen how long the index will be.
func (e *Engine) copyTop(ctx context.Context, src source, p plan, in processing.Input, out processing.Output) ([]rendered, error) {
	if made, done, err := e.copyPlain(ctx, p, in, out); done || err != nil {
		return []rendered{made}, err
	}
	if p.Room > 0 {
		made, err := e.copyThrough(ctx, src, p, in.Size, out)
		if !errors.Is(err, hybrid.ErrRoom) && !errors.Is(err, hybrid.ErrOrder) {
			return []rendered{made}, err
		}
		e.log.DebugContext(ctx, "copied again by way of scratch", "err", err)
	}
	args := e.remuxArgs(src, p, p.top().name()+".mp4")
	if err := e.runRender(ctx, src, p, pass{step: "copy", args: args, scratch: in.Scratch}, out.Progress); err != nil {
		return nil, err
	}
	return wrap(ctx, p, in.Scratch)
}

// copyThrough stores what ffmpeg writes while it comes. What it gives is to be
// dropped in any case but success.
func (e *Engine) copyThrough(ctx context.Context, src source, p plan, size int64, out processing.Output) (rendered, error) {
	draft, err := out.Begin(ctx, p.top().name()+".mp4", size, p.Room)
	if err != nil {
		return rendered{}, fmt.Errorf("copy: %w", err)
	}
	made := rendered{rung: p.top()}
	err = e.runRender(ctx, src, p, pass{
		step: "copy", args: e.remuxArgs(src, p, mediaPipe),
		media: func(r io.Reader) error {
			var err error
			made.File, err = hybrid.Stream(&capped{r: r, left: renderBounds(p).file}, draft, p.Room)
			return err
		},
	}, out.Progress)
	if err != nil {
		draft.Abort()
		if made.broken = errors.Is(err, hybrid.ErrUnits); made.broken || errors.Is(err, hybrid.ErrEmpty) {
			err = nil // verify says what that means
		}
		return made, err
	}
	made.draft = draft
	return made, nil
}

// capped is what a child may write at most: its limit for files does not hold
// for pipes.
type capped struct {
	r    io.Reader
	left uint64
}

func (c *capped) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if uint64(n) > c.left {
		return 0, tooLarge()
	}
	c.left -= uint64(n)
	return n, err
}

// taken reports whether all streams are taken over as they are. That is so little
// work, and so surely bounded by the bytes of the original, that it need not be cut.
func (p *plan) taken() bool { return p.Only && (p.Audio == nil || p.CopySound) }

// indexRoom is how long the copy's index is made; 0 where that can't be told.
func (p *plan) indexRoom(in processing.Input) int64 {
	tracks, encoded := []int{p.VideoIndex}, int64(0)
	switch {
	case p.CopySound:
		tracks = append(tracks, p.Audio.Index)
	case p.Audio != nil:
		encoded = int64((p.Duration + time.Second).Seconds() * float64(p.Audio.SampleRate) / 1024)
	}
	room, err := hybrid.Room(in.Original, in.Size, encoded, tracks...)
	if err != nil || room > processing.MaxHead {
		return 0
	}
	return room
}

// remuxArgs write the copy to a target.
func (e *Engine) remuxArgs(src source, p plan, target string) []string {
	args := e.inputArgs(src)
	if p.sounds() > 0 {
		args = append(args, "-filter_complex", p.audioGraph())
	}
	return slices.Concat(args, p.copyArgs(), p.fileArgs(target))
}
