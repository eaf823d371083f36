package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer is an OpenID Connect issuer over TLS whose key a test changes.
type issuer struct {
	*httptest.Server
	t     *testing.T
	ca    string // file with its certificate
	down  atomic.Bool
	key   *ecdsa.PrivateKey
	keys  atomic.Pointer[jose.JSONWebKeySet]
	asked atomic.Int32
	people
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{t: t}
	i.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case i.down.Load():
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/realm/.well-known/openid-configuration":
			_ = json.NewEncoder(w).Encode(map[string]string{
				"issuer": i.name(), "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "revocation_endpoint": i.URL + "/revoke",
			})
		case r.URL.Path == "/keys":
			i.asked.Add(1)
			_ = json.NewEncoder(w).Encode(i.keys.Load())
		case r.URL.Path == "/authorize":
			i.authorize(w, r)
		case r.URL.Path == "/token":
			i.give(w, r)
		case r.URL.Path == "/revoke":
			i.takeBack(r)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(i.Close)
	i.ca = keep(t, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.Certificate().Raw}))
	i.rotate("one")
	return i
}

func (i *issuer) name() string { return i.URL + "/realm" }

// rotate puts a new key in the place of the old one.
func (i *issuer) rotate(kid string) {
	i.t.Helper()
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		i.t.Fatal(err)
	}
	i.keys.Store(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: kid, Use: "sig", Algorithm: "ES256"}}})
}

