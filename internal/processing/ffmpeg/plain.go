package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"

	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// copyPlain copies the top of a film into the store without ffmpeg, which takes as
// long to start as a film of a minute to copy. done is false for what is not copied
// first, and for a film that only ffmpeg copies; whether it is that, the film alone
// decides, so that a later attempt makes the same file again. Where what came of it does
// not play alone, it holds no draft.
func (e *Engine) copyPlain(ctx context.Context, p plan, in processing.Input, out processing.Output) (made rendered, done bool, err error) {
	if !p.Copy || p.Room == 0 || p.Audio != nil && !p.CopySound {
		return rendered{}, false, nil
	}
	tracks := []int{p.VideoIndex}
	if p.Audio != nil {
		tracks = append(tracks, p.Audio.Index)
	}
	fragments, err := hybrid.Fragments(in.Original, in.Size, tracks...)
	if err != nil {
		e.log.DebugContext(ctx, "left to ffmpeg", "step", "copy", "err", err)
		return rendered{}, false, ctx.Err()
	}
	draft, err := out.Begin(ctx, p.top().name()+".mp4", in.Size, p.Room)
	if err != nil {
		return rendered{}, false, fmt.Errorf("copy: %w", err)
	}
	made = rendered{rung: p.top()}
	faults := &faults{ctx: ctx, r: fragments, w: draft}
	made.File, err = hybrid.Stream(faults, faults, p.Room)
	if err == nil {
		made.draft = draft
		return made, true, nil
	}
	draft.Abort()
	switch {
	case faults.err != nil:
		return rendered{}, false, fmt.Errorf("copy: %w", faults.err)
	case errors.Is(err, hybrid.ErrUnits):
		made.broken = true
		return made, true, nil // verify says what that means
	}
	e.log.DebugContext(ctx, "left to ffmpeg", "step", "copy", "err", err)
	return rendered{}, false, nil
}

// faults passes bytes on until ctx ends, and keeps what went wrong around them.
type faults struct {
	ctx context.Context
	r   io.Reader
	w   io.Writer
	err error
}

func (f *faults) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		f.err = err
		return 0, err
	}
	n, err := f.r.Read(p)
	if err != nil && err != io.EOF && !errors.Is(err, hybrid.ErrOdd) {
		f.err = err
	}
	return n, err
}

func (f *faults) Write(p []byte) (int, error) {
	n, err := f.w.Write(p)
	if err != nil {
		f.err = err
	}
	return n, err
}
