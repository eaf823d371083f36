package catalogtest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
)

func consent(n int) catalog.Consent {
	return catalog.Consent{
		ID: fmt.Sprint("consent", n), User: account(1).ID, Scopes: []string{"tweet.read", "offline.access"},
		CreatedAt: at(n), EndsAt: at(n + 30),
	}
}

func withClient(c catalog.Consent, client string) catalog.Consent { c.Client = client; return c }

func code(n int) catalog.Code {
	return catalog.Code{
		Hash: hashOf("code", n), Consent: fmt.Sprint("consent", n), RedirectURI: "https://app.example/cb",
		Challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", Method: "S256", ExpiresAt: at(n + 30),
	}
}

// given is the access token that consent n got for its code, and refresh the
// refresh token.
func given(n int) catalog.Token {
	t := accessToken(n)
	t.User, t.Client, t.Consent = account(1).ID, app(1).ID, fmt.Sprint("consent", n)
	return t
}

func toClient(t catalog.Token, client string) catalog.Token { t.Client = client; return t }

func ofUser(t catalog.Token, user string) catalog.Token { t.User = user; return t }

func refresh(n int) catalog.RefreshToken {
	return catalog.RefreshToken{Hash: hashOf("refresh", n), Consent: fmt.Sprint("consent", n), CreatedAt: at(n), ExpiresAt: at(n + 1000)}
}

func consented(t *testing.T, c *catalog.Catalog, n int, client string) {
	t.Helper()
	consentedBy(t, c, n, client, account(1).ID)
}

func consentedBy(t *testing.T, c *catalog.Catalog, n int, client, user string) {
	t.Helper()
	k := withClient(consent(n), client)
	k.User = user
	ok, err := c.CreateConsent(t.Context(), k, code(n), false)
	want(t, "CreateConsent", ok, err, true)
}

// redeemed redeems the code of consent n, which must succeed.
func redeemed(t *testing.T, c *catalog.Catalog, n int) {
	t.Helper()
	_, k, err := c.Code(t.Context(), code(n).Hash)
	if err != nil {
		t.Fatal(err)
	}
	r := refresh(n)
	outcome, err := c.RedeemCode(t.Context(), code(n).Hash, k.ID, toClient(ofUser(given(n), k.User), k.Client), &r, at(n+1))
	wantOutcome(t, "RedeemCode", outcome, err, catalog.Redeemed)
}

func wantOutcome(t *testing.T, what string, got catalog.Redemption, err error, want catalog.Redemption) {
	t.Helper()
	if err != nil || got != want {
		t.Fatalf("%s = %q, %v, want %q", what, got, err, want)
	}
}

// wantConsents checks when the consents were revoked, the zero time being not.
func wantConsents(t *testing.T, c *catalog.Catalog, revoked ...time.Time) {
	t.Helper()
	all, err := c.Consents(t.Context())
	if err != nil || len(all) != len(revoked) {
		t.Fatalf("%d consents, %v, want %d", len(all), err, len(revoked))
	}
	for i, k := range all {
		if !k.RevokedAt.Equal(revoked[i]) {
			t.Errorf("consent %s was revoked at %v, want %v", k.ID, k.RevokedAt, revoked[i])
		}
	}
}

