package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestJWT(t *testing.T) {
	i := newIssuer(t)
	who := i.passes("a fine one", i.token(i.fine()))
	want := Identity{User: "2244994945", Scopes: []string{"media.write", "tweet.read"}, Client: "oidc:app", Token: "token-1", ScopeClaim: "scope"}
	if diff := cmp.Diff(want, who); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if i.found.Load() != 1 || i.asked.Load() != 1 {
		t.Errorf("discovered %d times, asked %d", i.found.Load(), i.asked.Load())
	}
	for _, typ := range []string{"", "JWT", "jwt", "application/at+jwt"} {
		i.passes(typ, i.sign(jose.ES256, i.key, "one", i.fine(), typ))
	}
	i.passes("without a kid", i.sign(jose.ES256, i.key, "", i.fine(), ""))
	i.passes("one audience as text", i.token(i.but("aud", "https://media.example")))
	i.passes("among other audiences", i.token(i.but("aud", []string{"x", "magpie"})))
	i.passes("without iat and nbf", i.token(i.but("iat", nil, "nbf", nil)))
	if i.asked.Load() != 1 {
		t.Errorf("asked for the same keys %d times", i.asked.Load())
	}

	// The other algorithms.
	ed, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, edPrivate, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i.pass(time.Minute)
	i.publish(
		jose.JSONWebKey{Key: rs.Public(), KeyID: "rs", Algorithm: "RS256"}, jose.JSONWebKey{Key: rs.Public(), KeyID: "ps"},
		jose.JSONWebKey{Key: edPrivate.Public(), KeyID: "ed"}, jose.JSONWebKey{Key: ed, KeyID: "other"},
		jose.JSONWebKey{Key: rs.Public(), KeyID: "enc", Use: "enc"}, jose.JSONWebKey{Key: []byte("secret"), KeyID: "oct"},
		jose.JSONWebKey{Key: i.key, KeyID: "leaked"},
	)
	i.passes("RS256", i.sign(jose.RS256, rs, "rs", i.fine(), ""))
	i.passes("PS512", i.sign(jose.PS512, rs, "ps", i.fine(), ""))
	i.passes("EdDSA", i.sign(jose.EdDSA, edPrivate, "ed", i.fine(), ""))
	i.refuses("another algorithm than the key's", i.sign(jose.RS512, rs, "rs", i.fine(), ""), media.CodeUnauthorized, "doesn't publish")
	i.refuses("a key of another kind", i.sign(jose.RS256, rs, "ed", i.fine(), ""), media.CodeUnauthorized, "signature that does not hold")
	for _, kid := range []string{"enc", "oct", "leaked"} {
		i.refuses("the key "+kid, i.sign(jose.RS256, rs, kid, i.fine(), ""), media.CodeUnauthorized, "doesn't publish")
	}
}

