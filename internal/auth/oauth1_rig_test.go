package auth

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	gohash "hash"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dghubble/oauth1"

	"magpie/internal/media"
)

// signing is a gate that knows one client with one user's token.
type signing struct {
	*desk
	t          testing.TB
	clients    *Clients
	users      *UserTokens
	signatures *Signatures
	gate       *Gate
	scratch    string
	log        bytes.Buffer

	client        Registered
	token, secret string
	nonce         atomic.Int64
}

func newSigning(t testing.TB) *signing {
	t.Helper()
	s := &signing{desk: newDesk(t), t: t, scratch: t.TempDir()}
	s.clock = time.Now() // other signers go by it
	keys, err := OpenKeys(t.TempDir()+"/key", s.random)
	if err != nil {
		t.Fatal(err)
	}
	s.clients = NewClients(s.catalog, keys, s.now, s.random)
	s.users = NewUserTokens(s.catalog, keys, s.now, s.random)
	s.signatures = NewSignatures(SignatureConfig{
		Origins: []string{"https://media.example", "https://api.x.com"}, Window: 5 * time.Minute,
		Scratch: s.scratch, MaxForm: 64 << 20,
	}, s.users, s.now, slog.New(slog.NewTextHandler(&s.log, nil)))
	s.gate = NewGate(s.Tokens, s.signatures, nil)
	if s.client, err = s.clients.Register(t.Context(), Registration{Name: "An app"}); err != nil {
		t.Fatal(err)
	}
	if s.token, s.secret, err = s.users.Issue(t.Context(), s.client.Client.ID, "2244994945"); err != nil {
		t.Fatal(err)
	}
	return s
}

// request is what a server gets.
type request struct {
	method, origin, path string
	query, form          [][2]string // form nil: no urlencoded body
	header               [][2]string // the protocol's parameters, and more
}

func (s *signing) protocol() [][2]string {
	return [][2]string{
		{"oauth_consumer_key", s.client.Client.APIKey},
		{"oauth_token", s.token},
		{"oauth_signature_method", "HMAC-SHA1"},
		{"oauth_timestamp", strconv.FormatInt(s.clock.Unix(), 10)},
		{"oauth_nonce", fmt.Sprint("nonce", s.nonce.Add(1))},
		{"oauth_version", "1.0"},
	}
}

// sign signs as RFC 5849 §3.4 tells, in the plainest way.
func (s *signing) sign(q request, sum func() gohash.Hash) string {
	all := slices.Concat(q.query, q.form, q.header)
	for i, p := range all {
		all[i] = [2]string{encode(p[0]), encode(p[1])}
	}
	slices.SortFunc(all, func(a, b [2]string) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var joined []string
	for _, p := range all {
		joined = append(joined, p[0]+"="+p[1])
	}
	base := q.method + "&" + oauth1.PercentEncode(q.origin+q.path) + "&" + encode(strings.Join(joined, "&"))
	mac := hmac.New(sum, []byte(oauth1.PercentEncode(s.client.KeySecret)+"&"+oauth1.PercentEncode(s.secret)))
	mac.Write([]byte(base))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// encode is another library's, where that is quick enough.
func encode(s string) string {
	if len(s) > 100_000 {
		return percentEncode(s)
	}
	return oauth1.PercentEncode(s)
}

func encodeForm(list [][2]string) string {
	pieces := make([]string, len(list))
	for i, p := range list {
		pieces[i] = url.QueryEscape(p[0]) + "=" + url.QueryEscape(p[1])
	}
	return strings.Join(pieces, "&")
}

// arrive makes the request that a server gets of q at its own host.
func (q request) arrive(ctx context.Context, host string) *http.Request {
	target := q.path
	if q.query != nil {
		target += "?" + encodeForm(q.query)
	}
	var body io.Reader
	if q.form != nil {
		body = strings.NewReader(encodeForm(q.form))
	}
	r := httptest.NewRequestWithContext(ctx, q.method, target, body)
	r.Host = host
	if q.form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if q.header != nil {
		var pieces []string
		for _, p := range q.header {
			pieces = append(pieces, oauth1.PercentEncode(p[0])+`="`+oauth1.PercentEncode(p[1])+`"`)
		}
		r.Header.Set("Authorization", "OAuth "+strings.Join(pieces, ", "))
	}
	return r
}

// signed is a request that passes, of parameters that it takes its own.
func (s *signing) signed(method string, query, form [][2]string) request {
	q := request{method: method, origin: "https://api.x.com", path: "/2/media/upload", query: query, form: form, header: s.protocol()}
	q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
	return q
}

// ask asks the gate, and gives the body that is left to read.
func (s *signing) ask(r *http.Request) (Identity, string, error) {
	s.t.Helper()
	who, done, err := s.gate.Request(r)
	defer done()
	body, broken := io.ReadAll(r.Body)
	if err == nil && broken != nil {
		s.t.Errorf("the body: %v", broken)
	}
	return who, string(body), err
}

func (s *signing) passes(name string, r *http.Request, body string) Identity {
	s.t.Helper()
	who, left, err := s.ask(r)
	if err != nil || who.User != "2244994945" || left != body {
		s.t.Errorf("%s: %+v, %v, and %.100q of the body", name, who, err, left)
	}
	return who
}

func (s *signing) refuses(name string, r *http.Request, code media.Code, words string) {
	s.t.Helper()
	who, _, err := s.ask(r)
	if media.CodeOf(err) != code || !strings.Contains(fmt.Sprint(err), words) || who.User != "" || who.Scopes != nil {
		s.t.Errorf("%s: %+v, %v, want %s with %q", name, who, err, code, words)
	}
}
