package catalogtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
)

func app(n int) catalog.Client {
	return catalog.Client{
		ID:           fmt.Sprint("client", n),
		SecretHash:   hashOf("client secret", n),
		APIKey:       fmt.Sprint("key", n),
		APISecret:    "v1.sealed",
		Name:         "A client & co.",
		Owner:        "12",
		ReadOnly:     true,
		RedirectURIs: []string{"https://app.example/cb?x=1", "http://127.0.0.1/cb"},
		AppSerial:    7,
		CreatedAt:    at(n),
	}
}

func createApp(t *testing.T, c *catalog.Catalog, client catalog.Client) catalog.Client {
	t.Helper()
	if err := c.CreateClient(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return client
}

func testClient(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		none, err := c.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, none, []catalog.Client{})
		bare := catalog.Client{ID: "bare", APIKey: "bare key", Public: true, CreatedAt: at(0), RevokedAt: at(1)}
		all := []catalog.Client{bare, app(1), app(2)}
		for _, i := range []int{1, 0, 2} {
			createApp(t, c, all[i])
		}
		for _, w := range all {
			got, err := c.Client(t.Context(), w.ID)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, w)
			if got, err = c.ClientByAPIKey(t.Context(), w.APIKey); err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, w)
		}
		got, err := c.Clients(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, all)
		_, err = c.Client(t.Context(), "key1")
		wantNotFound(t, "Client", err)
		_, err = c.ClientByAPIKey(t.Context(), "client1")
		wantNotFound(t, "ClientByAPIKey", err)
	})

	t.Run("conflicts, and a hash is a hash", func(t *testing.T) {
		c := open(t)
		createApp(t, c, app(1))
		sameID, sameKey, bare := app(2), app(2), app(2)
		sameID.ID, sameKey.APIKey, bare.SecretHash = app(1).ID, app(1).APIKey, "a secret"
		wantConflict(t, "same id", c.CreateClient(t.Context(), sameID))
		wantConflict(t, "same key", c.CreateClient(t.Context(), sameKey))
		if err := c.CreateClient(t.Context(), bare); err == nil {
			t.Error("took a secret for a hash")
		}
	})

	t.Run("revoking ends all that it was given", func(t *testing.T) {
		c := open(t)
		createUser(t, c, 1)
		createApp(t, c, app(1))
		createApp(t, c, app(2))
		byHand := accessToken(90)
		if err := c.CreateToken(t.Context(), byHand); err != nil {
			t.Fatal(err)
		}
		for n := 1; n <= 2; n++ {
			consented(t, c, n, app(n).ID)
			redeemed(t, c, n)
			keepAppToken(t, c, 10+n, app(n))
		}
		ok, err := c.RevokeClient(t.Context(), app(1).ID, at(50))
		want(t, "RevokeClient", ok, err, true)
		ok, err = c.RevokeClient(t.Context(), app(1).ID, at(60))
		want(t, "RevokeClient again", ok, err, false)
		got, err := c.Client(t.Context(), app(1).ID)
		if err != nil {
			t.Fatal(err)
		}
		revoked := app(1)
		revoked.RevokedAt = at(50)
		wantEqual(t, got, revoked)
		wantRevoked(t, c, at(50), given(1), appToken(11, app(1)))
		wantRevoked(t, c, time.Time{}, toClient(given(2), app(2).ID), appToken(12, app(2)), byHand)
		wantConsents(t, c, at(50), time.Time{})
		outcome, err := c.RotateRefreshToken(t.Context(), refresh(1).Hash, consent(1).ID, given(3), nil, at(60))
		wantOutcome(t, "a refresh token of it", outcome, err, catalog.Ended)
		_, err = c.RevokeClient(t.Context(), "none", at(50))
		wantNotFound(t, "RevokeClient", err)
	})

	t.Run("nothing is given to a revoked one", func(t *testing.T) {
		c := open(t)
		createUser(t, c, 1)
		createApp(t, c, app(1))
		if _, err := c.RevokeClient(t.Context(), app(1).ID, at(50)); err != nil {
			t.Fatal(err)
		}
		ok, err := c.CreateConsent(t.Context(), withClient(consent(1), app(1).ID), code(1), false)
		want(t, "CreateConsent", ok, err, false)
		ok, err = c.KeepAppToken(t.Context(), 7, appToken(1, app(1)))
		want(t, "KeepAppToken", ok, err, false)
		ok, err = c.EndAppToken(t.Context(), app(1).ID, 7)
		want(t, "EndAppToken", ok, err, false)
	})

	t.Run("one app-only token, until it ends", func(t *testing.T) {
		c := open(t)
		createApp(t, c, app(1))
		keepAppToken(t, c, 1, app(1))
		again := appToken(1, app(1))
		again.ID = "another id"
		ok, err := c.KeepAppToken(t.Context(), 7, again)
		want(t, "KeepAppToken again", ok, err, true)
		wantRevoked(t, c, time.Time{}, appToken(1, app(1)))
		if all, err := c.Tokens(t.Context()); err != nil || len(all) != 1 {
			t.Fatalf("%d tokens, %v", len(all), err)
		}
		clash := appToken(2, app(1))
		clash.ID = appToken(1, app(1)).ID
		_, err = c.KeepAppToken(t.Context(), 7, clash)
		wantConflict(t, "the id of another", err)

		var ended atomic.Int32
		together(10, func(int) {
			if ok, err := c.EndAppToken(t.Context(), app(1).ID, 7); err != nil {
				t.Error(err)
			} else if ok {
				ended.Add(1)
			}
		})
		if ended.Load() != 1 {
			t.Errorf("%d ended it", ended.Load())
		}
		_, err = c.TokenByHash(t.Context(), appToken(1, app(1)).Hash)
		wantNotFound(t, "TokenByHash of the ended one", err)
		ok, err = c.KeepAppToken(t.Context(), 7, appToken(1, app(1)))
		want(t, "KeepAppToken of the last serial", ok, err, false)
		ok, err = c.KeepAppToken(t.Context(), 8, appToken(2, app(1)))
		want(t, "KeepAppToken of the next serial", ok, err, true)
		if _, err := c.RevokeToken(t.Context(), appToken(2, app(1)).ID, at(50)); err != nil {
			t.Fatal(err)
		}
		ok, err = c.KeepAppToken(t.Context(), 8, appToken(2, app(1)))
		want(t, "KeepAppToken of one that was revoked", ok, err, false)
		ok, err = c.KeepAppToken(t.Context(), 9, appToken(3, app(1)))
		want(t, "KeepAppToken of the serial after that", ok, err, true)
		ok, err = c.KeepAppToken(t.Context(), 8, appToken(4, app(9)))
		want(t, "KeepAppToken of an unknown client", ok, err, false)
	})
}

func appToken(n int, client catalog.Client) catalog.Token {
	t := accessToken(n)
	t.Client, t.AppOnly, t.User, t.ExpiresAt = client.ID, true, client.Owner, time.Time{}
	return t
}

func keepAppToken(t *testing.T, c *catalog.Catalog, n int, client catalog.Client) {
	t.Helper()
	ok, err := c.KeepAppToken(t.Context(), client.AppSerial, appToken(n, client))
	want(t, "KeepAppToken", ok, err, true)
}

// wantRevoked checks when tokens were revoked, the zero time being not.
func wantRevoked(t *testing.T, c *catalog.Catalog, when time.Time, tokens ...catalog.Token) {
	t.Helper()
	for _, tok := range tokens {
		got, err := c.TokenByHash(t.Context(), tok.Hash)
		if err != nil {
			t.Fatalf("token %s: %v", tok.ID, err)
		}
		tok.RevokedAt = when
		wantEqual(t, got, tok)
	}
}

// hashOf is a hash as secrets have them.
func hashOf(what string, n int) string {
	sum := sha256.Sum256(fmt.Append(nil, what, n))
	return hex.EncodeToString(sum[:])
}
