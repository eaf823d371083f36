package auth

import (
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// consenting is a desk with an account, two clients and Consents.
type consenting struct {
	*desk
	*Consents
	t        *testing.T
	user     string
	app, foe catalog.Client
}

func newConsenting(t *testing.T) *consenting {
	d := newDesk(t)
	ann, err := d.accounts().Create(t.Context(), "ann", "", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	clients := d.clients(t)
	return &consenting{
		desk: d, t: t, user: ann.ID,
		Consents: NewConsents(d.catalog, func() time.Time { return d.clock }, chacha(9)),
		app:      register(t, clients, Registration{}).Client, foe: register(t, clients, Registration{}).Client,
	}
}

const (
	aVerifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	aChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	aURI       = "https://app.example/cb"
)

func (c *consenting) allow(scopes ...string) string {
	c.t.Helper()
	code, err := c.Allow(c.t.Context(), Ask{Client: c.app.ID, User: c.user, Scopes: scopes, RedirectURI: aURI, Challenge: Challenge{aChallenge, "S256"}})
	if err != nil {
		c.t.Fatal(err)
	}
	return code
}

func (c *consenting) redeem(code string) (Issued, error) {
	return c.Redeem(c.t.Context(), c.app, code, aURI, aVerifier)
}

// given are the tokens of a new consent.
func (c *consenting) given(scopes ...string) Issued {
	c.t.Helper()
	got, err := c.redeem(c.allow(scopes...))
	if err != nil {
		c.t.Fatal(err)
	}
	return got
}

func (c *consenting) good(token string, want bool) {
	c.t.Helper()
	who, err := c.Identify(c.t.Context(), token)
	if want && (err != nil || who.User != c.user || who.Client != c.app.ID) || !want && media.CodeOf(err) != media.CodeUnauthorized {
		c.t.Errorf("%+v, %v, want %v", who, err, want)
	}
}

func (c *consenting) refused(what string, err error, words string) {
	c.t.Helper()
	if media.CodeOf(err) != media.CodeForbidden || !strings.Contains(err.Error(), words) || !strings.Contains(err.Error(), "was invalid") {
		c.t.Errorf("%s: %v, want %q", what, err, words)
	}
}

func TestRedeem(t *testing.T) {
	c := newConsenting(t)
	got := c.given(MediaWrite, OfflineAccess)
	who, err := c.Identify(t.Context(), got.Access)
	if err != nil {
		t.Fatal(err)
	}
	want := Identity{User: c.user, Scopes: []string{MediaWrite, OfflineAccess}, Token: who.Token, Client: c.app.ID}
	if diff := cmp.Diff(want, who); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Refresh == "" || got.Refresh == got.Access || !slices.Equal(got.Scopes, want.Scopes) {
		t.Errorf("%+v", got)
	}
	if once := c.given(MediaWrite); once.Refresh != "" {
		t.Error("a refresh token without offline.access")
	}
	c.clock = c.clock.Add(AccessLifetime - time.Millisecond)
	c.good(got.Access, true)
	c.clock = c.clock.Add(time.Millisecond)
	c.good(got.Access, false)
}

func TestRedeemRefuses(t *testing.T) {
	c := newConsenting(t)
	code := c.allow(MediaWrite)
	for _, row := range []struct {
		what, code, uri, verifier string
		client                    catalog.Client
		words                     string
	}{
		{"no code", "", aURI, aVerifier, c.app, "no such code"},
		{"its hash", hash(code), aURI, aVerifier, c.app, "no such code"},
		{"another client", code, aURI, aVerifier, c.foe, "no such code"},
		{"another URI", code, aURI + "/", aVerifier, c.app, "redirect_uri"},
		{"another verifier", code, aURI, aVerifier + "x", c.app, "code_verifier"},
		{"the challenge", code, aURI, aChallenge, c.app, "code_verifier"},
		{"no verifier", code, aURI, "", c.app, "code_verifier"},
	} {
		got, err := c.Redeem(t.Context(), row.client, row.code, row.uri, row.verifier)
		if c.refused(row.what, err, row.words); got.Access != "" {
			t.Errorf("%s: %+v", row.what, got)
		}
	}
	c.clock = c.clock.Add(CodeLifetime - time.Millisecond)
	got, err := c.redeem(code)
	if err != nil {
		t.Fatal(err)
	}
	c.good(got.Access, true)

	late := c.allow(MediaWrite)
	c.clock = c.clock.Add(CodeLifetime)
	_, err = c.redeem(late)
	c.refused("too late", err, "expired")

	// Used again, it takes what it gave along, also after it would have expired.
	_, err = c.Redeem(t.Context(), c.foe, code, aURI, aVerifier)
	c.refused("again, by another client", err, "no such code")
	c.good(got.Access, true)
	_, err = c.Redeem(t.Context(), c.app, code, aURI, "")
	c.refused("again", err, "used before")
	c.good(got.Access, false)
}

func TestRefreshRotates(t *testing.T) {
	c := newConsenting(t)
	first := c.given(TweetRead, MediaWrite, OfflineAccess)
	c.clock = c.clock.Add(RefreshIdle - time.Millisecond)
	second, err := c.Refresh(t.Context(), c.app, first.Refresh, []string{TweetRead})
	if err != nil || second.Refresh == first.Refresh || !slices.Equal(second.Scopes, []string{TweetRead}) {
		t.Fatalf("%+v, %v", second, err)
	}
	who, err := c.Identify(t.Context(), second.Access)
	if err != nil || !slices.Equal(who.Scopes, second.Scopes) {
		t.Errorf("%+v, %v", who, err)
	}
	for what, try := range map[string]func() (Issued, error){
		"another client":  func() (Issued, error) { return c.Refresh(t.Context(), c.foe, second.Refresh, nil) },
		"an access token": func() (Issued, error) { return c.Refresh(t.Context(), c.app, second.Access, nil) },
		"nothing":         func() (Issued, error) { return c.Refresh(t.Context(), c.app, "", nil) },
	} {
		_, err := try()
		c.refused(what, err, "no such refresh token")
	}
	var e *media.Error
	if _, err := c.Refresh(t.Context(), c.app, second.Refresh, []string{"dm.write"}); !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != "scope" {
		t.Errorf("more scopes: %v", err)
	}
	third, err := c.Refresh(t.Context(), c.app, second.Refresh, nil)
	if err != nil || len(third.Scopes) != 3 {
		t.Fatalf("all scopes again: %+v, %v", third, err)
	}
	last := c.given(MediaWrite)
	_, err = c.Refresh(t.Context(), c.app, first.Refresh, nil)
	c.refused("the first again", err, "used before")
	c.good(second.Access, false)
	c.good(third.Access, false)
	c.good(last.Access, true)
	_, err = c.Refresh(t.Context(), c.app, third.Refresh, nil)
	c.refused("the newest", err, "revoked")

	idle := c.given(OfflineAccess)
	c.clock = c.clock.Add(RefreshIdle)
	_, err = c.Refresh(t.Context(), c.app, idle.Refresh, nil)
	c.refused("idle for too long", err, "expired")
}

func TestTwoAtOnceEndAll(t *testing.T) {
	c := newConsenting(t)
	c.Consents.random = &locked{r: chacha(11)}
	for what, use := range map[string]func() func() (Issued, error){
		"code": func() func() (Issued, error) {
			code := c.allow(OfflineAccess)
			return func() (Issued, error) { return c.redeem(code) }
		},
		"refresh token": func() func() (Issued, error) {
			token := c.given(OfflineAccess).Refresh
			return func() (Issued, error) { return c.Refresh(t.Context(), c.app, token, nil) }
		},
	} {
		try := use()
		var got [4]Issued
		var all sync.WaitGroup
		for i := range got {
			all.Go(func() { got[i], _ = try() })
		}
		all.Wait()
		won := 0
		for _, g := range got {
			if g.Access != "" {
				won++
				c.good(g.Access, false)
			}
		}
		if won > 1 {
			t.Errorf("%d were given something for one %s", won, what)
		}
	}
}

// locked is randomness for several at once.
type locked struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *locked) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

func TestRevoke(t *testing.T) {
	c := newConsenting(t)
	mine, kept := c.given(OfflineAccess), c.given(OfflineAccess)
	byHand, err := c.Issue(t.Context(), Grant{User: c.user, Scopes: Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{"access": mine.Access, "refresh": mine.Refresh} {
		if err := c.Revoke(t.Context(), c.foe, token); media.CodeOf(err) != media.CodeForbidden {
			t.Errorf("another's %s token: %v", what, err)
		}
	}
	if err := c.Revoke(t.Context(), c.app, byHand); media.CodeOf(err) != media.CodeForbidden {
		t.Errorf("an operator's token: %v", err)
	}
	c.good(mine.Access, true)
	for _, token := range []string{"", "unknown", mine.Access, mine.Access} {
		if err := c.Revoke(t.Context(), c.app, token); err != nil {
			t.Errorf("%q: %v", token, err)
		}
	}
	c.good(mine.Access, false)
	next, err := c.Refresh(t.Context(), c.app, mine.Refresh, nil)
	if err != nil {
		t.Fatalf("the refresh token ended with an access token: %v", err)
	}
	for range 2 {
		if err := c.Revoke(t.Context(), c.app, next.Refresh); err != nil {
			t.Error(err)
		}
	}
	c.good(next.Access, false)
	c.good(kept.Access, true)
}

func TestAllowNeedsBoth(t *testing.T) {
	c := newConsenting(t)
	ask := Ask{Client: c.app.ID, User: "404", Scopes: []string{MediaWrite}, RedirectURI: aURI, Challenge: Challenge{aChallenge, "S256"}}
	if code, err := c.Allow(t.Context(), ask); media.CodeOf(err) != media.CodeForbidden || code != "" {
		t.Errorf("nobody: %q, %v", code, err)
	}
	if _, err := c.desk.catalog.RevokeClient(t.Context(), c.app.ID, c.clock); err != nil {
		t.Fatal(err)
	}
	ask.User = c.user
	if code, err := c.Allow(t.Context(), ask); media.CodeOf(err) != media.CodeForbidden || code != "" {
		t.Errorf("a revoked client: %q, %v", code, err)
	}
}

func TestConsentsWithoutRandomness(t *testing.T) {
	c := newConsenting(t)
	code, refresh := c.allow(OfflineAccess), c.given(OfflineAccess).Refresh
	for n := range int64(70) {
		c.Consents.random = io.MultiReader(io.LimitReader(chacha(4), n), iotest.ErrReader(errors.New("no entropy")))
		if got, err := c.redeem(code); err == nil || got.Access != "" {
			t.Fatalf("of %d bytes it made %+v", n, got)
		}
		c.Consents.random = io.MultiReader(io.LimitReader(chacha(4), n), iotest.ErrReader(errors.New("no entropy")))
		if got, err := c.Refresh(t.Context(), c.app, refresh, nil); err == nil || got.Access != "" {
			t.Fatalf("of %d bytes it made %+v", n, got)
		}
	}
	c.Consents.random = chacha(20)
	if _, err := c.redeem(code); err != nil {
		t.Errorf("the code was used up: %v", err)
	}
	if _, err := c.Refresh(t.Context(), c.app, refresh, nil); err != nil {
		t.Errorf("the refresh token was used up: %v", err)
	}
}

func TestChallenges(t *testing.T) {
	for _, row := range []struct {
		text, method string
		field        string
		verifier     string
	}{
		{aChallenge, "S256", "", aVerifier},
		{aVerifier, "plain", "", aVerifier},
		{"challenge", "", "", "challenge"},
		{strings.Repeat("~", 128), "plain", "", strings.Repeat("~", 128)},
		{"", "S256", "code_challenge", ""},
		{aChallenge, "s256", "code_challenge_method", ""},
		{aChallenge[:42], "S256", "code_challenge", ""},
		{aChallenge + "=", "S256", "code_challenge", ""},
		{strings.Repeat("~", 129), "plain", "code_challenge", ""},
		{"a b", "plain", "code_challenge", ""},
		{"a\x00", "plain", "code_challenge", ""},
	} {
		c, err := ParseChallenge(row.text, row.method)
		var e *media.Error
		if row.field != "" {
			if !errors.As(err, &e) || e.Field != row.field {
				t.Errorf("%.20q %q: %v", row.text, row.method, err)
			}
			continue
		}
		if err != nil || !c.meets(row.verifier) || c.meets(row.verifier+"x") || c.meets("") {
			t.Errorf("%.20q %q: %v", row.text, row.method, err)
		}
	}
}

func TestParseScopes(t *testing.T) {
	for text, want := range map[string][]string{
		"tweet.read media.write": {TweetRead, MediaWrite}, "  tweet.read   tweet.read ": {TweetRead}, strings.Join(Scopes(), " "): Scopes(),
		"": nil, " ": nil, "media.read": nil, "tweet.read,media.write": nil, "Tweet.Read": nil,
	} {
		got, err := ParseScopes(text)
		if !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%.30q: %v, %v", text, got, err)
		}
	}
}
