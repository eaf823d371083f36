package auth

import (
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"magpie/internal/media"
)

// signInIssuer is an issuer at which people sign in to the console.
type signInIssuer struct {
	*issuer
	console *ConsoleAtIssuer
	keys    *Keys

	mu      sync.Mutex
	refresh int // the only refresh token that is good, as strict issuers have it
	life    time.Duration
	scope   string
	nonce   string
	refuse  string // an error instead of tokens
	status  int
	headers []string
}

func newSignInIssuer(t *testing.T, secret string) *signInIssuer {
	t.Helper()
	d := newDesk(t)
	i := &signInIssuer{issuer: newIssuer(t), keys: testKeys(t, 1), life: time.Hour, scope: "media.write tweet.read magpie.admin", nonce: begun.Nonce}
	i.tokens = i.give
	i.console = NewConsoleAtIssuer(i.read, RelyingConfig{Client: "the console", Secret: secret, Scopes: []string{"openid", TweetRead}},
		d.catalog, i.keys, i.now, slog.New(slog.DiscardHandler))
	return i
}

// give is the token endpoint. The issuer's mu is held.
func (i *signInIssuer) give(form url.Values, header string) (int, map[string]any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.headers = append(i.headers, header)
	if i.refuse != "" {
		return i.status, map[string]any{"error": i.refuse, "error_description": "It is so."}
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		if form.Get("code") != "good" || form.Get("redirect_uri") != begun.Callback || form.Get("code_verifier") != begun.Verifier {
			return http.StatusBadRequest, map[string]any{"error": "invalid_grant"}
		}
	case "refresh_token":
		if form.Get("refresh_token") != "refresh "+strconv.Itoa(i.refresh) {
			i.refresh = -1
			return http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "used twice"}
		}
	}
	i.refresh++
	now := i.clock
	claims := map[string]any{
		"iss": i.URL, "sub": "ann", "aud": "magpie", "scope": i.scope, "iat": now.Unix(), "exp": now.Add(i.life).Unix(), "azp": "the console", "jti": strconv.Itoa(i.refresh),
	}
	who := map[string]any{"iss": i.URL, "sub": "ann", "aud": "the console", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "nonce": i.nonce, "preferred_username": "ann@example.com"}
	return http.StatusOK, map[string]any{
		"access_token": i.token(claims), "token_type": "Bearer", "expires_in": 5, "refresh_token": "refresh " + strconv.Itoa(i.refresh),
		"id_token": i.sign(jose.ES256, i.key, "one", who, "JWT"),
	}
}

func (i *signInIssuer) enter(t *testing.T) string {
	t.Helper()
	secret := ConsoleSecret(i.keys, begun)
	if err := i.console.Enter(t.Context(), secret, begun, Came{Code: "good", Issuer: i.URL}); err != nil {
		t.Fatal(err)
	}
	return secret
}

func (i *signInIssuer) refusing(status int, code string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refuse, i.status = code, status
}

func TestConsoleAtIssuer(t *testing.T) {
	i := newSignInIssuer(t, "")
	to, err := i.console.Begin(t.Context(), begun)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(to)
	if err != nil || u.Path != "/authorize" {
		t.Fatalf("%s %v", to, err)
	}
	for name, want := range map[string]string{
		"tenant": "1", "response_type": "code", "client_id": "the console", "redirect_uri": begun.Callback, "scope": "openid tweet.read", "state": begun.State,
		"nonce": begun.Nonce, "code_challenge": aChallenge, "code_challenge_method": "S256", "audience": "magpie",
	} {
		if got := u.Query()[name]; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	secret := i.enter(t)
	i.enter(t) // again: the issuer's code is used once
	if n := i.given.Load(); n != 1 {
		t.Errorf("the issuer was asked %d times", n)
	}
	got, err := i.console.Token(t.Context(), secret)
	if err != nil || got.Username != "ann@example.com" || got.Lifetime != time.Hour || len(got.Scopes) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if who := i.passes("the page's token", got.Access); who.User != got.User || who.Client != "oidc:the console" {
		t.Errorf("%+v", who)
	}
	s, err := readSession(t.Context(), i.console.catalog, secret, i.now())
	if err != nil || s.User != got.User || s.Issued == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := testKeys(t, 2).Open(sealedIssued, s.Hash, s.Issued); err == nil {
		t.Error("another key opens it")
	}
	if err := i.console.Leave(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if _, err := i.console.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("%v", err)
	}
	if len(i.revoked) != 1 || i.revoked[0] != "refresh 1" {
		t.Errorf("revoked %q", i.revoked)
	}
}

// TestConsoleRenewal: an issuer that takes a refresh token once is asked once,
// however many pages ask, and whether or not they wait for the answer.
func TestConsoleRenewal(t *testing.T) {
	i := newSignInIssuer(t, "s/cret")
	secret := i.enter(t)
	if want := "Basic " + base64.StdEncoding.EncodeToString([]byte("the+console:s%2Fcret")); i.headers[0] != want {
		t.Errorf("authenticated by %q", i.headers[0])
	}
	for round := range 3 {
		i.pass(time.Hour - time.Minute + time.Duration(round)*2*time.Minute) // soon to end, then ended
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				got, err := i.console.Token(t.Context(), secret)
				if err != nil || got.Lifetime <= 0 {
					t.Errorf("round %d: %+v, %v", round, got, err)
				}
			})
		}
		wg.Wait()
		if n := i.given.Load(); int(n) != round+2 {
			t.Errorf("round %d: the issuer was asked %d times", round, n)
		}
	}
	// Who asked had gone, and a process that had the claim died.
	i.pass(2 * time.Hour)
	s, err := readSession(t.Context(), i.console.catalog, secret, i.now())
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := i.console.catalog.ClaimConsoleRenewal(t.Context(), s.Hash, s.Serial, i.now(), i.now().Add(renewClaim)); err != nil || !ok {
		t.Fatal(ok, err)
	}
	i.pass(renewClaim)
	if got, err := i.console.Token(t.Context(), secret); err != nil || got.Lifetime != time.Hour {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestConsoleWhileTheIssuerIsAway(t *testing.T) {
	i := newSignInIssuer(t, "")
	i.set(true)
	if _, err := i.console.Begin(t.Context(), begun); media.CodeOf(err) != media.CodeBusy {
		t.Errorf("%v", err)
	}
	i.set(false)
	i.pass(time.Minute)
	secret := i.enter(t)
	for name, away := range map[string]func(bool){
		"away": i.set,
		"broken": func(on bool) {
			i.refusing(http.StatusBadGateway, map[bool]string{true: "server_error"}[on])
		},
	} {
		away(true)
		i.pass(time.Hour - time.Second)
		if got, err := i.console.Token(t.Context(), secret); err != nil || got.Lifetime != time.Second {
			t.Errorf("%s, the last second: %+v, %v", name, got, err)
		}
		i.pass(time.Second)
		if _, err := i.console.Token(t.Context(), secret); media.CodeOf(err) != media.CodeBusy {
			t.Errorf("%s: %v", name, err)
		}
		away(false)
		i.pass(time.Minute)
		if got, err := i.console.Token(t.Context(), secret); err != nil || got.Lifetime != time.Hour {
			t.Errorf("%s, back again: %+v, %v", name, got, err)
		}
	}
	// A wrong secret is the operator's to mend.
	i.refusing(http.StatusUnauthorized, "invalid_client")
	i.pass(2 * time.Hour)
	if _, err := i.console.Token(t.Context(), secret); err == nil || media.CodeOf(err) == media.CodeUnauthorized {
		t.Errorf("%v", err)
	}
	// What the issuer ended has ended.
	i.refusing(http.StatusBadRequest, "invalid_grant")
	if _, err := i.console.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("%v", err)
	}
	i.refusing(0, "")
	if _, err := i.console.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
		t.Errorf("%v", err)
	}
}

