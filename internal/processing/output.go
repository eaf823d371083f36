package processing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// output keeps what an engine makes and passes its progress on.
type output struct {
	w       *Worker
	m       media.Media
	touched chan struct{}
	fresh   *fresh // nil where the original is stored

	commits sync.WaitGroup

	mu      sync.Mutex
	percent int
	saved   []media.Rendition
	failed  error // the first commit that did
	drafts  []*draft
}

// fresh is what there is to wait for where an original isn't stored yet.
type fresh struct {
	begun func() error  // waits until something may be kept
	made  chan struct{} // closed when all is made
}

// smallest is how long a rendition is at most that waits until all are made: with
// the original they are then one wait for the disk, where a store has one for
// several.
const smallest = 256 << 10

// wait gives why something of a length may not be kept.
func (f *fresh) wait(size int64) error {
	if f == nil {
		return nil
	}
	if size <= smallest {
		<-f.made
	}
	return f.begun()
}

var errSuperseded = errors.New("the attempt was superseded or its media deleted")

// Save stores one rendition under the attempt's own prefix. It returns when the
// bytes are written; that they are made durable goes on meanwhile, since waiting
// for the disk is most of what a small file takes.
func (o *output) Save(ctx context.Context, r media.Rendition, from io.Reader, also ...string) error {
	o.mu.Lock()
	err := o.failed
	o.mu.Unlock()
	if err != nil {
		return err
	}
	if err := blob.CheckKey(o.key(r.Name)); err != nil {
		return fmt.Errorf("save rendition %s: %w", r.Name, err)
	}
	w, err := o.create(ctx, r.Name, sizeOf(from))
	if err == nil {
		_, err = io.Copy(w, from)
	}
	if err != nil {
		if w != nil {
			w.Abort()
		}
		return fmt.Errorf("save rendition %s: %w", r.Name, err)
	}
	o.keep(ctx, w, r, also...)
	return nil
}

// small is how long a rendition is at most that is kept back until it is whole.
const small = 8 << 20

// create begins a rendition of so many bytes, 0 where that isn't known. Small ones
// do not wait for room in the store: their engine may have a Draft that is what
// others wait for. Nor do those of an original that takes up room itself as long as
// it isn't stored.
func (o *output) create(ctx context.Context, name string, size int64) (*blob.Writer, error) {
	if o.fresh != nil || size > 0 && size <= small {
		return o.w.blobs.Create(ctx, size)
	}
	return o.w.blobs.CreateKeyed(ctx, o.key(name), size, 0)
}

// sizeOf is how many bytes a reader has that knows it, else 0.
func sizeOf(r io.Reader) int64 {
	switch r := r.(type) {
	case interface{ Len() int }: // *bytes.Buffer, *bytes.Reader, *strings.Reader
		return int64(r.Len())
	case interface{ Size() int64 }:
		return r.Size()
	}
	return 0
}

// keep begins to make a file durable that is whole, as a rendition and under
// more names.
func (o *output) keep(ctx context.Context, w *blob.Writer, r media.Rendition, also ...string) {
	o.mu.Lock()
	first := len(o.saved)
	o.saved = append(o.saved, r)
	for _, name := range also {
		r.Name = name
		o.saved = append(o.saved, r)
	}
	last := len(o.saved)
	o.mu.Unlock()
	o.commits.Go(func() { o.commit(ctx, w, first, last) })
}

func (o *output) key(name string) string {
	return fmt.Sprintf("renditions/%s/%d/%s", o.m.ID, o.m.Attempt, name)
}

// commit makes a file durable that is the renditions from first up to last.
func (o *output) commit(ctx context.Context, w *blob.Writer, first, last int) {
	o.mu.Lock()
	name := o.saved[first].Name
	o.mu.Unlock()
	var kept media.Blob
	var err error
	if err = o.fresh.wait(w.Size()); err == nil {
		kept, err = w.Commit(ctx, o.key(name))
	} else {
		w.Abort()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		if o.failed == nil {
			o.failed = fmt.Errorf("save rendition %s: %w", name, err)
		}
		return
	}
	for i := first; i < last; i++ {
		o.saved[i].Blob = kept
	}
}

// settle waits until everything that was saved is durable, or gives why it isn't.
func (o *output) settle() error {
	o.commits.Wait()
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.failed
}

// Progress notes the percentage and wakes follow.
func (o *output) Progress(percent int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if percent > o.percent {
		o.percent = min(percent, 99)
		select {
		case o.touched <- struct{}{}:
		default:
		}
	}
}

// firstLook is how long an attempt takes of whose progress nothing is written:
// most pictures are ready before.
const firstLook = 250 * time.Millisecond

// follow writes progress to the catalogue, once the attempt has lasted firstLook,
// at most once a second and at least every Touch, and cancels the attempt once it is superseded. The channel
// closes when it has stopped.
func (o *output) follow(ctx context.Context, cancel context.CancelCauseFunc) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		alive := time.NewTicker(o.w.cfg.Touch)
		defer alive.Stop()
		pause := time.After(firstLook) // closed season, also after a write
		var wake <-chan struct{}
		for {
			select {
			case <-ctx.Done():
				return
			case <-pause:
				pause, wake = nil, o.touched
				continue
			case <-wake:
			case <-alive.C:
			}
			o.mu.Lock()
			percent := o.percent
			o.mu.Unlock()
			held, err := o.w.catalog.SetProgress(ctx, o.m.ID, o.m.Attempt, percent, o.w.now())
			switch {
			case ctx.Err() != nil:
				return
			case err != nil:
				o.w.log.Warn("progress not recorded", "media", o.m.ID, "err", err)
			case !held:
				cancel(errSuperseded)
				return
			}
			pause, wake = time.After(time.Second), nil
		}
	}()
	return done
}
