package auth

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// clients are Clients over the desk's catalogue and clock.
func (d *desk) clients(t *testing.T) *Clients {
	return NewClients(d.catalog, testKeys(t, 1), func() time.Time { return d.clock }, chacha(5))
}

func register(t *testing.T, c *Clients, r Registration) Registered {
	t.Helper()
	if r.Name == "" {
		r.Name = "An app"
	}
	made, err := c.Register(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestRegister(t *testing.T) {
	d := newDesk(t)
	c := d.clients(t)
	made := register(t, c, Registration{Owner: "12", RedirectURIs: []string{"https://app.example/cb"}, ReadOnly: true})
	row, err := d.catalog.Client(t.Context(), made.Client.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.Client, row); diff != "" {
		t.Errorf("kept (-made +kept):\n%s", diff)
	}
	if len(row.ID) != 28 || len(row.APIKey) != 25 || len(made.KeySecret) != 50 || len(made.Secret) != 47 || row.SecretHash != hash(made.Secret) ||
		strings.Contains(row.APISecret, made.KeySecret) {
		t.Errorf("%+v", made)
	}
	if back, err := c.keys.Open(clientKeySecret, row.ID, row.APISecret); err != nil || back != made.KeySecret {
		t.Errorf("the key secret came back as %q, %v", back, err)
	}
	public := register(t, c, Registration{Public: true})
	if public.Secret != "" || public.Client.SecretHash != "" || public.Client.ID == row.ID || public.Client.APIKey == row.APIKey {
		t.Errorf("%+v", public)
	}
	if n, err := c.Unreadable(t.Context()); n != 0 || err != nil {
		t.Errorf("%d unreadable, %v", n, err)
	}
	other := NewClients(d.catalog, testKeys(t, 2), time.Now, chacha(1))
	if n, err := other.Unreadable(t.Context()); n != 2 || err != nil {
		t.Errorf("under another key file %d unreadable, %v", n, err)
	}
}

func TestRegisterRefuses(t *testing.T) {
	d := newDesk(t)
	c := d.clients(t)
	for _, row := range []struct {
		r     Registration
		field string
	}{
		{Registration{}, "name"},
		{Registration{Name: " x"}, "name"},
		{Registration{Name: "x\ny"}, "name"},
		{Registration{Name: "x\u202ey"}, "name"}, // turns the writing round
		{Registration{Name: strings.Repeat("x", 101)}, "name"},
		{Registration{Name: "x\xff"}, "name"},
		{Registration{Name: "x", Owner: "ann"}, "owner"},
		{Registration{Name: "x", RedirectURIs: []string{"https://app.example", "nowhere"}}, "redirect_uri"},
	} {
		var e *media.Error
		if _, err := c.Register(t.Context(), row.r); !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != row.field {
			t.Errorf("%+v: %v", row.r, err)
		}
	}
	for n := range int64(60) {
		short := io.MultiReader(io.LimitReader(chacha(4), n*2), iotest.ErrReader(errors.New("no entropy")))
		if made, err := NewClients(d.catalog, c.keys, time.Now, short).Register(t.Context(), Registration{Name: "x"}); err == nil || made.KeySecret != "" {
			t.Errorf("of %d bytes it made %+v", n*2, made)
		}
	}
	if all, err := d.catalog.Clients(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("kept %v, %v", all, err)
	}
}

func TestRedirectURIs(t *testing.T) {
	for uri, ok := range map[string]bool{
		"https://app.example/cb": true, "https://app.example": true, "https://app.example/cb?x=1": true, "http://intranet/cb": true,
		"http://127.0.0.1/cb": true, "http://[::1]/cb": true, "http://localhost:3000": true, "com.example.app:/cb": true, "com.example.app://cb": true,
		"": false, "/cb": false, "app.example/cb": false, "https:///cb": false, "https://": false, "https://u:p@app.example/cb": false,
		"https://app.example/cb#": false, "https://app.example/cb#x": false, "https://app.example/c b": false, "https://app.example/\u00fc": false,
		"javascript:alert(1)": false, "data:text/html,x": false, "myapp:/cb": false, "file:///etc/passwd": false, "https://app.example:0/": false,
		"https://app.example:99999/": false, "https://app.example/\r\nX: y": false, "https://a.example/" + strings.Repeat("x", 2000): false,
	} {
		if err := CheckRedirectURI(uri); (err == nil) != ok || err != nil && media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%.60q: %v", uri, err)
		}
	}
	client := catalog.Client{RedirectURIs: []string{"https://app.example/cb?x=1", "http://127.0.0.1/cb", "http://[::1]:8000/cb?y=2", "http://localhost", "http://intranet/cb", "com.example.app:/cb"}}
	for uri, ok := range map[string]bool{
		"https://app.example/cb?x=1": true, "http://127.0.0.1/cb": true, "http://127.0.0.1:1/cb": true, "http://127.0.0.1:65535/cb": true,
		"http://[::1]/cb?y=2": true, "http://[::1]:9/cb?y=2": true, "http://localhost:3000": true, "http://intranet/cb": true, "com.example.app:/cb": true,
		"": false, "https://app.example/cb": false, "https://app.example:443/cb?x=1": false, "HTTPS://app.example/cb?x=1": false, "https://app.example/cb?x=1&y": false,
		"https://APP.example/cb?x=1": false, "http://127.0.0.1/cb/": false, "http://127.0.0.1/cb?": false, "http://127.0.0.1:1/CB": false,
		"http://127.0.0.1:1@evil.example/cb": false, "http://127.0.0.1.evil.example/cb": false, "http://127.0.0.1:1/../cb": false, "http://127.0.0.1:1/%63b": false,
		"http://localhost/": false, "https://localhost": false, "http://127.0.0.1:x/cb": false, "http://127.0.0.1:0/cb": false, "http://intranet:8080/cb": false,
		"http://[::1]:9/cb": false, "com.example.app:/cb?x": false, "http://127.0.0.1:1/cb#": false, "http://127.0.0.1:1\\@evil.example/cb": false,
	} {
		if MayRedirect(client, uri) != ok {
			t.Errorf("%q: %v", uri, !ok)
		}
	}
}

func FuzzMayRedirect(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:8/cb", "http://127.0.0.1\\@evil/cb", "http://127.0.0.1/cb?x#y", "http:///cb", "http://127.0.0.1:80:80/cb"} {
		f.Add(s)
	}
	client := catalog.Client{RedirectURIs: []string{"http://127.0.0.1/cb"}}
	f.Fuzz(func(t *testing.T, uri string) {
		if MayRedirect(client, uri) && uri != "http://127.0.0.1/cb" {
			port, ok := strings.CutPrefix(uri, "http://127.0.0.1:")
			port, ok2 := strings.CutSuffix(port, "/cb")
			if !ok || !ok2 || strings.Trim(port, "0123456789") != "" {
				t.Errorf("%q may be gone to", uri)
			}
		}
	})
}