func TestConsoleRefusesWhatTheIssuerGives(t *testing.T) {
	for name, change := range map[string]func(i *signInIssuer, came *Came){
		"a wrong code":    func(_ *signInIssuer, came *Came) { came.Code = "other" },
		"another issuer":  func(_ *signInIssuer, came *Came) { came.Issuer = "https://foe.example" },
		"another's nonce": func(i *signInIssuer, _ *Came) { i.nonce = "other" },
		"an opaque token": func(i *signInIssuer, _ *Came) {
			i.tokens = func(url.Values, string) (int, map[string]any) { return 200, map[string]any{"access_token": "x"} }
		},
		"no token": func(i *signInIssuer, _ *Came) {
			i.tokens = func(url.Values, string) (int, map[string]any) { return 200, map[string]any{} }
		},
		"one that has ended": func(i *signInIssuer, _ *Came) { i.life = -time.Hour },
		"an ID token that the client's secret signs": func(i *signInIssuer, _ *Came) {
			i.tokens = func(url.Values, string) (int, map[string]any) {
				return 200, map[string]any{"access_token": i.token(i.finely()), "id_token": i.sign(jose.HS256, []byte("a secret of thirty-two characters"), "", i.finely(), "JWT")}
			}
		},
		"an ID token for another client": func(i *signInIssuer, _ *Came) {
			i.tokens = func(url.Values, string) (int, map[string]any) {
				return 200, map[string]any{"access_token": i.token(i.finely()), "id_token": i.token(i.finely())}
			}
		},
	} {
		i := newSignInIssuer(t, "")
		came := Came{Code: "good"}
		change(i, &came)
		secret := ConsoleSecret(i.keys, begun)
		if err := i.console.Enter(t.Context(), secret, begun, came); media.CodeOf(err) != media.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := i.console.Token(t.Context(), secret); media.CodeOf(err) != media.CodeUnauthorized {
			t.Errorf("%s has a session: %v", name, err)
		}
	}
}

// finely are good claims while the issuer's mu is held.
func (i *signInIssuer) finely() map[string]any {
	return map[string]any{"iss": i.URL, "sub": "ann", "aud": "magpie", "scope": TweetRead, "nonce": begun.Nonce, "iat": i.clock.Unix(), "exp": i.clock.Add(time.Hour).Unix()}
}

// untilWhen notes when each request is given up.
type untilWhen struct {
	next http.RoundTripper
	left []time.Duration
}

func (u *untilWhen) RoundTrip(r *http.Request) (*http.Response, error) {
	at, ok := r.Context().Deadline()
	if !ok {
		at = time.Now().Add(time.Hour)
	}
	u.left = append(u.left, time.Until(at))
	return u.next.RoundTrip(r)
}

// An issuer that takes a code and says nothing keeps nobody waiting for long.
func TestConsoleWaitsForItsIssuer(t *testing.T) {
	i := newSignInIssuer(t, "")
	asked := &untilWhen{next: i.console.relying.client.Transport}
	i.console.relying.client.Transport = asked
	i.enter(t)
	if len(asked.left) != 1 || asked.left[0] > keysTimeout {
		t.Errorf("%v", asked.left)
	}
}
