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
	name string
	kept bool // it is being made durable, and is not ours any more
}

// Begin starts a rendition in the store itself, which may send a long one on to
// where it is kept while it comes, since it knows the name.
func (o *output) Begin(ctx context.Context, name string, hint, head int64) (Draft, error) {
	key := o.key(name)
	err := blob.CheckKey(key)
	var w *blob.Writer
	if err == nil {
		w, err = o.w.blobs.CreateKeyed(ctx, key, hint, head)
	}
	if err != nil {
		return nil, fmt.Errorf("begin rendition %s: %w", name, err)
	}
	d := &draft{out: o, w: w, name: name}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drafts = append(o.drafts, d)
	return d, nil
}

// Save puts the head in its place, and has the rest made durable.
func (d *draft) Save(ctx context.Context, r media.Rendition, head []byte) error {
	var err error
	switch {
	case d.kept:
		err = errKept
	case r.Name != d.name:
		err = fmt.Errorf("it was begun as %s", d.name)
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
	for _, d := range o.drafts {
		d.Abort()
	}
}
