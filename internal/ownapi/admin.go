package ownapi

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// Operator is what an operator can be told of a server beside what is in the
// catalogue.
type Operator struct {
	Node     string                         // the name of the process, as operators know it
	Version  string                         // of magpie
	Engines  func(context.Context) []Engine // asks them; nil for none
	Settings []Setting                      // those in force
}

// routeAdmin adds what operators see and do: all users' things, so every route
// asks for the scope magpie.admin and for a user. What changes something is a line
// of the audit log, as everywhere.
func (a *API) routeAdmin() {
	admin := need{scopes: []string{auth.Admin}}
	for route, h := range map[string]handler{
		"GET /magpie/v1/admin/jobs":               a.adminJobs,
		"POST /magpie/v1/admin/jobs/{id}/requeue": a.adminRequeue,
		"GET /magpie/v1/admin/storage":            a.adminStorage,
		"GET /magpie/v1/admin/engines":            a.adminEngines,
		"GET /magpie/v1/admin/uploads":            a.adminUploads,
		"GET /magpie/v1/admin/settings":           a.adminSettings,
		"GET /magpie/v1/admin/tokens":             a.adminTokens,
		"DELETE /magpie/v1/admin/tokens/{id}":     a.adminRevokeToken,
		"GET /magpie/v1/admin/clients":            a.adminClients,
		"DELETE /magpie/v1/admin/clients/{id}":    a.adminRevokeClient,
		"GET /magpie/v1/admin/users":              a.adminUsers,
	} {
		a.mux.Handle(route, a.endpoint(admin, h))
	}
}

// adminUser is a user as operators' lists name one.
type adminUser struct {
	ID       string `json:"user"`
	Username string `json:"username,omitempty"` // of those who sign in here
}

// usernames reads the names of the users that rows are of, each asked for once.
func usernames[T any](ctx context.Context, c *catalog.Catalog, rows []T, user func(T) string) (map[string]string, error) {
	once, seen := []string{}, map[string]bool{"": true}
	for _, r := range rows {
		if id := user(r); !seen[id] {
			seen[id] = true
			once = append(once, id)
		}
	}
	return c.Usernames(ctx, once)
}

// placed reads limit and cursor of a list that is not in order of media ids.
func placed(query map[string]string) (limit int, after catalog.Place, err error) {
	text, said := query["cursor"]
	delete(query, "cursor")
	if limit, _, err = paging(query); err != nil || !said {
		return limit, after, err
	}
	if after, ok := readPlace(text); ok {
		return limit, after, nil
	}
	return 0, after, shown(media.Invalid("cursor", "must be a next_cursor of this list"), text)
}

// placeID is an id that a place may have.
var placeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func readPlace(cursor string) (catalog.Place, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return catalog.Place{}, false
	}
	number, id, _ := strings.Cut(string(b), " ")
	n, err := strconv.ParseInt(number, 10, 64)
	p := catalog.Place{Number: n, ID: id}
	return p, err == nil && placeID.MatchString(id) && placeCursor(p) == cursor
}

func placeCursor(p catalog.Place) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.Number, 10) + " " + p.ID))
}

// listedAfter makes an answer of the first limit of the rows that were read, of
// which there is one more where the list goes on.
func listedAfter[R interface{ Place() catalog.Place }, T any](rows []R, limit int, show func(R) T) listAnswer[T] {
	var next string
	if len(rows) > limit {
		rows = rows[:limit]
		next = placeCursor(rows[limit-1].Place())
	}
	out := listAnswer[T]{Data: make([]T, len(rows)), Meta: listMeta{Count: len(rows), Next: next}}
	for i, r := range rows {
		out.Data[i] = show(r)
	}
	return out
}

// namedID reads the id in the path of a token or a client; noun is which. What
// can't be one is not there.
func namedID(r *http.Request, noun string) (string, error) {
	if _, err := parameters(r); err != nil {
		return "", err
	}
	id := r.PathValue("id")
	if !placeID.MatchString(id) {
		return "", media.Errorf(media.CodeNotFound, "There is no %s with that id: one has letters, digits, _ and - only.", noun)
	}
	return id, nil
}
