package auth

import (
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func (d *desk) time() time.Time { return d.clock }

// consoling is a desk with an account and the console.
type consoling struct {
	*desk
	*Console
	t    *testing.T
	keys *Keys
	who  catalog.Account
}

func newConsoling(t *testing.T) *consoling {
	d := newDesk(t)
	who, err := d.accounts().Create(t.Context(), "ann", "12", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	keys := testKeys(t, 1)
	return &consoling{desk: d, Console: NewConsole(d.catalog, keys, d.time, rand.Reader), t: t, keys: keys, who: who}
}

var begun = Begun{State: "state", Verifier: aVerifier, Nonce: "nonce", Callback: "http://127.0.0.1" + ConsoleCallback}

// code is what the authorization endpoint gives for a sign-in of the console.
func (c *consoling) code() string {
	c.t.Helper()
	if _, err := c.Begin(c.t.Context(), begun); err != nil {
		c.t.Fatal(err)
	}
	code, err := NewConsents(c.desk.catalog, c.time, rand.Reader).Allow(c.t.Context(), Ask{
		Client: ConsoleClient, User: c.who.ID, Scopes: ConsoleScopes(), RedirectURI: ConsoleCallback, Challenge: Challenge{begun.Challenge(), "S256"},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return code
}

func (c *consoling) enter() string {
	c.t.Helper()
	secret := ConsoleSecret(c.keys, begun)
	if err := c.Enter(c.t.Context(), secret, begun, Came{Code: c.code()}); err != nil {
		c.t.Fatal(err)
	}
	return secret
}

func TestConsoleSession(t *testing.T) {
	c := newConsoling(t)
	if begun.Challenge() != aChallenge {
		t.Fatalf("challenge %s", begun.Challenge())
	}
	code := c.code()
	secret := ConsoleSecret(c.keys, begun)
	if other := begun; ConsoleSecret(c.keys, other) != secret {
		t.Error("one sign-in has two secrets")
	}
	for what, wrong := range map[string]func() error{
		"no code": func() error { return c.Enter(t.Context(), secret, begun, Came{}) },
		"other state": func() error {
			return c.Enter(t.Context(), secret, Begun{State: "state", Verifier: aVerifier + "x"}, Came{Code: code})
		},
	} {
		if err := wrong(); media.CodeOf(err) != media.CodeForbidden {
			t.Errorf("%s: %v", what, err)
		}
	}
	for range 3 { // coming back twice, also where the first answer was lost
		if err := c.Enter(t.Context(), secret, begun, Came{Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	got := make([]SignedIn, 8)
	for i := range got {
		wg.Go(func() {
			var err error
			if got[i], err = c.Token(t.Context(), secret); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, g := range got {
		if g.User != "12" || g.Username != "ann" || g.Lifetime != ConsoleAccess || !slices.Equal(g.Scopes, ConsoleScopes()) {
			t.Errorf("%+v", g)
		}
		who, err := c.Identify(t.Context(), g.Access)
		if err != nil || who.User != "12" || who.Client != ConsoleClient || !slices.Equal(who.Scopes, g.Scopes) {
			t.Errorf("%+v, %v", who, err)
		}
	}
	if _, err := c.Token(t.Context(), "mgp_other"); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("an unknown secret: %v", err)
	}
	for range 2 {
		if err := c.Leave(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Identify(t.Context(), got[0].Access); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("a token after leaving: %v", err)
	}
	if _, err := c.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("after leaving: %v", err)
	}
	if err := c.Enter(t.Context(), secret, begun, Came{Code: code}); media.CodeOf(err) != media.CodeForbidden {
		t.Errorf("a code after leaving: %v", err)
	}
}

// TestConsoleSessionLasts as long as it is used, and not for ever.
func TestConsoleSessionLasts(t *testing.T) {
	c := newConsoling(t)
	secret := c.enter()
	began := c.clock
	for c.clock.Sub(began) < ConsoleMost-6*24*time.Hour {
		c.clock = c.clock.Add(6 * 24 * time.Hour)
		if _, err := c.Token(t.Context(), secret); err != nil {
			t.Fatalf("after %s: %v", c.clock.Sub(began), err)
		}
		if _, err := c.desk.catalog.PruneGrants(t.Context(), c.clock, 100); err != nil {
			t.Fatal(err)
		}
	}
	c.clock = began.Add(ConsoleMost)
	if _, err := c.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("after %s: %v", ConsoleMost, err)
	}
	idle := newConsoling(t)
	secret = idle.enter()
	idle.clock = idle.clock.Add(ConsoleIdle)
	if _, err := idle.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("idle for %s: %v", ConsoleIdle, err)
	}
}

// TestConsoleAdmin: the mark is looked at for each token, and taking it away ends
// those that have the scope.
func TestConsoleAdmin(t *testing.T) {
	c := newConsoling(t)
	secret := c.enter()
	token := func(admin bool) SignedIn {
		t.Helper()
		got, err := c.Token(t.Context(), secret)
		if err != nil || slices.Contains(got.Scopes, Admin) != admin {
			t.Fatalf("%+v, %v", got, err)
		}
		return got
	}
	before := token(false)
	if n, err := c.accounts().SetAdmin(t.Context(), "12", true); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	high := token(true)
	if n, err := c.accounts().SetAdmin(t.Context(), "12", false); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if _, err := c.Identify(t.Context(), high.Access); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("an admin's token outlives the mark: %v", err)
	}
	if _, err := c.Identify(t.Context(), before.Access); err != nil {
		t.Error(err)
	}
	token(false)
	if got := Given([]string{Admin, TweetRead}, c.who); !slices.Equal(got, []string{TweetRead}) {
		t.Errorf("%v", got)
	}
}

// TestConsoleOfAnotherClient: no other client's code enters the console.
func TestConsoleOfAnotherClient(t *testing.T) {
	c := newConsenting(t)
	keys := testKeys(t, 1)
	console := NewConsole(c.desk.catalog, keys, c.time, rand.Reader)
	if err := console.Enter(t.Context(), ConsoleSecret(keys, begun), begun, Came{Code: c.allow(TweetRead)}); media.CodeOf(err) != media.CodeForbidden {
		t.Errorf("%v", err)
	}
}

// TestConsoleUnderAnotherKeyFile: sessions and new sign-ins are as before, and
// nobody is told to make the client anew.
func TestConsoleUnderAnotherKeyFile(t *testing.T) {
	c := newConsoling(t)
	secret := c.enter()
	keys := testKeys(t, 2)
	other := NewConsole(c.desk.catalog, keys, c.time, rand.Reader)
	if _, err := other.Token(t.Context(), secret); err != nil {
		t.Error(err)
	}
	if _, err := other.Begin(t.Context(), begun); err != nil {
		t.Error(err)
	}
	if n, err := NewClients(c.desk.catalog, keys, c.time, rand.Reader).Unreadable(t.Context()); err != nil || n != 0 {
		t.Errorf("%d clients are lost, %v", n, err)
	}
}
