package auth

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// TestKnownIsNeverOld: a token that another process revokes is refused by the
// next request, one that it makes is taken.
func TestKnownIsNeverOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	var rows [2]*catalog.Catalog
	for i := range rows {
		var err error
		if rows[i], err = catalog.OpenSQLite(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = rows[i].Close() })
	}
	now := time.Now()
	mine := NewTokens(rows[0], func() time.Time { return now }, chacha(1))
	other := NewTokens(rows[1], func() time.Time { return now }, chacha(2))
	for i := range 20 {
		secret, err := other.Issue(t.Context(), Grant{User: "7", Scopes: []string{MediaWrite}})
		if err != nil {
			t.Fatal(err)
		}
		var who Identity
		for range 3 {
			if who, err = mine.Identify(t.Context(), secret); err != nil || who.User != "7" {
				t.Fatalf("%d: %+v, %v", i, who, err)
			}
		}
		if _, ok := mine.known.remembered(hash(secret), knownWhen{at: now}); !ok {
			t.Fatal("nothing is remembered")
		}
		if _, err := rows[i%2].RevokeToken(t.Context(), who.Token, now); err != nil {
			t.Fatal(err)
		}
		if _, err := mine.Identify(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
			t.Fatalf("%d: revoked, and %v", i, err)
		}
	}
}

// TestKnownAges: where no version tells, a moment is the most.
func TestKnownAges(t *testing.T) {
	k := newKnown(nil, nil)
	now := time.Now()
	k.remember("a", knownToken{catalog.Token{ID: "a"}, knownWhen{at: now}})
	for after, want := range map[time.Duration]bool{0: true, knownFor - 1: true, knownFor: false, -1: false, time.Hour: false} {
		if _, ok := k.remembered("a", knownWhen{at: now.Add(after)}); ok != want {
			t.Errorf("after %v: %v", after, ok)
		}
	}
	if _, ok := k.remembered("b", knownWhen{at: now}); ok {
		t.Error("another is known")
	}
}

func TestKnownIsBounded(t *testing.T) {
	k := newKnown(nil, nil)
	now := time.Now()
	for i := range 3 * knownMost {
		k.remember(strings.Repeat("a", 60)+fmt.Sprint(i), knownToken{when: knownWhen{at: now}})
		if n := len(k.new) + len(k.old); n > 2*knownMost {
			t.Fatalf("%d are remembered", n)
		}
	}
	if _, ok := k.remembered(strings.Repeat("a", 60)+fmt.Sprint(3*knownMost-1), knownWhen{at: now}); !ok {
		t.Error("the last is forgotten")
	}
}