func TestAuthenticate(t *testing.T) {
	d := newDesk(t)
	c := d.clients(t)
	app, public := register(t, c, Registration{}), register(t, c, Registration{Public: true})
	for _, row := range []struct {
		id, secret string
		ok         bool
	}{
		{app.Client.ID, app.Secret, true},
		{app.Client.ID, "", false},
		{app.Client.ID, app.KeySecret, false},
		{app.Client.ID, app.Client.SecretHash, false},
		{public.Client.ID, "", true},
		{public.Client.ID, "x", false},
		{"", "", false},
		{"nobody", "", false},
	} {
		got, err := c.Authenticate(t.Context(), row.id, row.secret)
		if row.ok && (err != nil || got.ID != row.id) || !row.ok && (media.CodeOf(err) != media.CodeUnauthorized || got.ID != "") {
			t.Errorf("%q %q: %+v, %v", row.id, row.secret, got, err)
		}
	}
	for _, row := range []struct {
		key, secret string
		ok          bool
	}{
		{app.Client.APIKey, app.KeySecret, true},
		{public.Client.APIKey, public.KeySecret, true},
		{app.Client.APIKey, public.KeySecret, false},
		{app.Client.APIKey, "", false},
		{app.Client.ID, app.Secret, false},
		{"", "", false},
	} {
		got, err := c.AuthenticateKey(t.Context(), row.key, row.secret)
		if row.ok && (err != nil || got.APIKey != row.key) || !row.ok && (media.CodeOf(err) != media.CodeUnauthorized || got.ID != "") {
			t.Errorf("%q %q: %+v, %v", row.key, row.secret, got, err)
		}
	}
	if _, err := NewClients(d.catalog, testKeys(t, 2), time.Now, chacha(1)).AuthenticateKey(t.Context(), app.Client.APIKey, app.KeySecret); err == nil || media.CodeOf(err) != media.CodeInternal {
		t.Errorf("under another key file: %v", err)
	}
	if _, err := d.catalog.RevokeClient(t.Context(), app.Client.ID, d.clock); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Authenticate(t.Context(), app.Client.ID, app.Secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("a revoked one: %v", err)
	}
	if _, err := c.AuthenticateKey(t.Context(), app.Client.APIKey, app.KeySecret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("a revoked one by key: %v", err)
	}
}

