package catalogtest

import (
	"fmt"
	"testing"

	"magpie/internal/catalog"
)

// signingClient is a client of its own for the tests of what hangs from one.
func signingClient(n int) catalog.Client {
	return catalog.Client{
		ID: fmt.Sprint("signing", n), APIKey: fmt.Sprint("key", n), APISecret: "v1.sealed", Name: "An app",
		ReadOnly: n%2 == 0, CreatedAt: at(n),
	}
}

func userToken(n int, client string) catalog.UserToken {
	return catalog.UserToken{
		Token: fmt.Sprintf("2244994945-token%d", n), Secret: fmt.Sprint("v1.sealed", n), Client: client,
		User: "2244994945", CreatedAt: at(n),
	}
}

func testUserToken(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	clients := func(t *testing.T, c *catalog.Catalog, n int) {
		t.Helper()
		for i := range n {
			if err := c.CreateClient(t.Context(), signingClient(i+1)); err != nil {
				t.Fatal(err)
			}
		}
	}
	list := func(t *testing.T, c *catalog.Catalog, client string, wanted ...catalog.UserToken) {
		t.Helper()
		got, err := c.UserTokens(t.Context(), client)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, append([]catalog.UserToken{}, wanted...))
	}

	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		clients(t, c, 2)
		list(t, c, "")
		a, b, other := userToken(1, "signing1"), userToken(2, "signing1"), userToken(3, "signing2")
		other.User = "9999999999999999999"
		for _, tok := range []catalog.UserToken{b, other, a} {
			if err := c.CreateUserToken(t.Context(), tok); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range []catalog.UserToken{a, b, other} {
			got, err := c.UserToken(t.Context(), w.Token)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, w)
		}
		list(t, c, "", a, b, other)
		list(t, c, "signing1", a, b)
		list(t, c, "signing2", other)
		list(t, c, "unknown")
		_, err := c.UserToken(t.Context(), "2244994945-TOKEN1")
		wantNotFound(t, "UserToken", err)
		wantConflict(t, "the same token", c.CreateUserToken(t.Context(), a))
	})

	t.Run("needs a client that is not revoked", func(t *testing.T) {
		c := open(t)
		clients(t, c, 1)
		wantNotFound(t, "of an unknown client", c.CreateUserToken(t.Context(), userToken(1, "unknown")))
		if _, err := c.RevokeClient(t.Context(), "signing1", at(5)); err != nil {
			t.Fatal(err)
		}
		wantNotFound(t, "of a revoked client", c.CreateUserToken(t.Context(), userToken(1, "signing1")))
		list(t, c, "")
	})

	t.Run("revoked once, still there", func(t *testing.T) {
		c := open(t)
		clients(t, c, 1)
		tok := userToken(1, "signing1")
		if err := c.CreateUserToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		ok, err := c.RevokeUserToken(t.Context(), tok.Token, at(50))
		want(t, "RevokeUserToken", ok, err, true)
		ok, err = c.RevokeUserToken(t.Context(), tok.Token, at(60))
		want(t, "RevokeUserToken again", ok, err, false)
		tok.RevokedAt = at(50)
		list(t, c, "signing1", tok)
		_, err = c.RevokeUserToken(t.Context(), "404", at(50))
		wantNotFound(t, "RevokeUserToken", err)
	})

	t.Run("goes with its client, and none slips through", func(t *testing.T) {
		c := open(t)
		clients(t, c, 2)
		kept := userToken(99, "signing2")
		if err := c.CreateUserToken(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		together(20, func(i int) {
			if i == 10 {
				if _, err := c.RevokeClient(t.Context(), "signing1", at(50)); err != nil {
					t.Error(err)
				}
				return
			}
			_ = c.CreateUserToken(t.Context(), userToken(i, "signing1")) // made or refused
		})
		all, err := c.UserTokens(t.Context(), "signing1")
		if err != nil {
			t.Fatal(err)
		}
		for _, tok := range all {
			if !tok.RevokedAt.Equal(at(50)) {
				t.Errorf("%s outlived its client", tok.Token)
			}
		}
		list(t, c, "signing2", kept)
	})
}
