package tus

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
	"magpie/internal/xapi"
)

const (
	owner    = "2244994945"
	stranger = "7"
)

// server is the API over real rooms and a store in memory. Nothing processes.
type server struct {
	t        *testing.T
	mu       sync.Mutex
	clock    time.Time
	memory   *blobtest.Memory
	store    *blob.Store
	catalog  *catalog.Catalog
	sessions *upload.Sessions
	api      *API
	tokens   map[string]string
	started  []media.ID
	begun    []string // users, as they are counted
	crowded  bool     // nobody may begin any more
}

func newServer(t *testing.T, c upload.Config) *server {
	t.Helper()
	s := &server{t: t, clock: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), tokens: map[string]string{}}
	var err error
	if s.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.catalog.Close() })
	s.memory = blobtest.NewMemory(s.now)
	s.store = blob.New(s.memory)
	s.open(c)
	tokens := auth.NewTokens(s.catalog, s.now, rand.Reader)
	for name, g := range map[string]auth.Grant{
		"owner": {User: owner, Scopes: []string{auth.MediaWrite}}, "stranger": {User: stranger, Scopes: []string{auth.MediaWrite}},
		"reader": {User: owner, Scopes: []string{auth.TweetRead}}, "app": {User: owner, AppOnly: true, Scopes: []string{auth.MediaWrite}},
	} {
		secret, err := tokens.Issue(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		s.tokens[name] = "Bearer " + secret
	}
	return s
}

// open makes the API anew, as a process that was started again does.
func (s *server) open(c upload.Config) {
	log := slog.New(slog.DiscardHandler)
	s.sessions = upload.New(c, s.catalog, s.store, s.now, rand.Reader, log)
	s.api = New(Config{
		Catalog: s.catalog, Sessions: s.sessions, Gate: auth.NewGate(auth.NewTokens(s.catalog, s.now, rand.Reader), nil, nil),
		Public: "https://media.example", Now: s.now, Log: log, Fail: xapi.WriteProblem(log, 1<<20),
		Count: func(h http.Header, who auth.Identity) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.begun = append(s.begun, who.User)
			if s.crowded {
				h.Set("X-Rate-Limit-Remaining", "0")
				return &media.Error{Code: media.CodeRateLimited, RetryAfter: time.Minute, Detail: "Too many."}
			}
			return nil
		},
		Start: func(_ context.Context, m media.Media) (media.Media, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.started = append(s.started, m.ID)
			return m, nil
		},
	})
}

func (s *server) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *server) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// answer is what a client sees.
type answer struct {
	status int
	http.Header
	body string
}

// do sends a request of the owner's. pairs are headers; one whose value is "-" is
// left out.
func (s *server) do(method, url string, body io.Reader, pairs ...string) answer {
	s.t.Helper()
	r := httptest.NewRequestWithContext(context.Background(), method, url, body)
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Authorization", s.tokens["owner"])
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", bytesType)
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
		if pairs[i+1] == "-" {
			r.Header.Del(pairs[i])
		}
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if got := w.Header().Get("Tus-Resumable"); got != "1.0.0" {
		s.t.Errorf("%s %s: Tus-Resumable %q", method, url, got)
	}
	return answer{w.Code, w.Header(), w.Body.String()}
}

// want fails unless an answer has a status and headers, of which "" is none.
func (s *server) want(a answer, status int, pairs ...string) answer {
	s.t.Helper()
	if a.status != status {
		s.t.Fatalf("status %d: %s; want %d", a.status, a.body, status)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := a.Get(pairs[i]); got != pairs[i+1] {
			s.t.Fatalf("%s is %q; want %q", pairs[i], got, pairs[i+1])
		}
	}
	return a
}

// begin opens an upload and gives its URL.
func (s *server) begin(length int, pairs ...string) string {
	s.t.Helper()
	a := s.want(s.do("POST", Path, nil, append([]string{"Upload-Length", fmt.Sprint(length)}, pairs...)...), 201)
	url, ok := strings.CutPrefix(a.Get("Location"), "https://media.example")
	if !ok {
		s.t.Fatalf("Location is %q", a.Get("Location"))
	}
	return url
}

// patch sends bytes for an offset.
func (s *server) patch(url string, offset int, content string, pairs ...string) answer {
	s.t.Helper()
	return s.do("PATCH", url, strings.NewReader(content), append([]string{"Upload-Offset", fmt.Sprint(offset)}, pairs...)...)
}