func TestBadJWT(t *testing.T) {
	i := newIssuer(t)
	now := i.now()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(i.fine())
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	none := part([]byte(`{"alg":"none"}`)) + "." + part(payload) + "."
	embedded, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: other}, &jose.SignerOptions{EmbedJWK: true})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := embedded.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	ownKey, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(i.token(i.fine()), ".")
	for _, c := range []struct{ name, token, words string }{
		{"alg none", none, `signed by "none"; it must be one of RS256, `},
		{"alg None", part([]byte(`{"alg":"None"}`)) + "." + part(payload) + ".", `signed by "None"`},
		{"HS256 by the public key", i.sign(jose.HS256, der, "one", i.fine(), ""), `signed by "HS256"`},
		{"a key that it brings itself", ownKey, "signature that does not hold"},
		{"another key of the same name", i.sign(jose.ES256, other, "one", i.fine(), ""), "signature that does not hold"},
		{"a key nobody knows", i.sign(jose.ES256, other, "two", i.fine(), ""), "doesn't publish"},
		{"other claims", pieces[0] + "." + part([]byte(strings.Replace(string(payload), "2244994945", "1", 1))) + "." + pieces[2], "signature that does not hold"},
		{"no signature", pieces[0] + "." + pieces[1] + ".", "signature that does not hold"},
		{"half a signature", pieces[0] + "." + pieces[1] + "." + pieces[2][:40], "signature that does not hold"},
		{"no claims", pieces[0] + ".." + pieces[2], "can't be read"},
		{"claims that are no object", i.token([]int{1}), "can't be read"},
		{"not a token", "a.b.c", "not a JWT"},
		{"nothing", "", "not a JWT"},
		{"a very long one", strings.Repeat("a", maxJWT+1), "longer than 16384"},
		{"an ID token's kind", i.sign(jose.ES256, i.key, "one", i.fine(), "logout+jwt"), `has the typ "logout+jwt"`},
		{"another issuer", i.token(i.but("iss", "https://other.example")), "another issuer than " + i.URL},
		{"the issuer with a slash", i.token(i.but("iss", i.URL+"/")), "another issuer"},
		{"no issuer", i.token(i.but("iss", nil)), "another issuer"},
		{"another audience", i.token(i.but("aud", "other")), "its claim aud must name magpie or https://media.example"},
		{"no audience", i.token(i.but("aud", nil)), "its claim aud must name"},
		{"an empty audience", i.token(i.but("aud", "")), "its claim aud must name"},
		{"no exp", i.token(i.but("exp", nil)), "no claim exp"},
		{"exp in words", i.token(i.but("exp", "later")), "can't be read"},
		{"expired", i.token(i.but("exp", now.Add(-61*time.Second).Unix())), "has expired"},
		{"not yet valid", i.token(i.but("nbf", now.Add(61*time.Second).Unix())), "not valid yet"},
		{"issued in the future", i.token(i.but("iat", now.Add(61*time.Second).Unix())), "issued in the future"},
		{"no user", i.token(i.but("sub", nil)), `no claim "sub"`},
		{"an empty user", i.token(i.but("sub", "")), `no claim "sub"`},
		{"a user of many", i.token(i.but("sub", []string{"1", "2"})), `claims that can't be read`},
		{"a user with a long name", i.token(i.but("sub", strings.Repeat("x", maxUserClaim+1))), `no claim "sub"`},
		{"scopes that are an object", i.token(i.but("scope", map[string]int{})), `claim "scope" that is neither`},
		{"scopes that are numbers", i.token(i.but("scope", []int{1})), `claim "scope" that is neither`},
		{"very many scopes", i.token(i.but("scope", strings.Repeat("a ", maxScopes+1))), "more than 200 scopes"},
	} {
		i.refuses(c.name, c.token, media.CodeUnauthorized, c.words)
	}
	i.passes("at the edge of exp", i.token(i.but("exp", now.Add(-60*time.Second).Unix())))
	i.passes("at the edge of nbf", i.token(i.but("nbf", now.Add(60*time.Second).Unix())))
	i.passes("at the edge of iat", i.token(i.but("iat", now.Add(60*time.Second).Unix())))
}

