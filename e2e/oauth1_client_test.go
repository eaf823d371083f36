package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"
)

// signingClient is a client that signs by OAuth 1.0a in a user's name.
type signingClient struct {
	client
	id, key, keySecret string // the client's
	oauth, secret      string // the user's
	http               *http.Client
}

// signingClient makes a client and a token of a user with magpie's commands.
func (s *server) signingClient(user string, more ...string) signingClient {
	s.t.Helper()
	var app struct {
		ID     string `json:"client_id"`
		Key    string `json:"api_key"`
		Secret string `json:"api_key_secret"`
	}
	s.printed(&app, append([]string{"client", "create", "A signing app", "--data", s.data, "--json"}, more...)...)
	return s.signingClientOf(app.ID, app.Key, app.Secret, user)
}

// signingClientOf is signingClient for a client that is there already.
func (s *server) signingClientOf(id, key, secret, user string) signingClient {
	s.t.Helper()
	var token struct {
		Token  string `json:"oauth_token"`
		Secret string `json:"oauth_token_secret"`
		User   string `json:"user_id"`
	}
	s.printed(&token, "client", "token", id, "--data", s.data, "--user", user, "--json")
	if token.User != user || !strings.HasPrefix(token.Token, user+"-") {
		s.t.Errorf("the token %+v of user %s", token, user)
	}
	c := signingClient{client: s.client(), id: id, key: key, keySecret: secret, oauth: token.Token, secret: token.Secret}
	return c.through(http.DefaultTransport)
}

// printed runs a command that prints JSON.
func (s *server) printed(into any, args ...string) {
	s.t.Helper()
	out, errs, code := magpie(s.t, args...)
	if code != 0 {
		s.t.Fatalf("magpie %s: exit %d: %s", strings.Join(args, " "), code, errs)
	}
	if err := json.Unmarshal([]byte(out), into); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

// through sends what was signed by another transport.
func (c signingClient) through(t http.RoundTripper) signingClient {
	ctx := context.WithValue(context.Background(), oauth1.HTTPClient, &http.Client{Transport: t})
	c.http = oauth1.NewConfig(c.key, c.keySecret).Client(ctx, oauth1.NewToken(c.oauth, c.secret))
	return c
}

// send signs a request and sends it. path may be a whole URL.
func (c signingClient) send(method, path, kind string, body []byte) answer {
	c.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = c.url + path
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	response, err := c.http.Do(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	a := answer{c.t, response.StatusCode, response.Header, got}
	if a.status != http.StatusTeapot { // which only a test's transport answers
		a.holdAgainstContract(r)
	}
	return a
}

const urlencoded = "application/x-www-form-urlencoded"

// sendForm signs an urlencoded form of names and values in turn.
func (c signingClient) sendForm(path string, fields ...string) answer {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return c.send("POST", path, urlencoded, []byte(form.Encode()))
}

// noise is a PNG that doesn't compress: n by n pixels of four bytes.
func noise(t *testing.T, n int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, n, n))
	_, _ = rand.NewChaCha8([32]byte{1}).Read(m.Pix)
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 0xff
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
