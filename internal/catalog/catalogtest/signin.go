package catalogtest

import (
	"testing"

	"magpie/internal/catalog"
)

func signIn(n int, who catalog.Account) catalog.SignIn {
	return catalog.SignIn{Hash: hashOf("sign-in", n), User: who.ID, CreatedAt: at(n), ExpiresAt: at(n + 100)}
}

func signedIn(t *testing.T, c *catalog.Catalog, n int, who catalog.Account) {
	t.Helper()
	ok, err := c.CreateSignIn(t.Context(), signIn(n, who), who.PasswordHash)
	want(t, "CreateSignIn", ok, err, true)
}

func testSignIn(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back with its account, and ends", func(t *testing.T) {
		c := open(t)
		who := createUser(t, c, 1)
		signedIn(t, c, 1, who)
		signedIn(t, c, 2, who)
		got, its, err := c.SignIn(t.Context(), signIn(1, who).Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, signIn(1, who))
		wantEqual(t, its, who)
		for range 2 {
			if err := c.EndSignIn(t.Context(), signIn(1, who).Hash); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err = c.SignIn(t.Context(), signIn(1, who).Hash)
		wantNotFound(t, "SignIn", err)
		if _, _, err := c.SignIn(t.Context(), signIn(2, who).Hash); err != nil {
			t.Error(err)
		}
	})

	t.Run("only with the password that was checked", func(t *testing.T) {
		c := open(t)
		who := createUser(t, c, 1)
		ok, err := c.CreateSignIn(t.Context(), signIn(1, who), "an older hash")
		want(t, "CreateSignIn", ok, err, false)
		ok, err = c.CreateSignIn(t.Context(), signIn(1, account(2)), account(2).PasswordHash)
		want(t, "CreateSignIn without an account", ok, err, false)
		bad := signIn(1, who)
		bad.Hash = "secret"
		if _, err := c.CreateSignIn(t.Context(), bad, who.PasswordHash); err == nil {
			t.Error("took a secret for a hash")
		}
	})

	t.Run("what has ended is pruned", func(t *testing.T) {
		c := open(t)
		who := createUser(t, c, 1)
		createApp(t, c, app(1))
		byHand := accessToken(0)
		if err := c.CreateToken(t.Context(), byHand); err != nil {
			t.Fatal(err)
		}
		// Sign-ins end at 101…103, codes and consents at 31…33, and of the second
		// consent the access token at 102 and the refresh token at 1002.
		for n := 1; n <= 3; n++ {
			signedIn(t, c, n, who)
			consented(t, c, n, app(1).ID)
		}
		redeemed(t, c, 2)
		prune := func(before, limit int, want int64) {
			t.Helper()
			if n, err := c.PruneGrants(t.Context(), at(before), limit); err != nil || n != want {
				t.Fatalf("before %d: %d, %v, want %d", before, n, err, want)
			}
		}
		prune(30, 10, 0)
		prune(50, 1, 1) // consent 1
		prune(50, 1, 1) // consent 3
		prune(50, 1, 0)
		wantConsents(t, c, consent(2).RevokedAt)
		prune(103, 10, 3) // two sign-ins and the access token
		if _, _, err := c.SignIn(t.Context(), signIn(3, who).Hash); err != nil {
			t.Error(err)
		}
		_, err := c.TokenByHash(t.Context(), given(2).Hash)
		wantNotFound(t, "the access token", err)
		if _, _, err := c.RefreshToken(t.Context(), refresh(2).Hash); err != nil {
			t.Error(err)
		}
		prune(5000, 10, 2) // a sign-in, the consent and with it code and refresh token
		_, _, err = c.RefreshToken(t.Context(), refresh(2).Hash)
		wantNotFound(t, "the refresh token", err)
		_, _, err = c.Code(t.Context(), code(2).Hash)
		wantNotFound(t, "the code", err)
		wantConsents(t, c)
		if _, err := c.TokenByHash(t.Context(), byHand.Hash); err != nil {
			t.Errorf("a token that no consent gave: %v", err)
		}
	})
}
