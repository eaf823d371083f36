package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// Config says which programs to run and what they may take on. The zero value
// is useful.
type Config struct {
	FFmpeg  string       // path of ffmpeg; "" takes it from PATH
	FFprobe string       // path of ffprobe; "" takes it from PATH
	Limits  media.Limits // the zero value is media.DefaultLimits
	Threads int          // threads of a decoder or encoder; 0 is one per processor, at most 8
	Logger  *slog.Logger // nil logs nothing

	// Source is where children wait that are started before they are needed; nil
	// starts none.
	Source *processing.Source

	// MaxRung is the last of Steps that videos are offered in; 0 is the last of
	// all. What is shown as a GIF ends at 1080 in any case.
	MaxRung int
}

// Engine makes renditions of videos and GIFs. It may be used from many
// goroutines; each Process runs one child at a time, two where a poster is taken beside. Close ends
// those that wait for the next.
type Engine struct {
	ffmpeg  string
	ffprobe string
	limits  media.Limits
	pixels  int64 // the most of a picture in any category
	threads int
	log     *slog.Logger
	sandbox sandbox
	early   early

	maxRung int

	toneMapOnce sync.Once
	toneMap     bool
}

var _ processing.Engine = (*Engine)(nil)

// New finds the two programs. It fails, naming the setting, when one is not
// there; it does not run them: Check does.
func New(c Config) (*Engine, error) {
	ffmpeg, err := program("ffmpeg", c.FFmpeg)
	if err != nil {
		return nil, err
	}
	ffprobe, err := program("ffprobe", c.FFprobe)
	if err != nil {
		return nil, err
	}
	if c.Threads < 0 {
		return nil, fmt.Errorf("ffmpeg threads %d: wants 0 for one per processor, or more", c.Threads)
	}
	e := &Engine{ffmpeg: ffmpeg, ffprobe: ffprobe, limits: c.Limits, threads: c.Threads, log: c.Logger}
	e.early.source = c.Source
	if e.limits == (media.Limits{}) {
		e.limits = media.DefaultLimits()
	}
	e.pixels = largestPicture(e.limits)
	if e.maxRung, err = lastStep(c.MaxRung); err != nil {
		return nil, err
	}
	if e.threads == 0 {
		e.threads = min(runtime.NumCPU(), 8)
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	e.sandbox = newSandbox(ffmpeg, ffprobe)
	return e, nil
}

// program gives the absolute path of a program with links resolved, because
// the sandbox allows files, not links.
func program(name, path string) (string, error) {
	if path == "" {
		path = name
	}
	found, err := exec.LookPath(path)
	if err != nil {
		return "", fmt.Errorf("find %s (install it, or set its path): %w", name, err)
	}
	if found, err = filepath.Abs(found); err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	if found, err = filepath.EvalSymlinks(found); err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	return found, nil
}

// Process makes the renditions of one video or GIF, as processing.Engine says.
// in.Media.Category must be of KindVideo or KindGIF.
func (e *Engine) Process(ctx context.Context, in processing.Input, out processing.Output) (media.Outcome, error) {
	src, err := sourceOf(in)
	if err != nil {
		return media.Outcome{}, err
	}
	unfit := false // it was copied, and must be encoded
	if canWait(in.Media.Type) && !in.Again {
		e.Expect() // what comes after the next step gets ready beside it
		outcome, how, err := e.swift(ctx, src, in, out)
		if how == arrived || err != nil {
			return outcome, err
		}
		unfit = how == astray
	}
	return e.thorough(ctx, src, in, out, unfit)
}

// thorough does what Process does, with the probe. unfit says that copying was tried and
// does not do.
func (e *Engine) thorough(ctx context.Context, src source, in processing.Input, out processing.Output, unfit bool) (media.Outcome, error) {
	p, err := e.prepare(ctx, in, src)
	if err == nil && p.Copy && unfit {
		p = p.encoded()
	}
	if err == nil && p.Copy && !in.Again && p.long() {
		p = p.onlyTop()
	}
	if !p.Only {
		e.early.dismiss() // nothing is copied
	}
	if err != nil {
		return media.Outcome{}, err
	}
	for {
		if in.Quick && p.slow() {
			return media.Outcome{Duration: p.Duration}, processing.ErrLong
		}
		made, shown, err := e.make(ctx, src, p, in, out)
		if better, is := p.instead(made, err); is {
			drop(made)
			p = better
			continue
		}
		defer drop(made)
		if err != nil {
			return p.outcome(), err
		}
		return e.keep(ctx, p, made, shown, in, out)
	}
}

// instead is the plan to go on with where what came of p shows that p does not do: what
// can't be copied after all is encoded, and the last picture stays for sound that goes on.
// Each happens once at most.
func (p plan) instead(made []rendered, err error) (plan, bool) {
	if p.Copy && (blamed(err) || err == nil && !made[len(made)-1].playsAlone()) {
		return p.encoded(), true
	}
	if err != nil {
		return p, false
	}
	return p.held(made)
}

// outcome is what is known of what a plan makes.
func (p *plan) outcome() media.Outcome {
	return media.Outcome{Width: p.Width, Height: p.Height, Duration: p.Duration, More: p.Only}
}

// keep saves what was made.
func (e *Engine) keep(ctx context.Context, p plan, made []rendered, shown still, in processing.Input, out processing.Output) (media.Outcome, error) {
	outcome := p.outcome()
	out.Progress(renderShare)
	files, err := collect(p, made, shown, in.Scratch)
	if err != nil {
		return outcome, err
	}
	outcome.Placeholder = shown.placeholder
	return outcome, save(ctx, files, in.Scratch, out)
}

// make renders and looks at what came of it.
func (e *Engine) make(ctx context.Context, src source, p plan, in processing.Input, out processing.Output) ([]rendered, still, error) {
	var made []rendered
	var shown still
	var err error
	if p.Only {
		made, shown, err = e.remux(ctx, src, p, in, out)
	} else {
		made, shown, err = e.render(ctx, src, p, in, out)
	}
	if err == nil {
		err = verify(p, made)
	}
	return made, shown, err
}

// drop lets go of what was stored of rungs and not saved.
func drop(made []rendered) {
	for _, r := range made {
		if r.draft != nil {
			r.draft.Abort()
		}
	}
}

// blamed reports whether an error says that the file is at fault.
func blamed(err error) bool {
	var f *media.Failure
	return errors.As(err, &f)
}

// prepare looks at the original and plans, without writing anything.
func (e *Engine) prepare(ctx context.Context, in processing.Input, src source) (plan, error) {
	limit := e.limits.Of(in.Media.Category, in.Media.Type)
	if in.Media.Type == media.GIF {
		g, err := scanGIF(ctx, in.Original, in.Size, limit)
		if err != nil {
			return plan{}, err
		}
		return planGIF(g, e.maxRung), nil
	}
	if in.Media.Type == media.MP4 || in.Media.Type == media.QuickTime {
		if err := checkEdits(in.Original, in.Size); err != nil {
			return plan{}, err
		}
	}
	found, err := e.probe(ctx, src)
	if err != nil {
		return plan{}, err
	}
	if err := check(found, limit); err != nil {
		return plan{}, err
	}
	if found.needsMeasure(in.Media.Type) {
		if found, err = e.measure(ctx, src, found, in.Size); err != nil {
			return plan{}, err
		}
	}
	if err := e.checkForm(ctx, in, src, found, limit); err != nil {
		return plan{}, err
	}
	p := planVideo(found, in.Media.Category.Kind() == media.KindGIF, e.maxRung)
	p.ToneMap = p.HDR != "" && e.canToneMap(ctx)
	p.Copy = p.copyable(found, in.Media.Type, in.Size)
	p.CopySound = p.Copy && copyableSound(found)
	if p.Copy && p.long() {
		p.Room = p.indexRoom(in)
	}
	return p, nil
}

// collect names every file that is to be saved: poster and MP4s, then, for a
// video, the thumbnails and the playlists.
func collect(p plan, made []rendered, shown still, scratch string) ([]file, error) {
	files := []file{shown.file}
	for _, r := range made {
		files = append(files, r.mp4(p.Loop))
	}
	if p.Loop {
		return files, nil
	}
	scrub, err := scrubbing(p, made, scratch)
	if err != nil {
		return nil, err
	}
	files = append(files, scrub...)
	hls, err := playlists(p, made)
	if err != nil {
		return nil, err
	}
	return append(files, hls...), nil
}
