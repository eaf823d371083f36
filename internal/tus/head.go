package tus

import (
	"net/http"
	"strconv"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// head answers HEAD: how many bytes are here, all of them durable. Where they are
// all and a crash came between, it finishes the upload first.
func (a *API) head(w http.ResponseWriter, r *http.Request, who auth.Identity, id media.ID) error {
	u, err := a.Sessions.Serial(r.Context(), who.User, id)
	if err != nil {
		return err
	}
	m, err := a.finish(r.Context(), who, u)
	if err != nil {
		return err
	}
	h := w.Header()
	a.describe(h, u, m)
	switch {
	case u.TotalBytes != media.Undeclared:
		h.Set("Upload-Length", strconv.FormatInt(u.TotalBytes, 10))
	case m.ID != 0:
		h.Set("Upload-Length", strconv.FormatInt(u.Bytes, 10))
	default:
		h.Set("Upload-Defer-Length", "1")
	}
	if u.Said.Metadata != "" {
		h.Set("Upload-Metadata", u.Said.Metadata)
	}
	if u.Said.Concat != "" {
		h.Set("Upload-Concat", u.Said.Concat)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
