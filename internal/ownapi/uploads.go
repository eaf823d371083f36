package ownapi

import (
	"fmt"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// uploadItem is an upload that is not finished.
type uploadItem struct {
	ID         string         `json:"id"`
	State      string         `json:"state"` // open, closing or closed
	TotalBytes *int64         `json:"total_bytes,omitempty"`
	Category   media.Category `json:"category,omitempty"`
	Type       media.Type     `json:"media_type,omitempty"`
	Shared     bool           `json:"shared"`
	CreatedAt  time.Time      `json:"created_at"`
	ExpiresAt  time.Time      `json:"expires_at"`
}

func newUploadItem(s media.Session) uploadItem {
	out := uploadItem{
		ID: s.ID.String(), State: string(s.State), Category: s.Category, Type: s.Type, Shared: s.Shared,
		CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt,
	}
	if s.TotalBytes != media.Undeclared {
		out.TotalBytes = &s.TotalBytes
	}
	return out
}

// uploadDetail adds what has arrived.
type uploadDetail struct {
	uploadItem
	ReceivedBytes int64          `json:"received_bytes"`
	Segments      []segmentItem  `json:"segments"`
	Missing       []segmentRange `json:"missing"` // below the highest that arrived
}

type segmentItem struct {
	Index int    `json:"segment_index"`
	Bytes int64  `json:"bytes"`
	CRC   string `json:"crc32c"` // eight hexadecimal digits
}

type segmentRange struct {
	First int `json:"first"`
	Last  int `json:"last"`
}

// uploadList answers GET /magpie/v1/uploads: the caller's own uploads that are
// not finished, the newest first.
func (a *API) uploadList(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, before, err := paging(query)
	if err != nil {
		return err
	}
	list, err := a.catalog.OpenUploads(r.Context(), who.User, before, limit+1)
	if err != nil {
		return err
	}
	var next media.ID
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	page := make([]uploadItem, len(list))
	for i, s := range list {
		page[i] = newUploadItem(s)
	}
	return a.answer(w, r, http.StatusOK, listed(page, next))
}

// uploadGet answers GET /magpie/v1/uploads/{id}: where an upload stands and
// which of its segments have arrived, so that a client can go on with it.
func (a *API) uploadGet(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	got, err := a.sessions.Received(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	out := uploadDetail{
		uploadItem: newUploadItem(got.Session), ReceivedBytes: got.Bytes,
		Segments: make([]segmentItem, len(got.Segments)), Missing: make([]segmentRange, len(got.Missing)),
	}
	for i, s := range got.Segments {
		out.Segments[i] = segmentItem{Index: s.Index, Bytes: s.Bytes, CRC: fmt.Sprintf("%08x", s.CRC)}
	}
	for i, g := range got.Missing {
		out.Missing[i] = segmentRange(g)
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// uploadAbort answers DELETE /magpie/v1/uploads/{id}: the upload ends and its
// bytes go. Again it answers the same.
func (a *API) uploadAbort(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := uploadID(r)
	if err != nil {
		return err
	}
	if err := a.sessions.Abort(r.Context(), actor(who), id); err != nil {
		return err
	}
	return a.answer(w, r, http.StatusNoContent, nil)
}

// uploadID reads the id of a request that takes no parameters.
func uploadID(r *http.Request) (media.ID, error) {
	if _, err := parameters(r); err != nil {
		return 0, err
	}
	return media.ParseID(r.PathValue("id"))
}
