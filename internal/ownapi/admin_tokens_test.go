package ownapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
)

// Tokens are listed without anything that could be used in their place, and one
// that is revoked opens nothing any more.
func TestAdminTokens(t *testing.T) {
	s := newServer(t)
	s.account(owner, "ann")
	if err := s.catalog.CreateClient(t.Context(), catalog.Client{ID: "app", APIKey: "key", Name: "Newsroom", CreatedAt: s.clock}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		given := catalog.Token{ID: fmt.Sprint("given", i), Hash: strings.Repeat(fmt.Sprint(i), 64), User: []string{owner, friend}[i%2], Client: "app", CreatedAt: s.clock}
		if err := s.catalog.CreateToken(t.Context(), given); err != nil {
			t.Fatal(err)
		}
	}
	s.clock = s.clock.Add(time.Second)
	admin := s.admin()
	s.clock = s.clock.Add(time.Second)
	secret, err := s.tokens.Issue(t.Context(), auth.Grant{User: owner, Scopes: []string{auth.TweetRead}, Label: "laptop", Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	hers := "Bearer " + secret
	list := func(query string) (rows []adminToken) {
		t.Helper()
		body := s.wants("GET", "/magpie/v1/admin/tokens?"+query, admin, "")
		if strings.Contains(body, strings.TrimPrefix(secret, "mgp_")) || strings.Contains(body, "00000000") {
			t.Errorf("a secret or its hash is told: %s", body)
		}
		return pages[adminToken](s, "tokens?"+query)
	}
	laptop := list("user=" + owner + "&")
	if len(laptop) != 1 || laptop[0].Label != "laptop" || laptop[0].Username != "ann" || laptop[0].State != "valid" || laptop[0].ExpiresAt == nil || laptop[0].Client != "" {
		t.Fatalf("%+v", laptop)
	}
	if got := ids(list("kind=client&"), func(k adminToken) string { return k.ID + " " + k.ClientName }); got != "[given2 Newsroom given1 Newsroom given0 Newsroom]" {
		t.Errorf("%s", got)
	}
	if got := ids(list("kind=client&user="+friend+"&"), func(k adminToken) string { return k.ID }); got != "[given1]" {
		t.Errorf("%s", got)
	}
	s.wants("GET", "/magpie/v1/admin/tokens?kind=all", admin, "invalid", "operator or client")
	s.wants("GET", "/magpie/v1/admin/tokens?user=ann", admin, "invalid", "1 to 19 digits")

	s.wants("GET", "/magpie/v1/storage", hers, "")
	for range 2 {
		s.wants("DELETE", "/magpie/v1/admin/tokens/"+laptop[0].ID, admin, "")
	}
	s.wants("GET", "/magpie/v1/storage", hers, "unauthorized", "revoked")
	s.wants("DELETE", "/magpie/v1/admin/tokens/no", admin, "not_found", "no")
	if again := list("user=" + owner + "&"); again[0].State != "revoked" || again[0].RevokedAt == nil {
		t.Errorf("%+v", again)
	}
	now := s.clock
	for state, k := range map[string]catalog.Token{"valid": {ExpiresAt: now.Add(1)}, "expired": {ExpiresAt: now}, "revoked": {ExpiresAt: now, RevokedAt: now}} {
		if got := tokenState(k, now); got != state {
			t.Errorf("%+v is %s", k, got)
		}
	}
}
