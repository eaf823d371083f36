package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// send sends the segments that are not there yet, several at once.
func (r *running) send(ctx context.Context, there map[int]bool) error {
	k := r.entry.known
	arrived := int64(0)
	if r.Source.Size() >= 0 {
		for p := range r.Source.pieces(k.Step) {
			if there[p.index] {
				arrived += p.size
			}
		}
	}
	r.Watcher.Sending(r.Source.Size(), arrived)

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	var acks sync.Mutex
	next, stop := iter.Pull2(r.Source.pieces(k.Step))
	defer stop()
	for r.slot(ctx) { // before a piece is read, which may be into memory
		p, err, more := next()
		if err != nil {
			cancel(err)
		}
		if !more || err != nil || there[p.index] {
			<-r.slots
			if !more || err != nil {
				break
			}
			continue
		}
		wg.Go(func() {
			defer func() { <-r.slots }()
			err := r.append(ctx, p)
			if err == nil && r.dialect == X {
				acks.Lock()
				err = r.entry.ack(p.index)
				acks.Unlock()
			}
			if err != nil {
				cancel(fmt.Errorf("segment %d: %w", p.index, err))
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// slot waits until another segment may be on its way; false where the context
// ends first.
func (r *running) slot(ctx context.Context) bool {
	select {
	case r.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// append sends one segment.
func (r *running) append(ctx context.Context, p piece) error {
	var head bytes.Buffer
	form := multipart.NewWriter(&head)
	if err := form.WriteField("segment_index", strconv.Itoa(p.index)); err != nil {
		return err
	}
	if _, err := form.CreateFormFile("media", "segment"); err != nil {
		return err
	}
	tail := "\r\n--" + form.Boundary() + "--\r\n"
	var last *counted
	err := r.server.call(ctx, request{
		method: http.MethodPost, path: "/2/media/upload/" + r.entry.known.ID + "/append",
		mediaType: form.FormDataContentType(), length: int64(head.Len()) + p.size + int64(len(tail)),
		body: func() io.Reader {
			last.again()
			last = &counted{r: p.reader(), left: p.size, sent: r.Watcher.Sent}
			return io.MultiReader(bytes.NewReader(head.Bytes()), last, strings.NewReader(tail))
		},
	}, nil)
	if err != nil {
		last.again()
	}
	return err
}

// counted tells how much was read of a segment, and does not take the end of a
// file for the end of the segment.
type counted struct {
	r    io.Reader
	left int64
	sent func(int64)
	n    atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.left -= int64(n)
	c.n.Add(int64(n))
	c.sent(int64(n))
	if errors.Is(err, io.EOF) && c.left > 0 {
		err = errShort
	}
	return n, err
}

// again tells that what was read has to be sent again. It is nothing for nil.
func (c *counted) again() {
	if c != nil {
		c.sent(-c.n.Swap(0))
	}
}
