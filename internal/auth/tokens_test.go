package auth

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// desk is Tokens over a catalogue in a folder, with a clock that a test sets.
type desk struct {
	*Tokens
	catalog *catalog.Catalog
	folder  string
	clock   time.Time
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{folder: t.TempDir(), clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	var err error
	if d.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(d.folder, "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.catalog.Close() })
	d.Tokens = NewTokens(d.catalog, func() time.Time { return d.clock }, rand.NewChaCha8([32]byte{7}))
	return d
}

func TestIssue(t *testing.T) {
	d := newDesk(t)
	grant := Grant{User: "2244994945", Scopes: []string{TweetRead, "offline.access"}, AppOnly: true, Label: "an app", Lifetime: time.Hour}
	secret, err := d.Issue(t.Context(), grant)
	if err != nil {
		t.Fatal(err)
	}
	if len(secret) != 47 || !strings.HasPrefix(secret, "mgp_") || strings.Trim(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("secret %q is not 32 bytes that fit a URL", secret)
	}
	again, err := d.Issue(t.Context(), grant)
	if err != nil || again == secret {
		t.Errorf("another token of the same grant: %q, %v", again, err)
	}
	row, err := d.catalog.TokenByHash(t.Context(), hash(secret))
	if err != nil {
		t.Fatal(err)
	}
	want := catalog.Token{
		ID: row.ID, Hash: hash(secret), User: grant.User, Scopes: grant.Scopes, AppOnly: true, Label: "an app",
		CreatedAt: d.clock, ExpiresAt: d.clock.Add(time.Hour),
	}
	if diff := cmp.Diff(want, row); diff != "" || len(row.ID) != 12 {
		t.Errorf("row (-want +got):\n%s", diff)
	}
	who, err := d.Identify(t.Context(), secret)
	if diff := cmp.Diff(Identity{User: grant.User, Scopes: grant.Scopes, AppOnly: true, Token: row.ID}, who); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestSecretsAreKeptNowhere(t *testing.T) {
	d := newDesk(t)
	issued, err := d.Issue(t.Context(), Grant{User: "1", Scopes: Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(d.folder, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	kept := false
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kept = kept || bytes.Contains(data, []byte(hash(issued)))
		if bytes.Contains(data, []byte(issued)) {
			t.Errorf("%s holds the secret", f)
		}
	}
	if !kept {
		t.Error("not even the hash is there: the test looks in the wrong place")
	}
}

func TestIssueRefuses(t *testing.T) {
	d := newDesk(t)
	fine := []string{TweetRead}
	for _, c := range []struct {
		grant        Grant
		field, words string
	}{
		{Grant{Scopes: fine}, "user", "1 to 19 digits"},
		{Grant{User: "jack", Scopes: fine}, "user", "1 to 19 digits"},
		{Grant{User: "12345678901234567890", Scopes: fine}, "user", "1 to 19 digits"},
		{Grant{User: "-1", Scopes: fine}, "user", "1 to 19 digits"},
		{Grant{User: "1"}, "scopes", "name at least one of media.write, tweet.read"},
		{Grant{User: "1", Scopes: []string{TweetRead, "media.read"}}, "scopes", `"media.read" is none of`},
		{Grant{User: "1", Scopes: []string{""}}, "scopes", `"" is none of`},
		{Grant{User: "1", Scopes: fine, Lifetime: -time.Second}, "lifetime", "-1s is negative"},
	} {
		secret, err := d.Issue(t.Context(), c.grant)
		var e *media.Error
		if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != c.field || !strings.Contains(e.Detail, c.words) || secret != "" {
			t.Errorf("%+v: %q, %v", c.grant, secret, err)
		}
	}
	if list, err := d.catalog.Tokens(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

func TestIssueWithoutRandomness(t *testing.T) {
	d := newDesk(t)
	for n := range 38 { // 32 bytes of secret, 6 of id
		short := NewTokens(d.catalog, func() time.Time { return d.clock }, io.MultiReader(
			io.LimitReader(rand.NewChaCha8([32]byte{}), int64(n)), iotest.ErrReader(errors.New("no entropy"))))
		if secret, err := short.Issue(t.Context(), Grant{User: "1", Scopes: Scopes()}); err == nil || secret != "" || !strings.Contains(err.Error(), "no entropy") {
			t.Errorf("of %d bytes it made %q, %v", n, secret, err)
		}
	}
	if list, err := d.catalog.Tokens(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("kept %v, %v", list, err)
	}
}

func TestIdentifyRefuses(t *testing.T) {
	d := newDesk(t)
	secret, err := d.Issue(t.Context(), Grant{User: "1", Scopes: Scopes(), Lifetime: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	refused := func(secret, words string) {
		t.Helper()
		who, err := d.Identify(t.Context(), secret)
		if media.CodeOf(err) != media.CodeUnauthorized || err.Error() != words || who.User != "" || who.Scopes != nil {
			t.Errorf("%q: %+v, %v, want %q", secret, who, err, words)
		}
	}
	for _, other := range []string{"", "x", secret[1:], secret + "x", strings.ToLower(secret), hash(secret)} {
		refused(other, "The access token is not known here.")
	}
	d.clock = d.clock.Add(time.Hour - time.Nanosecond)
	who, err := d.Identify(t.Context(), secret)
	if err != nil {
		t.Errorf("in its last instant: %v", err)
	}
	d.clock = d.clock.Add(time.Nanosecond)
	refused(secret, "The access token has expired.")
	if _, err := d.catalog.RevokeToken(t.Context(), who.Token, d.clock); err != nil {
		t.Fatal(err)
	}
	refused(secret, "The access token was revoked.")

	ctx, gone := context.WithCancel(t.Context())
	gone()
	if who, err := d.Identify(ctx, secret); media.CodeOf(err) != media.CodeInternal || who.User != "" {
		t.Errorf("where the catalogue can't be asked: %+v, %v", who, err)
	}
}

func TestBootstrap(t *testing.T) {
	d := newDesk(t)
	secret := strings.Repeat("s", MinBootstrap)
	if _, err := d.Bootstrap(t.Context(), secret[1:]); media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "at least 32 characters; it has 31") {
		t.Errorf("a short one: %v", err)
	}
	for i, want := range []bool{true, false, false} {
		if created, err := d.Bootstrap(t.Context(), secret); err != nil || created != want {
			t.Errorf("start %d: created %v, %v", i, created, err)
		}
	}
	if created, err := d.Bootstrap(t.Context(), strings.Repeat("t", MinBootstrap)); err != nil || created {
		t.Errorf("another one later: created %v, %v", created, err)
	}
	who, err := d.Identify(t.Context(), secret)
	if diff := cmp.Diff(Identity{User: "1", Scopes: Scopes(), Token: who.Token}, who); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// Once revoked it stays so.
	if _, err := d.catalog.RevokeToken(t.Context(), who.Token, d.clock); err != nil {
		t.Fatal(err)
	}
	if created, err := d.Bootstrap(t.Context(), secret); err != nil || created {
		t.Errorf("after it was revoked: created %v, %v", created, err)
	}
	if _, err := d.Identify(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("after it was revoked: %v", err)
	}
}
