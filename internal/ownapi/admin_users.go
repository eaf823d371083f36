package ownapi

import (
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// adminAccount is a user who signs in here.
type adminAccount struct {
	adminUser
	Admin     bool      `json:"admin"` // gets the scope magpie.admin when signing in
	Used      int64     `json:"used"`
	Quota     *int64    `json:"quota"` // null for none
	OwnQuota  bool      `json:"own_quota"`
	CreatedAt time.Time `json:"created_at"`
}

// adminUsers answers GET /magpie/v1/admin/users: those who can sign in, the newest
// first.
func (a *API) adminUsers(w http.ResponseWriter, r *http.Request, _ auth.Identity) error {
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, after, err := placed(query)
	if err != nil {
		return err
	}
	rows, err := a.catalog.AccountsByAge(r.Context(), after, limit+1)
	if err != nil {
		return err
	}
	ids := make([]string, len(rows))
	for i, u := range rows {
		ids[i] = u.ID
	}
	stored, err := a.catalog.StorageOf(r.Context(), ids)
	if err != nil {
		return err
	}
	return a.answer(w, r, http.StatusOK, listedAfter(rows, limit, func(u catalog.Account) adminAccount {
		s, ok := stored[u.ID]
		if !ok {
			s.Quota = catalog.ServersQuota
		}
		has := a.showStorage(s)
		return adminAccount{
			adminUser: adminUser{u.ID, u.Username}, Admin: u.Admin,
			Used: has.Used, Quota: has.Quota, OwnQuota: s.Quota != catalog.ServersQuota, CreatedAt: u.CreatedAt,
		}
	}))
}
