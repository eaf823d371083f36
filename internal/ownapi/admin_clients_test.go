package ownapi

import (
	"fmt"
	"strings"
	"testing"

	"magpie/internal/catalog"
)

// Clients are listed without their secrets, and one that is revoked takes with it
// what it was given.
func TestAdminClients(t *testing.T) {
	s := newServer(t)
	s.account(owner, "ann")
	for i := range 3 {
		c := catalog.Client{
			ID: fmt.Sprint("app", i), APIKey: fmt.Sprint("key", i), APISecret: "sealed-secret", SecretHash: strings.Repeat("a", 64),
			Name: "Newsroom", Owner: owner, RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: s.clock,
		}
		if err := s.catalog.CreateClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.catalog.CreateToken(t.Context(), catalog.Token{ID: "given", Hash: strings.Repeat("1", 64), User: owner, Client: "app1", CreatedAt: s.clock}); err != nil {
		t.Fatal(err)
	}
	id := func(c adminClient) string { return c.ID + " " + c.State }
	if got := ids(pages[adminClient](s, "clients?"), id); got != "[app2 valid app1 valid app0 valid]" {
		t.Errorf("%s", got)
	}
	body := s.wants("GET", "/magpie/v1/admin/clients", s.admin(), "", `"username":"ann"`, `"redirect_uris":["https://app.example/cb"]`, `"api_key":"key0"`)
	if strings.Contains(body, "sealed-secret") || strings.Contains(body, "aaaa") {
		t.Errorf("a secret is told: %s", body)
	}
	for range 2 {
		s.wants("DELETE", "/magpie/v1/admin/clients/app1", s.admin(), "")
	}
	s.wants("DELETE", "/magpie/v1/admin/clients/magpie-console", s.admin(), "conflict", "the console itself")
	s.wants("DELETE", "/magpie/v1/admin/clients/no", s.admin(), "not_found")
	if got := ids(pages[adminClient](s, "clients?"), id); got != "[app2 valid app1 revoked app0 valid]" {
		t.Errorf("%s", got)
	}
	if given := pages[adminToken](s, "tokens?kind=client&"); len(given) != 1 || given[0].State != "revoked" {
		t.Errorf("%+v", given)
	}
}
