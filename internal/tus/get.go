package tus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// standing is how an upload stands, for programs that read JSON rather than
// headers.
type standing struct {
	ID           string            `json:"id"`
	MediaKey     media.Key         `json:"media_key,omitempty"`
	State        string            `json:"state"` // uploading, or that of the media
	UploadOffset int64             `json:"upload_offset"`
	UploadLength *int64            `json:"upload_length,omitempty"` // not while it is deferred
	Category     media.Category    `json:"media_category,omitempty"`
	Type         media.Type        `json:"media_type,omitempty"`
	Metadata     map[string]string `json:"upload_metadata"`
	ExpiresAt    *time.Time        `json:"expires_at,omitempty"` // of an upload that is not finished
	Error        string            `json:"error,omitempty"`      // why the media failed
}

// get answers GET, which tus leaves to the server, with how an upload stands and
// what it became. It needs no Tus-Resumable.
func (a *API) get(w http.ResponseWriter, r *http.Request, who auth.Identity, id media.ID) error {
	u, err := a.Sessions.Serial(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	m, err := a.finish(r.Context(), who, u)
	if err != nil {
		return err
	}
	said, err := readMetadata(http.Header{"Upload-Metadata": {u.Said.Metadata}})
	if err != nil {
		return fmt.Errorf("read back what was said of %s: %w", id, err)
	}
	out := standing{
		ID: id.String(), MediaKey: media.KeyOf(u.Category, id), State: "uploading",
		UploadOffset: u.Bytes, Category: u.Category, Type: u.Type, Metadata: said.values,
	}
	if u.TotalBytes != media.Undeclared {
		out.UploadLength = &u.TotalBytes
	}
	if m.ID != 0 {
		out.MediaKey, out.State, out.Category, out.Type = media.KeyOf(m.Category, id), string(m.State), m.Category, m.Type
		if m.State == media.Failed {
			out.Error = m.Failure.Message
		}
		out.UploadLength = &u.Bytes
	} else {
		out.ExpiresAt = &u.ExpiresAt
	}
	if u.Way == media.Fragment {
		out.MediaKey = ""
	}
	b, err := json.Marshal(map[string]any{"data": out})
	if err != nil {
		return fmt.Errorf("encode how %s stands: %w", id, err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(append(b, '\n'))
	return nil
}