func TestAppToken(t *testing.T) {
	d := newDesk(t)
	c := d.clients(t)
	app, other := register(t, c, Registration{Owner: "12"}), register(t, c, Registration{})
	token, err := c.AppToken(t.Context(), app.Client)
	if err != nil {
		t.Fatal(err)
	}
	who, err := d.Identify(t.Context(), token)
	if diff := cmp.Diff(Identity{User: "12", Scopes: AppOnlyScopes(), AppOnly: true, Token: who.Token, Client: app.Client.ID}, who); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if again, err := c.AppToken(t.Context(), app.Client); err != nil || again != token {
		t.Errorf("again: %q, %v", again, err)
	}
	nobodys, err := c.AppToken(t.Context(), other.Client)
	if err != nil || nobodys == token {
		t.Errorf("of another client: %q, %v", nobodys, err)
	}
	for _, wrong := range []string{"", nobodys, hash(token)} {
		if err := c.EndAppToken(t.Context(), app.Client, wrong); media.CodeOf(err) != media.CodeNotFound {
			t.Errorf("ending %q: %v", wrong, err)
		}
	}
	if err := c.EndAppToken(t.Context(), app.Client, token); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Identify(t.Context(), token); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("an ended one: %v", err)
	}
	// What was read before that is out of date, and no more.
	next, err := c.AppToken(t.Context(), app.Client)
	if err != nil || next == token {
		t.Errorf("the next: %q, %v", next, err)
	}
	if err := c.EndAppToken(t.Context(), app.Client, token); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("ending it twice: %v", err)
	}
	if _, err := d.catalog.RevokeClient(t.Context(), app.Client.ID, d.clock); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AppToken(t.Context(), app.Client); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("of a revoked client: %v", err)
	}
	if _, err := d.Identify(t.Context(), nobodys); err != nil {
		t.Errorf("another client's: %v", err)
	}
}

func TestAlphanumeric(t *testing.T) {
	seen := map[rune]int{}
	s, err := alphanumeric(chacha(6), 62_000)
	if err != nil || len(s) != 62_000 {
		t.Fatal(len(s), err)
	}
	for _, c := range s {
		seen[c]++
	}
	if len(seen) != 62 {
		t.Errorf("%d characters", len(seen))
	}
	for c, n := range seen {
		if n < 800 || n > 1200 {
			t.Errorf("%c comes %d times of 1000", c, n)
		}
	}
}
