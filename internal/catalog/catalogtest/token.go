package catalogtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
)

func accessToken(n int) catalog.Token {
	hash := sha256.Sum256([]byte(fmt.Sprint("secret", n)))
	return catalog.Token{
		ID:        fmt.Sprint("token", n),
		Hash:      hex.EncodeToString(hash[:]),
		User:      "2244994945",
		Scopes:    []string{"media.write", "tweet.read"},
		Label:     "laptop",
		CreatedAt: at(n),
		ExpiresAt: at(n + 100),
	}
}

func testToken(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("comes back as stored", func(t *testing.T) {
		c := open(t)
		none, err := c.Tokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, none, []catalog.Token{})

		bare := accessToken(1)
		bare.AppOnly = true
		bare.Scopes, bare.Label, bare.ExpiresAt = nil, "", time.Time{}
		want := []catalog.Token{bare, accessToken(2), accessToken(3)}
		for _, i := range []int{2, 0, 1} {
			if err := c.CreateToken(t.Context(), want[i]); err != nil {
				t.Fatal(err)
			}
		}
		for _, w := range want {
			got, err := c.TokenByHash(t.Context(), w.Hash)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, w)
		}
		all, err := c.Tokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, all, want)
		_, err = c.TokenByHash(t.Context(), accessToken(4).Hash)
		wantNotFound(t, "TokenByHash", err)
	})

	t.Run("conflicts", func(t *testing.T) {
		c := open(t)
		if err := c.CreateToken(t.Context(), accessToken(1)); err != nil {
			t.Fatal(err)
		}
		sameID, sameHash := accessToken(2), accessToken(2)
		sameID.ID = accessToken(1).ID
		sameHash.Hash = accessToken(1).Hash
		wantConflict(t, "same id", c.CreateToken(t.Context(), sameID))
		wantConflict(t, "same hash", c.CreateToken(t.Context(), sameHash))
	})

	t.Run("a hash is a hash", func(t *testing.T) {
		c := open(t)
		for _, hash := range []string{"", "secret", strings.ToUpper(accessToken(1).Hash), accessToken(1).Hash + "\n"} {
			tok := accessToken(1)
			tok.Hash = hash
			if err := c.CreateToken(t.Context(), tok); err == nil {
				t.Errorf("CreateToken took the hash %q", hash)
			}
			if ok, err := c.CreateFirstToken(t.Context(), tok); err == nil || ok {
				t.Errorf("CreateFirstToken took the hash %q", hash)
			}
		}
	})

	t.Run("revoked once, still there", func(t *testing.T) {
		c := open(t)
		tok := accessToken(1)
		if err := c.CreateToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		ok, err := c.RevokeToken(t.Context(), tok.ID, at(50))
		want(t, "RevokeToken", ok, err, true)
		ok, err = c.RevokeToken(t.Context(), tok.ID, at(60))
		want(t, "RevokeToken again", ok, err, false)
		tok.RevokedAt = at(50)
		got, err := c.TokenByHash(t.Context(), tok.Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, tok)
		_, err = c.RevokeToken(t.Context(), "404", at(50))
		wantNotFound(t, "RevokeToken", err)
	})

	t.Run("the first token, only in a new catalogue", func(t *testing.T) {
		c := open(t)
		first := accessToken(1)
		ok, err := c.CreateFirstToken(t.Context(), first)
		want(t, "CreateFirstToken", ok, err, true)
		got, err := c.TokenByHash(t.Context(), first.Hash)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, got, first)
		ok, err = c.CreateFirstToken(t.Context(), first)
		want(t, "CreateFirstToken at a restart", ok, err, false)
		ok, err = c.CreateFirstToken(t.Context(), accessToken(2))
		want(t, "CreateFirstToken of another", ok, err, false)
		if _, err := c.RevokeToken(t.Context(), first.ID, at(50)); err != nil {
			t.Fatal(err)
		}
		ok, err = c.CreateFirstToken(t.Context(), accessToken(2))
		want(t, "CreateFirstToken after revoking the first", ok, err, false)
		if err := c.CreateToken(t.Context(), accessToken(3)); err != nil {
			t.Fatal(err)
		}

		used := open(t)
		create(t, used, 1)
		ok, err = used.CreateFirstToken(t.Context(), first)
		want(t, "CreateFirstToken where there is a session", ok, err, false)
		byHand := open(t)
		if err := byHand.CreateToken(t.Context(), accessToken(3)); err != nil {
			t.Fatal(err)
		}
		ok, err = byHand.CreateFirstToken(t.Context(), first)
		want(t, "CreateFirstToken where there is a token", ok, err, false)
	})

	t.Run("of many first tokens at once one is", func(t *testing.T) {
		c := open(t)
		var created atomic.Int32
		together(20, func(i int) {
			ok, err := c.CreateFirstToken(t.Context(), accessToken(i))
			if err != nil {
				t.Error(err)
			}
			if ok {
				created.Add(1)
			}
		})
		all, err := c.Tokens(t.Context())
		if err != nil || created.Load() != 1 || len(all) != 1 {
			t.Fatalf("%d say they made it, %d are there, %v", created.Load(), len(all), err)
		}
	})
}
