package ownapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// adminRoutes is every route of operators.
func adminRoutes() [][2]string {
	const base = "/magpie/v1/admin/"
	return [][2]string{
		{"GET", base + "jobs"},
		{"POST", base + "jobs/1/requeue"},
		{"GET", base + "storage"},
		{"GET", base + "engines"},
		{"GET", base + "uploads"},
		{"GET", base + "settings"},
		{"GET", base + "tokens"},
		{"DELETE", base + "tokens/x"},
		{"GET", base + "clients"},
		{"DELETE", base + "clients/x"},
		{"GET", base + "users"},
	}
}

// admin is a token of an operator.
func (s *server) admin() string { return s.bearer("1", false, auth.Admin) }

// Nobody gets anything of the operators' without their scope, whatever else a
// token has.
func TestAdminNeedsItsScope(t *testing.T) {
	s := newServer(t)
	all := slices.DeleteFunc(auth.Scopes(), func(scope string) bool { return scope == auth.Admin })
	user, app := s.bearer(owner, false, all...), s.bearer("1", true, auth.Admin)
	for _, route := range adminRoutes() {
		s.wants(route[0], route[1], "", "no_credentials")
		s.wants(route[0], route[1], user, "forbidden", "The token lacks the scope magpie.admin, which this endpoint needs.")
		s.wants(route[0], route[1], app, "app_only")
		s.wants(route[0], route[1]+"?x=1", s.admin(), "invalid", "x")
	}
}

// adminPage reads one page of an operators' list.
func adminPage[T any](s *server, path string) (rows []T, next string) {
	s.t.Helper()
	var v struct {
		Data []T
		Meta struct {
			Count int    `json:"result_count"`
			Next  string `json:"next_cursor"`
		}
	}
	w := s.call("GET", "/magpie/v1/admin/"+path, "Authorization", s.admin())
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK || v.Meta.Count != len(v.Data) {
		s.t.Fatalf("%s: %d %s", path, w.Code, w.Body)
	}
	return v.Data, v.Meta.Next
}

// pages reads a list to its end, two rows at a time.
func pages[T any](s *server, path string) (rows []T) {
	s.t.Helper()
	for cursor := ""; ; {
		more, next := adminPage[T](s, path+"limit=2"+cursor)
		rows = append(rows, more...)
		if next == "" {
			return rows
		}
		if len(more) != 2 {
			s.t.Fatalf("%s: a page of %d goes on", path, len(more))
		}
		cursor = "&cursor=" + next
	}
}

func TestPlaces(t *testing.T) {
	for _, p := range []catalog.Place{{Number: 1, ID: "a"}, {Number: -5, ID: "2244994945"}, {Number: 1 << 62, ID: strings.Repeat("x_-", 20)}} {
		if got, ok := readPlace(placeCursor(p)); !ok || got != p {
			t.Errorf("%v: %v %v", p, got, ok)
		}
	}
	s := newServer(t)
	for _, cursor := range []string{"", "x", "AAAA", placeCursor(catalog.Place{Number: 1}), placeCursor(catalog.Place{Number: 1, ID: "a b"}), placeCursor(catalog.Place{Number: 1, ID: "a"}) + "=", "KzEgYQ"} {
		for _, list := range []string{"storage", "tokens", "clients", "users"} {
			s.wants("GET", "/magpie/v1/admin/"+list+"?cursor="+cursor, s.admin(), "invalid", "next_cursor")
		}
	}
	for _, list := range []string{"jobs", "storage", "uploads", "tokens", "clients", "users"} {
		for _, limit := range []string{"0", "101", "x"} {
			s.wants("GET", "/magpie/v1/admin/"+list+"?limit="+limit, s.admin(), "invalid", "limit")
		}
	}
}

func FuzzPlaces(f *testing.F) {
	f.Add(placeCursor(catalog.Place{Number: 7, ID: "a"}))
	f.Fuzz(func(t *testing.T, cursor string) {
		if p, ok := readPlace(cursor); ok && (placeCursor(p) != cursor || p == catalog.Place{}) {
			t.Errorf("%q is %v", cursor, p)
		}
	})
}

// account makes a user who signs in.
func (s *server) account(id, name string) {
	s.t.Helper()
	if err := s.catalog.CreateAccount(s.t.Context(), catalog.Account{ID: id, Username: name, PasswordHash: "x", CreatedAt: s.clock}); err != nil {
		s.t.Fatal(err)
	}
}

func ids[T any](rows []T, id func(T) string) string {
	var out []string
	for _, r := range rows {
		out = append(out, id(r))
	}
	return fmt.Sprint(out)
}

// What no id can be is not looked for: a database may not even take it.
func TestAdminOddIDs(t *testing.T) {
	s := newServer(t)
	for _, id := range []string{"%00", "a%00b", "%FF", "a%20b", strings.Repeat("a", 65)} {
		s.wants("DELETE", "/magpie/v1/admin/tokens/"+id, s.admin(), "not_found", "There is no token with that id")
		s.wants("DELETE", "/magpie/v1/admin/clients/"+id, s.admin(), "not_found", "There is no client with that id")
		s.wants("POST", "/magpie/v1/admin/jobs/"+id+"/requeue", s.admin(), "invalid")
	}
}