func testConsent(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	begin := func(t *testing.T) *catalog.Catalog {
		c := open(t)
		createUser(t, c, 1)
		createApp(t, c, app(1))
		return c
	}

	t.Run("comes back as stored", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		gotCode, got, err := c.Code(t.Context(), code(1).Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, withClient(consent(1), app(1).ID))
		wantEqual(t, gotCode, code(1))
		redeemed(t, c, 1)
		after := withClient(consent(1), app(1).ID)
		after.EndsAt = refresh(1).ExpiresAt
		gotRefresh, got, err := c.RefreshToken(t.Context(), refresh(1).Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, after)
		wantEqual(t, gotRefresh, refresh(1))
		all, err := c.Consents(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, all, []catalog.Consent{after})
		_, _, err = c.Code(t.Context(), refresh(1).Hash)
		wantNotFound(t, "Code", err)
		_, _, err = c.RefreshToken(t.Context(), code(1).Hash)
		wantNotFound(t, "RefreshToken", err)
	})

	t.Run("needs a client and an account", func(t *testing.T) {
		c := begin(t)
		ok, err := c.CreateConsent(t.Context(), withClient(consent(1), "none"), code(1), false)
		want(t, "CreateConsent for an unknown client", ok, err, false)
		foreign := withClient(consent(1), app(1).ID)
		foreign.User = "404"
		ok, err = c.CreateConsent(t.Context(), foreign, code(1), false)
		want(t, "CreateConsent for an unknown user", ok, err, false)
		secret := code(1)
		secret.Hash = "secret"
		if _, err := c.CreateConsent(t.Context(), withClient(consent(1), app(1).ID), secret, false); err == nil {
			t.Error("took a secret for a hash")
		}
		wantConsents(t, c)
		consented(t, c, 1, app(1).ID)
		_, err = c.CreateConsent(t.Context(), withClient(consent(1), app(1).ID), code(2), false)
		wantConflict(t, "same id", err)
		_, err = c.CreateConsent(t.Context(), withClient(consent(2), app(1).ID), code(1), false)
		wantConflict(t, "same code", err)
		wantConsents(t, c, time.Time{})
	})

	t.Run("a code is used once, and a second time ends all", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		consented(t, c, 2, app(1).ID)
		redeemed(t, c, 1)
		redeemed(t, c, 2)
		wantRevoked(t, c, time.Time{}, given(1), given(2))
		outcome, err := c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(3), nil, at(5))
		wantOutcome(t, "RedeemCode again", outcome, err, catalog.Reused)
		wantRevoked(t, c, at(5), given(1))
		wantRevoked(t, c, time.Time{}, given(2))
		wantConsents(t, c, at(5), time.Time{})
		_, err = c.TokenByHash(t.Context(), given(3).Hash)
		wantNotFound(t, "the second token", err)
		outcome, err = c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(3), nil, at(6))
		wantOutcome(t, "RedeemCode a third time", outcome, err, catalog.Ended)
		outcome, err = c.RotateRefreshToken(t.Context(), refresh(1).Hash, "consent1", given(3), nil, at(6))
		wantOutcome(t, "RotateRefreshToken of it", outcome, err, catalog.Ended)
		wantConsents(t, c, at(5), time.Time{})
	})

	t.Run("a code expires", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		outcome, err := c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(1), nil, code(1).ExpiresAt)
		wantOutcome(t, "RedeemCode", outcome, err, catalog.Ended)
		wantConsents(t, c, time.Time{})
		outcome, err = c.RedeemCode(t.Context(), hashOf("none", 1), "consent1", given(1), nil, at(2))
		wantOutcome(t, "RedeemCode of none", outcome, err, catalog.Ended)
		outcome, err = c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(1), nil, code(1).ExpiresAt.Add(-time.Second))
		wantOutcome(t, "RedeemCode in time", outcome, err, catalog.Redeemed)
	})

	t.Run("a refresh token rotates, and the old one ends all", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		redeemed(t, c, 1)
		next := refresh(2)
		next.Consent = "consent1"
		access := given(2)
		access.Consent = "consent1"
		outcome, err := c.RotateRefreshToken(t.Context(), refresh(1).Hash, "consent1", access, &next, at(5))
		wantOutcome(t, "RotateRefreshToken", outcome, err, catalog.Redeemed)
		wantRevoked(t, c, time.Time{}, given(1), access)
		_, k, err := c.RefreshToken(t.Context(), next.Hash)
		if err != nil || !k.EndsAt.Equal(next.ExpiresAt) {
			t.Errorf("%+v, %v", k, err)
		}
		outcome, err = c.RotateRefreshToken(t.Context(), refresh(1).Hash, "consent1", given(3), nil, at(6))
		wantOutcome(t, "RotateRefreshToken again", outcome, err, catalog.Reused)
		wantRevoked(t, c, at(6), given(1), access)
		outcome, err = c.RotateRefreshToken(t.Context(), next.Hash, "consent1", given(3), nil, at(7))
		wantOutcome(t, "RotateRefreshToken of the next", outcome, err, catalog.Ended)
		wantConsents(t, c, at(6))
	})

	t.Run("what is given is kept whole or not at all", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		taken := given(1)
		if err := c.CreateToken(t.Context(), taken); err != nil {
			t.Fatal(err)
		}
		r := refresh(1)
		_, err := c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(1), &r, at(2))
		wantConflict(t, "a token that is taken", err)
		r.Hash = "secret"
		if _, err := c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(2), &r, at(2)); err == nil {
			t.Error("took a secret for a hash")
		}
		r = refresh(1)
		outcome, err := c.RedeemCode(t.Context(), code(1).Hash, "consent1", given(2), &r, at(2))
		wantOutcome(t, "RedeemCode after that", outcome, err, catalog.Redeemed)
	})

	t.Run("revoking takes the tokens along", func(t *testing.T) {
		c := begin(t)
		consented(t, c, 1, app(1).ID)
		consented(t, c, 2, app(1).ID)
		redeemed(t, c, 2)
		ok, err := c.RevokeConsent(t.Context(), "consent2", at(9))
		want(t, "RevokeConsent", ok, err, true)
		ok, err = c.RevokeConsent(t.Context(), "consent2", at(10))
		want(t, "RevokeConsent again", ok, err, false)
		wantRevoked(t, c, at(9), given(2))
		wantConsents(t, c, time.Time{}, at(9))
		_, err = c.RevokeConsent(t.Context(), "none", at(9))
		wantNotFound(t, "RevokeConsent", err)
	})

	t.Run("of many at once one is redeemed", func(t *testing.T) {
		for _, kind := range []string{"code", "refresh token"} {
			c := begin(t)
			consented(t, c, 1, app(1).ID)
			redeem, hash := c.RedeemCode, code(1).Hash
			if kind == "refresh token" {
				redeemed(t, c, 1)
				redeem, hash = c.RotateRefreshToken, refresh(1).Hash
			}
			var counts [3]atomic.Int32
			together(10, func(i int) {
				access := given(20 + i)
				access.Consent = "consent1"
				outcome, err := redeem(t.Context(), hash, "consent1", access, nil, at(5))
				if err != nil {
					t.Error(err)
					return
				}
				counts[map[catalog.Redemption]int{catalog.Redeemed: 0, catalog.Reused: 1, catalog.Ended: 2}[outcome]].Add(1)
			})
			if counts[0].Load() != 1 || counts[1].Load() != 1 || counts[2].Load() != 8 {
				t.Errorf("of ten uses of a %s %d were redeemed, %d reused, %d ended", kind, counts[0].Load(), counts[1].Load(), counts[2].Load())
			}
			wantConsents(t, c, at(5))
			all, err := c.Tokens(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, tok := range all {
				if tok.RevokedAt.IsZero() {
					t.Errorf("token %s lives on after a %s was used twice", tok.ID, kind)
				}
			}
		}
	})
}