// idOf is the id at the end of an upload's URL.
func idOf(t *testing.T, url string) media.ID {
	t.Helper()
	id, err := media.ParseID(url[strings.LastIndexByte(url, '/')+1:])
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// wantMedia fails unless the upload became a media of these bytes.
func (s *server) wantMedia(url, content string) media.Media {
	s.t.Helper()
	m, err := s.catalog.Media(s.t.Context(), idOf(s.t, url))
	if err != nil {
		s.t.Fatal(err)
	}
	r := s.store.Open(s.t.Context(), m.Manifest, 0, m.Manifest.Size())
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || string(got) != content {
		s.t.Fatalf("the media has %d bytes, %v; want %d, the same", len(got), err, len(content))
	}
	return m
}

// gif is a file of so many bytes that begins as a GIF does.
func gif(bytesLong int) string {
	b := bytes.Repeat([]byte("0123456789abcde\n"), bytesLong/16+1)
	copy(b, "GIF89a\x10\x00\x10\x00\x00\x00\x00!\xf9\x04")
	return string(b[:bytesLong])
}

// cut is a body that breaks off behind its bytes.
func cut(content string) io.Reader {
	return io.MultiReader(strings.NewReader(content), broken{})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestWhoMay(t *testing.T) {
	s := newServer(t, upload.Config{})
	url := s.begin(10)
	for _, c := range []struct {
		name, method, url, token string
		status                   int
	}{
		{"nobody", "POST", Path, "-", 401},
		{"no such token", "HEAD", url, "Bearer x", 401},
		{"a token that may only read", "PATCH", url, s.tokens["reader"], 403},
		{"an app", "POST", Path, s.tokens["app"], 403},
		{"a stranger's HEAD", "HEAD", url, s.tokens["stranger"], 404},
		{"a stranger's PATCH", "PATCH", url, s.tokens["stranger"], 404},
		{"a stranger's DELETE", "DELETE", url, s.tokens["stranger"], 404},
		{"a stranger's GET", "GET", url, s.tokens["stranger"], 404},
		{"no such upload", "HEAD", Path + "12", s.tokens["owner"], 404},
		{"no id", "HEAD", Path + "x", s.tokens["owner"], 404},
		{"a method of none", "PUT", url, s.tokens["owner"], 405},
		{"HEAD of no upload", "HEAD", Path, s.tokens["owner"], 405},
	} {
		s.want(s.do(c.method, c.url, nil, "Authorization", c.token, "Upload-Offset", "0", "Upload-Length", "1"), c.status)
	}
	numbered, err := s.sessions.Initialize(t.Context(), upload.Request{Owner: owner, TotalBytes: 5})
	if err != nil {
		t.Fatal(err)
	}
	s.want(s.do("HEAD", Path+numbered.ID.String(), nil), 404)
	if _, err := s.sessions.Append(t.Context(), owner, idOf(t, url), 0); media.CodeOf(err) != media.CodeInvalid {
		t.Fatalf("a numbered segment of a tus upload: %v", err)
	}
}

func TestVersion(t *testing.T) {
	s := newServer(t, upload.Config{})
	url := s.begin(10)
	for _, v := range []string{"-", "0.2.2", "2.0.0"} {
		for _, method := range []string{"POST", "HEAD", "PATCH", "DELETE"} {
			s.want(s.do(method, url, nil, "Tus-Resumable", v), 412, "Tus-Version", "1.0.0")
		}
	}
	s.want(s.do("HEAD", url, nil), 200)
}

func TestMethodOverride(t *testing.T) {
	s := newServer(t, upload.Config{})
	url := s.begin(10)
	a := s.do("POST", url, strings.NewReader(gif(6)), "X-HTTP-Method-Override", "PATCH", "Content-Type", bytesType, "Upload-Offset", "0")
	s.want(a, 204, "Upload-Offset", "6")
	s.want(s.do("POST", url, nil, "X-HTTP-Method-Override", "HEAD"), 200, "Upload-Offset", "6")
	s.want(s.do("GET", url, nil, "X-HTTP-Method-Override", "DELETE"), 200)
	s.want(s.do("POST", url, nil, "X-HTTP-Method-Override", "DELETE"), 204)
	s.want(s.do("HEAD", url, nil), 410)
}
