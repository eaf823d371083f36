package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// storageResult is what a user stores, in bytes. Deleted media count until they
// can't be restored any more.
type storageResult struct {
	Used       int64  `json:"used"`       // the next three together, which the quota bounds
	Originals  int64  `json:"originals"`  // exact uploads
	Renditions int64  `json:"renditions"` // what is shown of them
	Uploads    int64  `json:"uploads"`    // declared by uploads that are not finished
	Media      int64  `json:"media_count"`
	Quota      *int64 `json:"quota"` // null for none
}

// storage answers GET /magpie/v1/storage.
func (a *API) storage(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	s, err := a.catalog.Storage(r.Context(), who.User)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": a.showStorage(s)})
}

// showStorage shows what a user stores, beside the quota that holds for them.
func (a *API) showStorage(s catalog.Storage) storageResult {
	out := storageResult{Used: s.Used(), Originals: s.Originals, Renditions: s.Renditions, Uploads: s.Uploads, Media: s.Media}
	if quota := s.Within(a.sessions.Quota()); quota > 0 {
		out.Quota = &quota
	}
	return out
}
