package upload

import (
	"context"
	"io"
	"iter"
	"runtime"
	"time"

	"magpie/internal/blob"
)

// scheduler runs operations one at a time, in an order that a test picks, and
// lets it stop them for ever between any two steps. A step ends where an
// operation touches the store, the clock, the random source, or waits.
type scheduler struct {
	tasks   []*task
	current *task
}

type task struct {
	name   string
	resume chan bool     // true: go on; false: the process died here
	parked chan struct{} // the task waits to be resumed, or has ended
	ended  bool
	began  int // steps before it
	end    int // steps before it ended
}

// spawn makes a task; it first runs when it is picked.
func (s *scheduler) spawn(name string, step int, do func()) *task {
	t := &task{name: name, resume: make(chan bool), parked: make(chan struct{}), began: step}
	s.tasks = append(s.tasks, t)
	go func() {
		defer func() { t.ended = true; t.parked <- struct{}{} }()
		if <-t.resume {
			do()
		}
	}()
	return t
}

// step lets one task run to its next step.
func (s *scheduler) step(t *task, now int) {
	s.current = t
	t.resume <- true
	<-t.parked
	s.current = nil
	if t.ended {
		t.end = now
		s.drop(t)
	}
}

func (s *scheduler) drop(t *task) {
	for i, o := range s.tasks {
		if o == t {
			s.tasks = append(s.tasks[:i], s.tasks[i+1:]...)
			return
		}
	}
}

// yield is called from inside a task, between two steps.
func (s *scheduler) yield() {
	t := s.current
	if t == nil {
		return // the test itself is at work
	}
	t.parked <- struct{}{}
	if !<-t.resume {
		runtime.Goexit()
	}
}

// crash abandons every task where it stands: none takes another step. What
// their deferred calls would do, a dead process doesn't; so they stay parked
// until bury.
func (s *scheduler) crash() (dead []*task) {
	dead, s.tasks = s.tasks, nil
	return dead
}

// stepping makes every operation of a driver a step.
type stepping struct {
	blob.Driver
	s *scheduler
}

func (d stepping) Create(ctx context.Context, hint, head int64) (blob.Upload, error) {
	d.s.yield()
	u, err := d.Driver.Create(ctx, hint, head)
	return steppingUpload{u, d.s}, err
}

func (d stepping) Open(ctx context.Context, key string, off, n int64) (io.ReadCloser, error) {
	d.s.yield()
	return d.Driver.Open(ctx, key, off, n)
}

func (d stepping) Delete(ctx context.Context, key string) error {
	d.s.yield()
	return d.Driver.Delete(ctx, key)
}

func (d stepping) Stat(ctx context.Context, key string) (blob.Info, error) {
	d.s.yield()
	return d.Driver.Stat(ctx, key)
}

func (d stepping) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return d.steps(d.Driver.List(ctx, prefix))
}

func (d stepping) Names(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return d.steps(d.Driver.Names(ctx, prefix))
}

func (d stepping) steps(listing iter.Seq2[blob.Info, error]) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		d.s.yield()
		for info, err := range listing {
			if !yield(info, err) {
				return
			}
		}
		d.s.yield()
	}
}

type steppingUpload struct {
	blob.Upload
	s *scheduler
}

func (u steppingUpload) Commit(ctx context.Context, key string) error {
	u.s.yield()
	err := u.Upload.Commit(ctx, key)
	u.s.yield()
	return err
}

// steps makes a clock, a random source and a wait of a scheduler's.
func (s *scheduler) clock(now *time.Time) func() time.Time {
	return func() time.Time {
		s.yield()
		return *now
	}
}

func (s *scheduler) pause(ctx context.Context, _ time.Duration) error {
	s.yield()
	return ctx.Err()
}
