package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// earlyFor is how long a child waits that was started before it was needed. It takes
// memory, and after readTimeout it would end by itself.
const earlyFor = 10 * time.Second

// early are the children that were started before they were needed, since loading
// ffmpeg takes as long as what it does to a film that is only copied. Each has
// read nothing but its arguments, waits for the answer to its first request, is
// used for one original and then gone; there is at most one for each command. It
// lives in the same sandbox as others. The zero value has none.
type early struct {
	source *processing.Source // nil starts none

	mu      sync.Mutex
	waiting []*waiting
	closed  bool
	threads sync.WaitGroup
}

// waiting is one such child.
type waiting struct {
	command               // what it was started with
	jobs    chan job      // taken when it has asked for its original
	gone    chan struct{} // closed when it can't be used any more
	leave   chan struct{} // closed when nobody will
}

// job is what a child is used for.
type job struct {
	ctx     context.Context
	command command
	done    chan result
}

// Expect says that a video is about to be processed: what takes the poster of one that
// is copied is started where it isn't waiting already. Without
// Config.Source it does nothing. It returns at once and may be called as often as one
// likes.
func (e *Engine) Expect() {
	e.early.mu.Lock()
	defer e.early.mu.Unlock()
	if e.early.source == nil || e.early.closed {
		return
	}
	r, err := e.early.source.Reserve()
	if err != nil {
		return // then it is started when it is needed
	}
	src := source{url: r.URL, port: e.early.source.Port(), args: inputOptions("mov")}
	w := &waiting{command: e.glancing(src), jobs: make(chan job), gone: make(chan struct{}), leave: make(chan struct{})}
	if slices.ContainsFunc(e.early.waiting, func(other *waiting) bool { return other.does(w.command) }) {
		r.Withdraw()
		return
	}
	e.early.waiting = append(e.early.waiting, w)
	e.early.threads.Add(1)
	onOwnThread(func() {
		defer e.early.threads.Done()
		e.wait(w, r)
	})
}

// wait starts a child and lets it wait.
func (e *Engine) wait(w *waiting, r *processing.Reserved) {
	defer r.Withdraw()
	defer e.early.take(w)
	defer close(w.gone)
	h, err := e.start(w.command)
	if err != nil {
		e.log.Debug("no child waits", "err", err)
		return
	}
	until := time.NewTimer(earlyFor)
	defer until.Stop()
	asked, jobs := r.Asked(), chan job(nil)
	for {
		select {
		case <-asked:
			asked, jobs = nil, w.jobs
		case j := <-jobs:
			select {
			case <-h.exited:
				h.dismiss()
				j.done <- result{err: errGone}
				return
			default:
			}
			r.Give(j.command.from.original, j.command.from.size)
			x, err := h.finish(j.ctx, j.command)
			j.done <- result{x, err}
			return
		case <-h.exited:
			e.log.Warn("a child that waited has ended", "stderr", h.stderr.String())
			h.dismiss()
			return
		case <-until.C:
			h.dismiss()
			return
		case <-w.leave:
			h.dismiss()
			return
		}
	}
}

// errGone is a child that ended while it waited.
var errGone = errors.New("ended before it was needed")

// run uses the child that waits for such a command, if there is one.
func (y *early) run(ctx context.Context, c command) (result, bool) {
	if c.from == nil || c.from.original == nil {
		return result{}, false
	}
	w := y.find(c)
	if w == nil {
		return result{}, false
	}
	j := job{ctx: ctx, command: c, done: make(chan result, 1)}
	select {
	case w.jobs <- j:
	case <-w.gone:
		return result{}, false
	case <-ctx.Done():
		close(w.leave)
		<-w.gone
		return result{err: fmt.Errorf("run %s: %w", c.path, context.Cause(ctx))}, true
	}
	r := <-j.done
	return r, !errors.Is(r.err, errGone)
}

// find gives the child that waits for such a command, which is nobody else's then.
func (y *early) find(c command) *waiting {
	y.mu.Lock()
	defer y.mu.Unlock()
	i := slices.IndexFunc(y.waiting, func(w *waiting) bool { return w.does(c) })
	if i < 0 {
		return nil
	}
	w := y.waiting[i]
	y.waiting = slices.Delete(y.waiting, i, i+1)
	return w
}

// take makes sure that w is not found.
func (y *early) take(w *waiting) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.waiting = slices.DeleteFunc(y.waiting, func(other *waiting) bool { return other == w })
}

// does reports whether the child does for its original what c asks for its own.
func (w *waiting) does(c command) bool {
	return w.path == c.path && w.dir == c.dir && w.port == c.port && (w.media == nil) == (c.media == nil) &&
		slices.EqualFunc(w.args, c.args, func(a, b string) bool { return a == b || a == w.from.url && b == c.from.url })
}

// Close ends the children that wait, and starts no more of them. What is being
// processed goes on.
func (e *Engine) Close() error {
	e.early.mu.Lock()
	e.early.closed = true
	e.early.mu.Unlock()
	e.early.dismiss()
	e.early.threads.Wait()
	return nil
}

// dismiss ends the children that wait: they take memory.
func (y *early) dismiss() {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, w := range y.waiting {
		close(w.leave)
	}
	y.waiting = nil
}

// glancing is the command that takes the poster of most films that are copied.
func (e *Engine) glancing(src source) command {
	return command{path: e.ffmpeg, args: e.glanceArgs(src, 0), port: src.port, from: &src, stdout: io.Discard, media: readAll}
}

func readAll(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

// canWait is of which types children that wait can read.
func canWait(t media.Type) bool { return t == media.MP4 || t == media.QuickTime }
