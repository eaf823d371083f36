package ownapi

import (
	"context"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// arrivedLimit is how long is counted what has arrived.
const arrivedLimit = 2 * time.Second

// adminUpload is an upload that has not ended, of anybody.
type adminUpload struct {
	uploadItem
	adminUser
	Received *int64 `json:"received_bytes,omitempty"` // left out where it was not told in time
	Way      string `json:"dialect"`                  // segments or tus
	Node     string `json:"node,omitempty"`           // that answers, where it had to do with this lately
}

// adminUploads answers GET /magpie/v1/admin/uploads: the uploads of all users that
// have not ended, the newest first.
func (a *API) adminUploads(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, before, err := paging(query)
	if err != nil {
		return err
	}
	list, err := a.catalog.UploadsOfAll(r.Context(), before, limit+1)
	if err != nil {
		return err
	}
	var next media.ID
	if len(list) > limit {
		list, next = list[:limit], list[limit-1].ID
	}
	names, err := usernames(r.Context(), a.catalog, list, func(s media.Session) string { return s.Owner })
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), arrivedLimit)
	defer cancel()
	arrived := a.sessions.Arrived(ctx, list)
	page := make([]adminUpload, len(list))
	for i, s := range list {
		page[i] = adminUpload{uploadItem: newUploadItem(s), adminUser: adminUser{s.Owner, names[s.Owner]}, Way: "segments"}
		if s.Way != media.Numbered {
			page[i].Way = "tus"
		}
		if n, told := arrived[s.ID]; told {
			page[i].Received = &n
		}
		if a.sessions.TakesHere(s.ID) {
			page[i].Node = a.operator.Node
		}
	}
	return a.answer(w, r, http.StatusOK, listed(page, next))
}