func TestClaimsOfJWTs(t *testing.T) {
	i := newIssuer(t)
	user := func(name, want string, more ...any) {
		t.Helper()
		if who := i.passes(name, i.token(i.but(more...))); who.User != want {
			t.Errorf("%s: user %q, want %q", name, who.User, want)
		}
	}
	user("digits", "7", "sub", "7")
	user("19 digits", "9999999999999999999", "sub", "9999999999999999999")
	named := userOf(i.URL, "auth0|5f7c")
	user("a name", named, "sub", "auth0|5f7c")
	if len(named) != 18 || named == userOf("https://other.example", "auth0|5f7c") || named == userOf(i.URL, "auth0|5f7d") {
		t.Errorf("the id %q of a name", named)
	}
	if got := userOf("https://login.example", "jack"); got != "859042925967609279" {
		t.Errorf("the ids of names have changed: %s", got)
	}
	user("20 digits", userOf(i.URL, "99999999999999999999"), "sub", "99999999999999999999")

	i.read.cfg.UserClaim = "uid"
	user("a number", "9007199254740993", "uid", json.Number("9007199254740993")) // above 2^53
	i.refuses("a fraction", i.token(i.but("uid", 1.5)), media.CodeUnauthorized, `no claim "uid"`)
	i.refuses("a truth", i.token(i.but("uid", true)), media.CodeUnauthorized, `no claim "uid"`)
	i.refuses("another claim", i.token(i.fine()), media.CodeUnauthorized, `no claim "uid"`)
	i.read.cfg.UserClaim = "sub"

	scopes := func(name string, want []string, more ...any) Identity {
		t.Helper()
		who := i.passes(name, i.token(i.but(more...)))
		if diff := cmp.Diff(want, who.Scopes); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		return who
	}
	scopes("text", []string{"a", "b"}, "scope", " a  b ")
	scopes("an array", []string{"a", "b c"}, "scope", []string{"a", "b c"})
	scopes("scp", []string{"a"}, "scope", nil, "scp", []string{"a"})
	scopes("scope before scp", []string{"a"}, "scope", "a", "scp", "b")
	scopes("null", nil, "scope", json.RawMessage("null"))
	none := scopes("none", nil, "scope", nil)
	if err := none.Need(MediaWrite, false); media.CodeOf(err) != media.CodeForbidden || !strings.Contains(err.Error(), `the scope media.write, which this endpoint needs; its claim "scope" has []`) {
		t.Errorf("without the claim: %v", err)
	}
	i.read.cfg.ScopeClaim = "permissions"
	scopes("another claim", []string{"a"}, "permissions", []string{"a"}, "scp", "b")
	scopes("scp doesn't stand in for it", nil, "scp", "b")

	for want, claims := range map[string][]any{"oidc:app": {}, "oidc:me": {"azp", nil, "client_id", "me"}, "": {"azp", nil}} {
		if who := i.passes("a client", i.token(i.but(claims...))); who.Client != want {
			t.Errorf("client %q, want %q", who.Client, want)
		}
	}
}

func TestIsJWT(t *testing.T) {
	i := newIssuer(t)
	for token, want := range map[string]bool{
		i.token(i.fine()): true, "e30.e30.": true, "bnVsbA.e30.x": false, "W10.e30.x": false, "e30.e30": false, "e30.e30.e30.e30": false,
		"mgp_abc": false, "": false, "..": false, "a.b.c": false, "my.own.token-of-32-characters-or-more": false,
	} {
		if isJWT(token) != want {
			t.Errorf("%.40q: %v", token, !want)
		}
	}
}

// Opaque tokens and JWTs live side by side.
func TestGateTakesBothKindsOfTokens(t *testing.T) {
	i, d := newIssuer(t), newDesk(t)
	opaque, err := d.Issue(t.Context(), Grant{User: "12", Scopes: Scopes()})
	if err != nil {
		t.Fatal(err)
	}
	jwt := i.token(i.fine())
	for _, c := range []struct {
		gate        *Gate
		token, user string
	}{
		{NewGate(d.Tokens, nil, i.read), opaque, "12"},
		{NewGate(d.Tokens, nil, i.read), jwt, "2244994945"},
		{NewGate(d.Tokens, nil, nil), opaque, "12"},
		{NewGate(d.Tokens, nil, nil), jwt, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		who, done, err := c.gate.Request(r)
		done()
		if who.User != c.user || (err == nil) != (c.user != "") || err != nil && media.CodeOf(err) != media.CodeUnauthorized {
			t.Errorf("%.10q: %+v, %v", c.token, who, err)
		}
	}
}

// FuzzJWT throws tokens at an issuer whose keys signed none of them.
func FuzzJWT(f *testing.F) {
	i := newIssuer(f)
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	good := i.token(i.fine())
	f.Add(i.sign(jose.ES256, stranger, "one", i.fine(), ""))
	f.Add(good[:len(good)-1])
	f.Add("e30.e30.e30")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Fuzz(func(t *testing.T, token string) {
		if token == good {
			return
		}
		isJWT(token)
		if who, err := i.read.Identify(t.Context(), token); media.CodeOf(err) != media.CodeUnauthorized || who.User != "" {
			t.Errorf("%q: %+v, %v", token, who, err)
		}
	})
}
