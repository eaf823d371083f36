package ownapi

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/policy"
	"magpie/internal/upload"
)

const (
	owner    = "2244994945"
	friend   = "12" // an additional owner of every upload
	stranger = "7"
)

// testRing is what tickets are signed with.
var testRing = policy.NewKeyring(policy.Key{ID: "test", Secret: bytes.Repeat([]byte{7}, 32)})

// server is the API over real rooms and a store in memory.
type server struct {
	t        *testing.T
	clock    time.Time
	memory   *blobtest.Memory
	catalog  *catalog.Catalog
	tokens   *auth.Tokens
	sessions *upload.Sessions
	api      *API
	log      bytes.Buffer
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	var err error
	if s.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.catalog.Close() })
	clock := func() time.Time { return s.clock }
	s.memory = blobtest.NewMemory(clock)
	store, random, log := blob.New(s.memory), rand.NewChaCha8([32]byte{2}), slog.New(slog.NewTextHandler(&s.log, nil))
	s.tokens = auth.NewTokens(s.catalog, clock, random)
	s.sessions = upload.New(upload.Config{}, s.catalog, store, clock, random, log)
	fail := func(w http.ResponseWriter, _ *http.Request, err error) {
		w.Header().Set("X-Code", string(media.CodeOf(err)))
		w.WriteHeader(http.StatusTeapot)
		_ = json.NewEncoder(w).Encode(err.Error())
	}
	s.api = New(Config{
		Catalog: s.catalog, Sessions: s.sessions, Gate: auth.NewGate(s.tokens, nil, nil), Originals: delivery.NewOriginals(s.catalog, store, clock, log),
		Handout: delivery.Handout{Ring: func() policy.Keyring { return testRing }, Now: clock},
		Fail:    fail, Now: clock, Log: log,
	})
	return s
}

// bearer makes a token of a user.
func (s *server) bearer(user string, appOnly bool, scopes ...string) string {
	s.t.Helper()
	secret, err := s.tokens.Issue(s.t.Context(), auth.Grant{User: user, Scopes: scopes, AppOnly: appOnly})
	if err != nil {
		s.t.Fatal(err)
	}
	return "Bearer " + secret
}

// begin opens an upload and sends segments: index and bytes in turn.
func (s *server) begin(segments ...any) media.Session {
	s.t.Helper()
	ctx := s.t.Context()
	session, err := s.sessions.Initialize(ctx, upload.Request{Owner: owner, AdditionalOwners: []string{friend}, TotalBytes: media.Undeclared})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(segments); i += 2 {
		g, err := s.sessions.Append(ctx, owner, session.ID, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := g.Write([]byte(segments[i+1].(string))); err != nil {
			s.t.Fatal(err)
		}
		if _, err := g.Commit(ctx, segments[i].(int)); err != nil {
			s.t.Fatal(err)
		}
	}
	return session
}

// upload makes a media of segments.
func (s *server) upload(segments ...string) media.Media {
	s.t.Helper()
	ctx := s.t.Context()
	session, err := s.sessions.Initialize(ctx, upload.Request{Owner: owner, AdditionalOwners: []string{friend}, Shared: true, TotalBytes: media.Undeclared})
	if err != nil {
		s.t.Fatal(err)
	}
	for i, data := range segments {
		g, err := s.sessions.Append(ctx, owner, session.ID, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		if _, err := g.Write([]byte(data)); err != nil {
			s.t.Fatal(err)
		}
		if _, err := g.Commit(ctx, i); err != nil {
			s.t.Fatal(err)
		}
	}
	m, err := s.sessions.Finalize(ctx, owner, session.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

func (s *server) call(method, path string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}
