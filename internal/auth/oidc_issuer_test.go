package auth

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"magpie/internal/media"
)

// issuer is an OpenID Connect issuer with keys that a test changes.
type issuer struct {
	*httptest.Server
	t    testing.TB
	log  bytes.Buffer
	read *Issuer // magpie's side
	key  *ecdsa.PrivateKey

	mu       sync.Mutex
	clock    time.Time
	keys     []jose.JSONWebKey
	down     bool
	document map[string]any                                 // in place of the discovery document
	asked    atomic.Int32                                   // for keys
	found    atomic.Int32                                   // discovered
	tokens   func(url.Values, string) (int, map[string]any) // the token endpoint: of a form and the Authorization header
	given    atomic.Int32                                   // answers of it
	revoked  []string
}

func newIssuer(t testing.TB) *issuer {
	t.Helper()
	i := &issuer{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	i.Server = httptest.NewServer(http.HandlerFunc(i.answer))
	t.Cleanup(i.Close)
	i.document = map[string]any{
		"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize?tenant=1", "token_endpoint": i.URL + "/token", "revocation_endpoint": i.URL + "/revoke",
	}
	i.key = i.rotate("one")
	i.read = NewIssuer(IssuerConfig{
		URL: i.URL, Audience: []string{"magpie", "https://media.example"}, UserClaim: "sub", ScopeClaim: "scope",
		Skew: time.Minute, Client: i.Client(),
	}, i.now, slog.New(slog.NewTextHandler(&i.log, nil)))
	return i
}

func (i *issuer) now() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.clock
}

func (i *issuer) pass(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.clock = i.clock.Add(d)
}

func (i *issuer) set(down bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.down = down
}

// rotate puts a new key in the place of all others.
func (i *issuer) rotate(kid string) *ecdsa.PrivateKey {
	i.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.publish(jose.JSONWebKey{Key: key.Public(), KeyID: kid, Use: "sig"})
	return key
}

func (i *issuer) publish(keys ...jose.JSONWebKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = keys
}

func (i *issuer) answer(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	switch {
	case i.down:
		w.WriteHeader(http.StatusBadGateway)
	case r.URL.Path == "/.well-known/openid-configuration":
		i.found.Add(1)
		_ = json.NewEncoder(w).Encode(i.document)
	case r.URL.Path == "/keys":
		i.asked.Add(1)
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: i.keys})
	case r.URL.Path == "/token" && r.Method == http.MethodPost && r.ParseForm() == nil:
		i.given.Add(1)
		status, body := i.tokens(r.PostForm, r.Header.Get("Authorization"))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	case r.URL.Path == "/revoke" && r.Method == http.MethodPost && r.ParseForm() == nil:
		i.revoked = append(i.revoked, r.PostForm.Get("token"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// fine are the claims of a token that passes.
func (i *issuer) fine() map[string]any {
	now := i.now()
	return map[string]any{
		"iss": i.URL, "sub": "2244994945", "aud": []string{"magpie"}, "scope": "media.write tweet.read",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(time.Hour).Unix(), "azp": "app", "jti": "token-1",
	}
}

// but changes some of the claims; nil takes one out.
func (i *issuer) but(more ...any) map[string]any {
	c := i.fine()
	for n := 0; n+1 < len(more); n += 2 {
		if c[more[n].(string)] = more[n+1]; more[n+1] == nil {
			delete(c, more[n].(string))
		}
	}
	return c
}

func (i *issuer) sign(alg jose.SignatureAlgorithm, key any, kid string, claims any, typ string) string {
	i.t.Helper()
	options := &jose.SignerOptions{}
	if typ != "" {
		options.WithType(jose.ContentType(typ))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options)
	if err != nil {
		i.t.Fatal(err)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(b)
	if err != nil {
		i.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return token
}

func (i *issuer) token(claims any) string {
	i.t.Helper()
	return i.sign(jose.ES256, i.key, "one", claims, "at+jwt")
}

func (i *issuer) passes(name, token string) Identity {
	i.t.Helper()
	who, err := i.read.Identify(context.Background(), token)
	if err != nil || who.User == "" {
		i.t.Errorf("%s: %+v, %v", name, who, err)
	}
	return who
}

func (i *issuer) refuses(name, token string, code media.Code, words string) {
	i.t.Helper()
	who, err := i.read.Identify(context.Background(), token)
	if media.CodeOf(err) != code || !strings.Contains(fmt.Sprint(err), words) || who.User != "" || who.Scopes != nil {
		i.t.Errorf("%s: %+v, %v, want %s with %q", name, who, err, code, words)
	}
}
