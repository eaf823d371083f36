package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// adminStorageItem is what one user stores.
type adminStorageItem struct {
	adminUser
	storageResult
	OwnQuota bool `json:"own_quota"` // the quota is the user's own, and not the server's
}

// adminStorage answers GET /magpie/v1/admin/storage: who stores how much, the
// most first.
func (a *API) adminStorage(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, after, err := placed(query)
	if err != nil {
		return err
	}
	rows, err := a.catalog.StorageByUse(r.Context(), after, limit+1)
	if err != nil {
		return err
	}
	names, err := usernames(r.Context(), a.catalog, rows, func(s catalog.UserStorage) string { return s.Owner })
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, listedAfter(rows, limit, func(s catalog.UserStorage) adminStorageItem {
		return adminStorageItem{adminUser{s.Owner, names[s.Owner]}, a.showStorage(s.Storage), s.Quota != catalog.ServersQuota}
	}))
}
