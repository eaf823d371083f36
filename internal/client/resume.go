package client

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
)

// segment is one that the server has.
type segment struct {
	Index int    `json:"segment_index"`
	Bytes int64  `json:"bytes"`
	CRC   string `json:"crc32c"`
}

// begin finds the upload that can be gone on with, or opens one. It gives the
// segments that need not be sent.
func (r *running) begin(ctx context.Context) (map[int]bool, error) {
	if k := r.entry.known; k != nil {
		switch there, err := r.remembered(ctx); {
		case err != nil:
			return nil, err
		case there != nil:
			return there, nil
		}
		r.entry.forget()
	}
	return nil, r.initialize(ctx)
}

// remembered gives the segments that arrived of the upload that is known; nil
// where it can't be gone on with, which it says why.
func (r *running) remembered(ctx context.Context) (map[int]bool, error) {
	k := r.entry.known
	if k.File != r.Source.is {
		r.Watcher.Say("the file has changed since its upload began; beginning anew")
		r.abort(ctx)
		return nil, nil
	}
	if !r.server.c.Now().Before(k.ExpiresAt) {
		r.Watcher.Say("the upload that was begun has expired; beginning anew")
		return nil, nil
	}
	if r.dialect == X {
		r.Watcher.Say("going on with " + k.ID)
		return r.entry.acked, nil
	}
	var got struct {
		Data struct{ Segments []segment }
	}
	err := r.server.json(ctx, http.MethodGet, "/magpie/v1/uploads/"+k.ID, nil, &got)
	var refused *Refusal
	if errors.As(err, &refused) && (refused.Status == http.StatusNotFound || refused.Status == http.StatusGone) {
		r.Watcher.Say("the server no longer has the upload that was begun; beginning anew")
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask what arrived of %s: %w", k.ID, err)
	}
	r.Watcher.Say("going on with " + k.ID)
	return r.same(got.Data.Segments)
}

// same picks the segments that hold what the file holds there. The others are
// sent again, and then the server takes those.
func (r *running) same(list []segment) (map[int]bool, error) {
	there := map[int]bool{}
	had := map[int]segment{}
	for _, g := range list {
		had[g.Index] = g
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	for p, err := range r.Source.pieces(r.entry.known.Step) {
		if err != nil {
			return nil, err
		}
		g, ok := had[p.index]
		if !ok || g.Bytes != p.size {
			continue
		}
		h := crc32.New(table)
		if _, err := io.Copy(h, p.reader()); err != nil {
			return nil, fmt.Errorf("read %s: %w", r.Source.Name, err)
		}
		there[p.index] = fmt.Sprintf("%08x", h.Sum32()) == g.CRC
	}
	return there, nil
}
