package processing

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// closed is what has ended already.
func closed() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// manner is how an attempt is made.
type manner struct {
	quick    bool        // others wait behind it
	recorded bool        // the media is: its row shows that the attempt lives
	file     *blob.Taken // the original where it isn't stored yet, else nil
}

// attempt runs the engine for the media's kind.
func (w *Worker) attempt(ctx context.Context, m media.Media, how manner) (media.Outcome, error) {
	engine := w.engines[m.Category.Kind()]
	if engine == nil {
		return media.Outcome{}, nil
	}
	in := Input{Media: m, Size: m.Size(), Again: m.State.Done(), Quick: how.quick}
	if how.file != nil {
		in.Original = how.file
	} else {
		original := w.blobs.ReaderAt(ctx, m.Manifest)
		defer original.Close()
		in.Original = original
	}
	if kind := m.Category.Kind(); kind == media.KindVideo || kind == media.KindGIF {
		withdraw, err := w.forChildren(&in)
		if err != nil {
			return media.Outcome{}, err
		}
		defer withdraw()
	}

	whole, began := ctx, w.now()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := &output{w: w, m: m, touched: make(chan struct{}, 1)}
	done := closed()
	if how.recorded {
		done = out.follow(ctx, cancel)
	}
	if how.file != nil {
		out.fresh = &fresh{begun: how.file.Begun, made: make(chan struct{})}
	}
	outcome, err := process(ctx, engine, in, out)
	if how.file != nil {
		how.file.Read() // and is kept while what was made of it is
		close(out.fresh.made)
	}
	if e := out.settle(); err == nil {
		err = e
	}
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errSuperseded) {
		err = cause
	}
	cancel(nil)
	<-done
	out.drop()
	outcome.Renditions = out.saved
	if how.file != nil {
		if refused := how.file.Begun(); refused != nil { // and so is no fault of the attempt's
			return media.Outcome{}, refused
		}
	}
	w.ran(whole, m, began, out.saved, err)
	return outcome, err
}

// forChildren adds what child processes work with to an input: a folder of their
// own, and an address of the original. withdraw takes both away.
func (w *Worker) forChildren(in *Input) (withdraw func(), err error) {
	scratch := filepath.Join(w.cfg.Scratch, fmt.Sprintf("%s-%d", in.Media.ID, in.Media.Attempt))
	if err := os.Mkdir(scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make a scratch folder: %w", err)
	}
	remove := func() {
		if err := os.RemoveAll(scratch); err != nil {
			w.log.Warn("scratch folder left behind", "folder", scratch, "err", err)
		}
	}
	url, recall, err := w.source.Offer(in.Original, in.Size)
	if err != nil {
		remove()
		return nil, fmt.Errorf("offer the original: %w", err)
	}
	in.URL, in.Scratch = url, scratch
	return func() { recall(); remove() }, nil
}

// process turns an engine's panic into an error with the stack in it, so that
// the media is released and its tries are counted.
func process(ctx context.Context, e Engine, in Input, out Output) (o media.Outcome, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return e.Process(ctx, in, out)
}
