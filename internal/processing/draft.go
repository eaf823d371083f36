package processing

import (
	"context"
	"errors"
	"fmt"

	"magpie/internal/blob"
	"magpie/internal/media"
)

// MaxHead is the most of a rendition's beginning that a Draft may leave open.
const MaxHead = blob.MaxHead

// draft is a rendition on its way into the store.
type draft struct {
	out  *output
	w    *blob.Writer
	kept bool // it is being made durable, and is not ours any more
}

// Begin starts a rendition in the store itself, where it has no name yet.
func (o *output) Begin(ctx context.Context, hint, head int64) (Draft, error) {
	w, err := o.w.blobs.CreateHeaded(ctx, hint, head)
	if err != nil {
		return nil, fmt.Errorf("begin a rendition: %w", err)
	}
	d := &draft{out: o, w: w}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.begun = append(o.begun, d)
	return d, nil
}

// Save gives it its name, under the attempt's own prefix.
func (d *draft) Save(ctx context.Context, r media.Rendition, head []byte) error {
	err := blob.CheckKey(d.out.key(r.Name))
	if err == nil && d.kept {
		err = errKept
	}
	if err == nil {
		err = d.w.WriteHead(head)
	}
	if err != nil {
		return fmt.Errorf("save rendition %s: %w", r.Name, err)
	}
	d.kept = true
	d.out.keep(ctx, d.w, r)
	return nil
}

var errKept = errors.New("the draft was saved before")

func (d *draft) Write(p []byte) (int, error) {
	if d.kept {
		return 0, errKept
	}
	return d.w.Write(p)
}

func (d *draft) Abort() {
	if !d.kept {
		d.w.Abort()
	}
}

// drop aborts every draft that its engine has left. Nothing is being saved any
// more.
func (o *output) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.begun {
		d.Abort()
	}
}
