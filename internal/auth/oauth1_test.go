package auth

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"
	gocmp "github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestSignedRequests(t *testing.T) {
	s := newSigning(t)
	query, form := [][2]string{{"command", "INIT"}, {"x", ""}, {"x", "a b+c~%"}}, [][2]string{{"total_bytes", "10"}, {"x", "☃"}, {"", ""}}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		who := s.passes(method, s.signed(method, query, nil).arrive(t.Context(), "127.0.0.1:8080"), "")
		want := Identity{User: "2244994945", Scopes: xScopes(), Token: s.token, Client: s.client.Client.ID, OAuth1: true}
		if diff := gocmp.Diff(want, who); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	s.passes("a form", s.signed("POST", query, form).arrive(t.Context(), "h"), encodeForm(form))
	s.passes("an empty form", s.signed("POST", nil, [][2]string{}).arrive(t.Context(), "h"), "")

	q := s.signed("POST", query, form)
	q.header = s.protocol()
	q.header[2][1] = "HMAC-SHA256"
	q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha256.New)})
	s.passes("HMAC-SHA256", q.arrive(t.Context(), "h"), encodeForm(form))

	q.header = append(s.protocol()[:5:5], [2]string{"oauth_body_hash", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}) // without oauth_version
	q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
	s.passes("with a body hash", q.arrive(t.Context(), "h"), encodeForm(form))

	// Where the protocol's parameters may be (RFC 5849 §3.5).
	q = s.signed("POST", nil, form)
	q.query, q.header = q.header, nil
	s.passes("in the query", q.arrive(t.Context(), "h"), encodeForm(form))
	q = s.signed("POST", query, [][2]string{{"a", "b"}})
	q.form, q.header = slices.Concat(q.form, q.header), nil
	s.passes("in the form", q.arrive(t.Context(), "h"), encodeForm(q.form))
}

// A body that isn't a form is not signed, and not touched.
func TestOtherBodiesAreNotSigned(t *testing.T) {
	s := newSigning(t)
	for _, kind := range []string{"application/json", "multipart/form-data; boundary=x", "text/plain", "", "application/x-www-form-urlencoded; ="} {
		q := s.signed("POST", nil, nil)
		r := q.arrive(t.Context(), "h")
		body := io.NopCloser(strings.NewReader("a=1&%"))
		r.Body = body
		r.Header.Set("Content-Type", kind)
		who, done, err := s.gate.Request(r)
		done()
		if err != nil || who.User == "" || r.Body != body {
			t.Errorf("%q: %v, and another body: %v", kind, err, r.Body != body)
		}
	}
}

