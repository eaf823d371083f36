package analytics

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

func TestToken(t *testing.T) {
	random := strings.NewReader(strings.Repeat("0123456789abcdef", 1) + "ABCDEFGHIJKLMNOP")
	now := noon.Add(1234 * time.Microsecond)
	token, err := Mint(ring(), 7, now, random)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Mint(ring(), 7, now, random)
	if err != nil || token == other {
		t.Errorf("two tokens: %q, %q, %v", token, other, err)
	}
	got, err := Read(ring(), token, now)
	if err != nil || got.Media != 7 || !got.Minted.Equal(noon.Add(time.Millisecond)) || len(got.Session) != 22 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := Read(ring(), token, got.Minted.Add(Lifetime-1)); err != nil {
		t.Error(err)
	}

	foreign := policy.NewKeyring(policy.Key{ID: "k1", Secret: make([]byte, 32)})
	forged, _ := Mint(foreign, 7, now, strings.NewReader(strings.Repeat("x", 16)))
	for name, token := range map[string]string{
		"none":             "",
		"garbage":          "v1.k1.AAAA.AAAA",
		"another key":      forged,
		"cut":              token[:len(token)-1],
		"a ticket":         ring().Seal("ticket", make([]byte, tokenBytes)),
		"of another shape": ring().Seal(purpose, []byte("short")),
		"huge":             strings.Repeat(token, 100),
	} {
		if _, err := Read(ring(), token, now); media.CodeOf(err) != media.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(ring(), token, got.Expires()); media.CodeOf(err) != media.CodeForbidden || !strings.Contains(err.Error(), "expired") {
		t.Errorf("expired: %v", err)
	}
	if _, err := Mint(ring(), 7, now, iotest.ErrReader(errors.New("no randomness"))); err == nil {
		t.Error("minted without randomness")
	}
	if _, err := Mint(policy.Keyring{}, 7, now, strings.NewReader(strings.Repeat("x", 16))); err == nil {
		t.Error("minted without a key")
	}
}

func FuzzRead(f *testing.F) {
	f.Add("v1.k1.AAAA.AAAA")
	f.Add(ring().Seal(purpose, make([]byte, tokenBytes)))
	f.Fuzz(func(t *testing.T, token string) {
		got, err := Read(ring(), token, noon)
		if err != nil && media.CodeOf(err) != media.CodeForbidden {
			t.Fatal(err)
		}
		if err == nil && len(got.Session) != 22 {
			t.Fatalf("%+v", got)
		}
	})
}
