package delivery

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"

	"magpie/internal/media"
)

// layoutsKept is how many layouts and blobs in them are in memory at least, of the
// originals that were asked for last; there are hardly more than twice as many.
const layoutsKept = 16 << 10

// layout is where the bytes of an original lie. It never changes.
type layout struct {
	manifest media.Manifest
	size     int64
	tag      string // the ETag
}

// layouts remembers layouts: that of an upload in a thousand segments takes longer
// to read than a range of it to send. The zero value is ready for use.
type layouts struct {
	mu    sync.Mutex
	new   map[media.ID]layout // and once it is full
	old   map[media.ID]layout // it becomes this, in whose place it was
	blobs int                 // in new
}

func (c *layouts) get(id media.ID) (layout, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l, ok := c.new[id]
	if !ok {
		l, ok = c.old[id]
	}
	return l, ok
}

func (c *layouts) put(id media.ID, l layout) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.new[id]; ok {
		return
	}
	if c.new == nil || c.blobs >= layoutsKept {
		c.new, c.old, c.blobs = map[media.ID]layout{}, c.new, 0
	}
	c.new[id] = l
	c.blobs += 1 + len(l.manifest)
}

// layout gives that of a media.
func (o *Originals) layout(ctx context.Context, id media.ID) (layout, error) {
	if l, ok := o.layouts.get(id); ok {
		return l, nil
	}
	m, err := o.catalog.Media(ctx, id)
	if err != nil {
		return layout{}, err
	}
	l := layout{manifest: m.Manifest, size: m.Size(), tag: originalTag(m.Manifest)}
	o.layouts.put(id, l)
	return l, nil
}

// originalTag is the ETag of an original. Blob names are never used twice, so the
// names stand for the bytes.
func originalTag(m media.Manifest) string {
	names := sha256.New()
	for _, b := range m {
		_, _ = io.WriteString(names, b.Key+"\n") // never fails
	}
	return `"` + hex.EncodeToString(names.Sum(nil)[:16]) + `"`
}