func TestSignedByAnotherLibrary(t *testing.T) {
	s := newSigning(t)
	var multi bytes.Buffer
	w := multipart.NewWriter(&multi)
	_ = w.WriteField("media", "bytes")
	_ = w.Close()
	form := url.Values{"media_id": {"1"}, "media_data": {strings.Repeat("QUJD+/==", 20_000)}}.Encode()
	for _, c := range []struct{ method, url, kind, body string }{
		{"GET", "https://api.x.com/2/media?media_keys=3_1%2C7_2&media.fields=url,alt_text", "", ""},
		{"POST", "https://upload.x.com/1.1/media/upload.json?command=INIT", "application/x-www-form-urlencoded", form},
		{"POST", "https://api.x.com/2/media/upload/1/append", w.FormDataContentType(), multi.String()},
		{"POST", "http://127.0.0.1:1234/2/media/metadata", "application/json", `{"id":"1"}`},
		{"DELETE", "http://Magpie.example:80/2/media/subtitles?a=~%20%2B", "application/json", `{}`},
	} {
		answered := false
		server := roundTripper(func(r *http.Request) (*http.Response, error) {
			arrived := httptest.NewRequestWithContext(t.Context(), r.Method, r.URL.RequestURI(), r.Body)
			arrived.Header, arrived.Host = r.Header, r.URL.Host
			if strings.HasSuffix(r.URL.Host, "x.com") {
				arrived.Host = "10.0.0.1:8080" // wherever it really got to
			}
			s.passes(c.method+" "+c.url, arrived, c.body)
			answered = true
			return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
		})
		s.signatures.cfg.Origins = []string{"https://api.x.com", "https://upload.x.com"}
		ctx := context.WithValue(t.Context(), oauth1.HTTPClient, &http.Client{Transport: server})
		client := oauth1.NewConfig(s.client.Client.APIKey, s.client.KeySecret).Client(ctx, oauth1.NewToken(s.token, s.secret))
		r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		if _, err := client.Do(r); err != nil || !answered {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestOriginsThatAreSigned(t *testing.T) {
	s := newSigning(t)
	for origin, passes := range map[string]bool{
		"http://127.0.0.1:8080":  true, // the host that was asked
		"https://127.0.0.1:8080": true, // a proxy took TLS off
		"https://media.example":  true,
		"https://api.x.com":      true,
		"http://api.x.com":       false,
		"https://api.x.com:443":  false,
		"https://API.X.COM":      false,
		"https://upload.x.com":   false,
		"http://127.0.0.1":       false,
		"":                       false,
	} {
		q := request{method: "GET", origin: origin, path: "/2/media", header: s.protocol()}
		q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
		if r := q.arrive(t.Context(), "127.0.0.1:8080"); passes {
			s.passes(origin, r, "")
		} else {
			s.refuses(origin, r, media.CodeSignature, "does not match")
		}
	}
	for host, origin := range map[string]string{"H.example:80": "http://h.example", "h.example:443": "https://h.example", "h.example:8443": "https://h.example:8443"} {
		q := request{method: "GET", origin: origin, path: "/2/media", header: s.protocol()}
		q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
		s.passes(host, q.arrive(t.Context(), host), "")
	}
	if !strings.Contains(s.log.String(), "GET&https%3A%2F%2F127.0.0.1%3A8080%2F2%2Fmedia&") && !strings.Contains(s.log.String(), "GET&http%3A%2F%2F127.0.0.1%3A8080%2F2%2Fmedia&") {
		t.Errorf("the log doesn't help: %s", s.log.String())
	}
	if strings.Contains(s.log.String(), s.secret) || strings.Contains(s.log.String(), s.client.KeySecret) {
		t.Error("the log has a secret")
	}
}

func TestOriginToSign(t *testing.T) {
	for text, want := range map[string]string{
		"https://API.x.com": "https://api.x.com", "https://api.x.com/": "https://api.x.com", "https://a:443": "https://a", "http://a:80": "http://a",
		"http://a:443": "http://a:443", "https://[::1]:8443": "https://[::1]:8443",
		"": "", "api.x.com": "", "ftp://a": "", "https://a/b": "", "https://a?b": "", "https://u@a": "", "https://": "",
	} {
		if got, ok := OriginToSign(text); got != want || ok != (want != "") {
			t.Errorf("%q: %q %v", text, got, ok)
		}
	}
}

func TestBadSignatures(t *testing.T) {
	s := newSigning(t)
	other, err := s.clients.Register(t.Context(), Registration{Name: "Another"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		spoil func(q *request) // before it is signed, if resign
		again bool             // sign it after that
		code  media.Code
		words string
	}{
		{"another key", func(q *request) { q.header[0][1] = other.Client.APIKey }, true, media.CodeUnauthorized, "not one of this client's"},
		{"an unknown key", func(q *request) { q.header[0][1] = "x" }, true, media.CodeSignature, "oauth_consumer_key is not known"},
		{"an unknown token", func(q *request) { q.header[1][1] = "2244994945-x" }, true, media.CodeUnauthorized, "oauth_token is not one"},
		{"no token", func(q *request) { q.header = slices.Delete(q.header, 1, 2) }, true, media.CodeNoCredentials, "lacks oauth_token. This API is used in a user's name"},
		{"an empty token", func(q *request) { q.header[1][1] = "" }, true, media.CodeNoCredentials, "lacks oauth_token"},
		{"no key", func(q *request) { q.header = q.header[1:] }, true, media.CodeNoCredentials, "lacks oauth_consumer_key"},
		{"PLAINTEXT", func(q *request) { q.header[2][1] = "PLAINTEXT" }, true, media.CodeNoCredentials, "HMAC-SHA1 or HMAC-SHA256"},
		{"RSA-SHA1", func(q *request) { q.header[2][1] = "RSA-SHA1" }, true, media.CodeNoCredentials, "HMAC-SHA1 or HMAC-SHA256"},
		{"another method than it was signed by", func(q *request) { q.header[2][1] = "HMAC-SHA256" }, true, media.CodeSignature, "does not match"},
		{"no nonce", func(q *request) { q.header[4][1] = "" }, true, media.CodeNoCredentials, "lacks oauth_nonce"},
		{"an old timestamp", func(q *request) { q.header[3][1] = fmt.Sprint(s.clock.Unix() - 302) }, true, media.CodeSignature, "behind this server's clock"},
		{"a timestamp to come", func(q *request) { q.header[3][1] = fmt.Sprint(s.clock.Unix() + 302) }, true, media.CodeSignature, "ahead of this server's clock"},
		{"a timestamp in words", func(q *request) { q.header[3][1] = "now" }, true, media.CodeNoCredentials, "seconds since 1970"},
		{"a signed timestamp", func(q *request) { q.header[3][1] = "-1" }, true, media.CodeNoCredentials, "seconds since 1970"},
		{"a timestamp in milliseconds", func(q *request) { q.header[3][1] = "1800000000000" }, true, media.CodeNoCredentials, "seconds since 1970"},
		{"another version", func(q *request) { q.header[5][1] = "2.0" }, true, media.CodeNoCredentials, "must be 1.0"},
		{"a parameter of the protocol twice", func(q *request) { q.header = append(q.header, q.header[1]) }, true, media.CodeNoCredentials, "oauth_token is there twice"},
		{"and once more in the query", func(q *request) { q.query = append(q.query, q.header[1]) }, true, media.CodeNoCredentials, "oauth_token is there twice"},
		{"and once more in the form", func(q *request) { q.form = append(q.form, q.header[1]) }, true, media.CodeNoCredentials, "oauth_token is there twice"},
		{"no signature", func(q *request) { q.header = q.header[:6] }, false, media.CodeNoCredentials, "lacks oauth_signature"},
		{"a signature that isn't base64", func(q *request) { q.header[6][1] = "*" }, false, media.CodeNoCredentials, "must be base64"},
		{"a signature with a line's end in it", func(q *request) { q.header[6][1] = "\n" + q.header[6][1] }, false, media.CodeNoCredentials, "must be base64"},
		{"an empty one", func(q *request) { q.header[6][1] = "" }, false, media.CodeNoCredentials, "lacks oauth_signature"},
		{"a short one", func(q *request) { q.header[6][1] = "AAAA" }, false, media.CodeSignature, "does not match"},
		{"another one", func(q *request) { q.header[6][1] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, false, media.CodeSignature, "does not match"},
	} {
		q := s.signed("POST", [][2]string{{"a", "1"}}, [][2]string{{"b", "2"}})
		if c.spoil(&q); c.again {
			q.header = slices.DeleteFunc(q.header, func(p [2]string) bool { return p[0] == "oauth_signature" })
			q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
		}
		s.refuses(c.name, q.arrive(t.Context(), "h"), c.code, c.words)
	}
	r := s.signed("GET", nil, nil).arrive(t.Context(), "h")
	r.URL.RawQuery = "a=%zz"
	s.refuses("a query that can't be read", r, media.CodeInvalid, "hexadecimal")
	for name, header := range map[string]string{"nothing": "", "an empty header": "OAuth ", "another way": "Basic QTpC"} {
		r := s.signed("POST", nil, [][2]string{{"a", "1"}}).arrive(t.Context(), "h")
		r.Header.Set("Authorization", header)
		s.refuses(name, r, media.CodeNoCredentials, "The request needs the header")
	}
}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestReadOnlyClients(t *testing.T) {
	s := newSigning(t)
	var err error
	if s.client, err = s.clients.Register(t.Context(), Registration{Name: "Reader", ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	if s.token, s.secret, err = s.users.Issue(t.Context(), s.client.Client.ID, "2244994945"); err != nil {
		t.Fatal(err)
	}
	who := s.passes("a reader", s.signed("GET", nil, nil).arrive(t.Context(), "h"), "")
	if err := who.Need(TweetRead, true); err != nil {
		t.Errorf("to read: %v", err)
	}
	if err := who.Need(MediaWrite, false); media.CodeOf(err) != media.CodeOAuth1Permissions {
		t.Errorf("to write: %v", err)
	}
	if slices.ContainsFunc(who.Scopes, func(s string) bool { return strings.HasSuffix(s, ".write") }) {
		t.Errorf("scopes %v", who.Scopes)
	}
}

func BenchmarkSignedRequest(b *testing.B) {
	s := newSigning(b)
	q := [][2]string{{"command", "STATUS"}, {"media_id", "1146654567674912769"}}
	for range b.N {
		b.StopTimer()
		r := s.signed("GET", q, nil).arrive(context.Background(), "h")
		b.StartTimer()
		_, done, err := s.gate.Request(r)
		if done(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignedMedia(b *testing.B) {
	s := newSigning(b)
	const n = 5 << 20
	b.SetBytes(n)
	for range b.N {
		b.StopTimer()
		r, _ := s.signedMedia(n)
		b.StartTimer()
		_, done, err := s.gate.Request(r)
		if done(); err != nil {
			b.Fatal(err)
		}
	}
}