// token is an access token that passes, but for what more says.
func (i *issuer) token(alg jose.SignatureAlgorithm, key any, more map[string]any) string {
	i.t.Helper()
	claims := map[string]any{
		"iss": i.name(), "aud": "magpie", "sub": "auth0|jack", "scope": "media.write tweet.read", "azp": "an-app",
		"exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
	}
	maps.Copy(claims, more)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", i.keys.Load().Keys[0].KeyID))
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

// A server whose issuer is away starts, serves others, and takes the issuer's
// tokens once it is back.
func TestOIDC(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.down.Store(true)
	s := start(t, "--oidc-issuer", i.name(), "--oidc-audience", "other,magpie", "--oidc-ca-file", i.ca)
	s.client().call("GET", "/2/media/7_1", nil).refused(http.StatusNotFound) // opaque tokens are as before

	token := i.token(jose.ES256, i.key, nil)
	c := s.client().as(token)
	a := c.call("GET", "/2/media/7_1", nil)
	a.refused(http.StatusServiceUnavailable, "can't be asked for its keys now")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	i.down.Store(false)
	for end := time.Now().Add(time.Minute); c.call("GET", "/2/media/7_1", nil).status != http.StatusNotFound; {
		if time.Now().After(end) {
			t.Fatal("the issuer is back, and its token is not taken")
		}
		time.Sleep(50 * time.Millisecond) // polls
	}

	// The user's name is one user, in whatever token, and no other's.
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	again := c.as(i.token(jose.ES256, i.key, map[string]any{"jti": "2"}))
	if got := again.original(id); sum(got.body) != sum(samplePNG()) {
		t.Errorf("the same user gets %d: %.200s", got.status, got.body)
	}
	c.as(i.token(jose.ES256, i.key, map[string]any{"sub": "auth0|jill"})).original(id).refused(http.StatusNotFound)
	// Digits are a user id of magpie's own.
	one := i.token(jose.ES256, i.key, map[string]any{"sub": "1"})
	mine := s.client().upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	if got := c.as(one).original(mine); got.status != http.StatusOK {
		t.Errorf("user 1 gets %d: %s", got.status, got.body)
	}

	refused := func(name, token string, status int, words string) {
		t.Helper()
		t.Log(name)
		c.as(token).call("POST", "/2/media/upload/initialize", map[string]any{}).refused(status, words)
	}
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	refused("expired", i.token(jose.ES256, i.key, map[string]any{"exp": time.Now().Add(-2 * time.Minute).Unix()}), 401, "has expired")
	refused("another audience", i.token(jose.ES256, i.key, map[string]any{"aud": "billing"}), 401, "aud must name other or magpie")
	refused("another issuer", i.token(jose.ES256, i.key, map[string]any{"iss": i.URL}), 401, "another issuer")
	refused("another key", i.token(jose.ES256, stranger, nil), 401, "signature that does not hold")
	refused("a shared secret", i.token(jose.HS256, []byte(strings.Repeat("k", 32)), nil), 401, `signed by "HS256"`)
	refused("alg none", "eyJhbGciOiJub25lIn0."+strings.Split(token, ".")[1]+".", 401, `signed by "none"`)
	refused("to read only", i.token(jose.ES256, i.key, map[string]any{"scope": "tweet.read"}), 403, "the scope media.write")
	refused("without scopes", i.token(jose.ES256, i.key, map[string]any{"scope": nil}), 403, `its claim "scope" has []`)
	refused("junk", "a.b.c", 401, "not known")

	asked := i.asked.Load()
	i.rotate("two")
	for end := time.Now().Add(time.Minute); ; { // the keys were asked for a moment ago
		if c.as(i.token(jose.ES256, i.key, nil)).call("GET", "/2/media/7_1", nil).status == http.StatusNotFound {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the new key is not taken")
		}
		time.Sleep(100 * time.Millisecond) // polls
	}
	if got := i.asked.Load() - asked; got != 1 {
		t.Errorf("the issuer was asked %d times for one new key", got)
	}
	refused("the old key", token, 401, "doesn't publish")
}

// Claims by other names.
func TestOIDCClaims(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	s := start(t, "--oidc-issuer", i.name(), "--oidc-audience", "magpie", "--oidc-ca-file", i.ca,
		"--oidc-user-claim", "uid", "--oidc-scope-claim", "permissions", "--oidc-clock-skew", "0s")
	c := s.client().as(i.token(jose.ES256, i.key, map[string]any{"uid": json.Number("9007199254740993"), "permissions": []string{"media.write", "tweet.read"}}))
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	if got := s.client().as(s.token("9007199254740993")).original(id); got.status != http.StatusOK {
		t.Errorf("the user's other token gets %d: %s", got.status, got.body)
	}
	c.as(i.token(jose.ES256, i.key, nil)).call("GET", "/2/media/7_1", nil).refused(401, `no claim "uid"`)
	c.as(i.token(jose.ES256, i.key, map[string]any{"uid": "1"})).call("GET", "/2/media/7_1", nil).refused(403, `its claim "permissions" has []`)
}

func TestOIDCSettings(t *testing.T) {
	t.Parallel()
	for words, args := range map[string][]string{
		"--oidc-audience: name what":             {"--oidc-issuer", "https://login.example"},
		"--oidc-issuer: \"login\" is not":        {"--oidc-issuer", "login", "--oidc-audience", "a"},
		"--oidc-issuer: name it":                 {"--oidc-audience", "a"},
		"--oidc-clock-skew: 2h0m0s is not":       {"--oidc-clock-skew", "2h"},
		"--oidc-user-claim: name a claim":        {"--oidc-user-claim", ""},
		"--oidc-ca-file: ":                       {"--oidc-issuer", "https://login.example", "--oidc-audience", "a", "--oidc-ca-file", "/dev/null"},
		"--oauth1-window: 0s is not between":     {"--oauth1-window", "0s"},
		"--oauth1-origins: \"api.x.com\" is not": {"--oauth1-origins", "https://api.x.com,api.x.com"},
	} {
		_, errs, code := magpie(t, append([]string{"serve", "--data", t.TempDir(), "--listen", freeAddress(t)}, args...)...)
		if code == 0 || !strings.Contains(errs, words) {
			t.Errorf("%v: exit %d: %s, want %q", args, code, errs, words)
		}
	}
}
