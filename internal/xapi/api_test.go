package xapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
	stranger = "7"
	friend   = "12" // an additional owner, where a test says so
)

// maxSegment is small, so that too large ones are cheap to send.
const maxSegment = 64 << 10

// server is the API over real rooms, a store in memory that can fail, and
// processing that a test plays itself.
type server struct {
	t        testing.TB
	clock    time.Time
	memory   *blobtest.Memory
	blobs    *blob.Store
	catalog  *catalog.Catalog
	tokens   *auth.Tokens
	sessions *upload.Sessions
	api      *API
	log      bytes.Buffer
	bearer   map[string]string // user → token

	now    func(context.Context, media.ID) error // nil publishes a 64×48 image
	queued []media.ID
	later  error
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), bearer: map[string]string{}}
	s.memory = blobtest.NewMemory(func() time.Time { return s.clock })
	s.build(s.memory, maxSegment)
	return s
}

// build makes the rooms over a store.
func (s *server) build(d blob.Driver, maxSegment int64) {
	s.t.Helper()
	var err error
	if s.catalog, err = catalog.OpenSQLite(s.t.Context(), filepath.Join(s.t.TempDir(), "magpie.db")); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = s.catalog.Close() })
	clock := func() time.Time { return s.clock }
	random := &oneAtATime{r: rand.NewChaCha8([32]byte{1})}
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	s.blobs = blob.New(d)
	s.tokens = auth.NewTokens(s.catalog, clock, random)
	s.sessions = upload.New(upload.Config{MaxSegment: maxSegment}, s.catalog, s.blobs, clock, random, log)
	s.api = New(Config{
		Sessions: s.sessions, Catalog: s.catalog, Gate: auth.NewGate(s.tokens, nil, nil),
		Process: Processing{
			Now: func(ctx context.Context, id media.ID) error {
				if s.now != nil {
					return s.now(ctx, id)
				}
				s.publish(id, picture())
				return nil
			},
			Later: func(_ context.Context, m media.Media) error {
				s.queued = append(s.queued, m.ID)
				return s.later
			},
		},
		Handout: delivery.Handout{Links: delivery.Links{Public: "https://media.example"}, Ring: ring, Now: clock}, Now: clock, Log: log,
	})
	for _, user := range []string{owner, stranger, friend} {
		s.bearer[user] = s.token(auth.Grant{User: user, Scopes: []string{auth.MediaWrite, auth.TweetRead}})
	}
}

func (s *server) token(g auth.Grant) string {
	s.t.Helper()
	secret, err := s.tokens.Issue(s.t.Context(), g)
	if err != nil {
		s.t.Fatal(err)
	}
	return secret
}

// ring is what tickets are signed with.
func ring() policy.Keyring {
	return policy.NewKeyring(policy.Key{ID: "test", Secret: bytes.Repeat([]byte{7}, 32)})
}

// picture is what processing an image comes to.
func picture() media.Outcome {
	return media.Outcome{Width: 64, Height: 48, Renditions: []media.Rendition{
		{Role: media.RoleImage, Name: "small.jpg", ContentType: "image/jpeg", Width: 32, Height: 24},
		{Role: media.RoleImage, Name: "large.jpg", ContentType: "image/jpeg", Width: 64, Height: 48},
	}}
}

// movie is what processing a video comes to.
func movie() media.Outcome {
	return media.Outcome{Width: 640, Height: 360, Duration: 2500 * time.Millisecond, Renditions: []media.Rendition{
		{Role: media.RoleMP4, Name: "640x360.mp4", ContentType: "video/mp4", BitRate: 832_000, Width: 640, Height: 360},
		{Role: media.RoleMaster, Name: "master.m3u8", ContentType: "application/x-mpegURL"},
		{Role: media.RolePlaylist, Name: "640x360.m3u8", ContentType: "application/x-mpegURL"},
		{Role: media.RolePoster, Name: "poster.jpg", ContentType: "image/jpeg", Width: 640, Height: 360},
	}}
}

// publish processes a media as a worker would.
func (s *server) publish(id media.ID, o media.Outcome) {
	s.t.Helper()
	m, claimed, err := s.catalog.Claim(s.t.Context(), id, s.clock)
	if err != nil || !claimed {
		s.t.Fatalf("claim %s: %v, %v", id, claimed, err)
	}
	if ok, err := s.catalog.Publish(s.t.Context(), id, m.Attempt, o, s.clock); err != nil || !ok {
		s.t.Fatalf("publish %s: %v, %v", id, ok, err)
	}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// call sends a request of the owner; headers are name, value, … and may replace
// the owner's token.
func (s *server) call(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	return s.serve(s.request(method, path, body, headers...))
}

func (s *server) serve(r *http.Request) answer {
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return answer{w, s.t}
}

// request makes a request. Its body is a reader, text, bytes or a value to send
// as JSON.
func (s *server) request(method, path string, body any, headers ...string) *http.Request {
	s.t.Helper()
	var from io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case io.Reader:
		from = b
	case string:
		from = strings.NewReader(b)
	case []byte:
		from = bytes.NewReader(b)
	default:
		text, err := json.Marshal(b)
		if err != nil {
			s.t.Fatal(err)
		}
		from, kind = bytes.NewReader(text), jsonKind
	}
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, from)
	r.Header.Set("Authorization", "Bearer "+s.bearer[owner])
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// as is the header by which a user calls.
func (s *server) as(user string) (name, value string) {
	return "Authorization", "Bearer " + s.bearer[user]
}

// is checks an answer's status and the whole of its JSON body.
func (a answer) is(status int, format string, args ...any) {
	a.t.Helper()
	want := fmt.Sprintf(format, args...)
	if a.Code != status {
		a.t.Errorf("status %d, want %d: %s", a.Code, status, a.Body)
		return
	}
	if diff := cmp.Diff(decode(a.t, want), decode(a.t, a.Body.String())); diff != "" {
		a.t.Errorf("the body differs (-want +got):\n%s", diff)
	}
	if kind := a.Header().Get("Content-Type"); kind != "application/json; charset=utf-8" {
		a.t.Errorf("Content-Type %q", kind)
	}
}

// refused checks that an answer is a whole problem of a status, whose message
// holds words.
func (a answer) refused(status int, words ...string) {
	a.t.Helper()
	var p problem
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil {
		a.t.Errorf("status %d, want %d; no problem: %q", a.Code, status, a.Body)
		return
	}
	if a.Code != status || p.Status != status || p.Code != status || p.Title == "" || p.Type == "" || p.Detail == "" {
		a.t.Errorf("status %d, want %d: %s", a.Code, status, a.Body)
	}
	for _, w := range words {
		if !strings.Contains(p.Message, w) {
			a.t.Errorf("the message %q lacks %q", p.Message, w)
		}
	}
	if status == http.StatusBadRequest && (len(p.Errors) != 1 || p.Errors[0].Message != p.Message || p.Errors[0].Parameters == nil) {
		a.t.Errorf("errors: %+v", p.Errors)
	}
}

func decode(t testing.TB, text string) any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return v
}

// open begins an upload by JSON and gives its id.
func (s *server) open(request any, headers ...string) media.ID {
	s.t.Helper()
	return s.call("POST", "/2/media/upload/initialize", request, headers...).id()
}

func (a answer) id() media.ID {
	a.t.Helper()
	var body struct{ Data struct{ ID string } }
	if err := json.Unmarshal(a.Body.Bytes(), &body); err != nil || a.Code/100 != 2 {
		a.t.Fatalf("status %d, %v: %s", a.Code, err, a.Body)
	}
	id, err := media.ParseID(body.Data.ID)
	if err != nil {
		a.t.Fatal(err)
	}
	return id
}

func at(id media.ID, step string) string { return "/2/media/upload/" + id.String() + "/" + step }

// send appends a segment as a form.
func (s *server) send(id media.ID, index int, data string, headers ...string) answer {
	s.t.Helper()
	return s.call("POST", at(id, "append"), form("segment_index", fmt.Sprint(index), "media", data), append([]string{"Content-Type", formKind}, headers...)...)
}

func (s *server) finalize(id media.ID, headers ...string) answer {
	s.t.Helper()
	return s.call("POST", at(id, "finalize"), nil, headers...)
}

// upload makes a finalized media of a file.
func (s *server) upload(request map[string]any, file string) media.ID {
	s.t.Helper()
	id := s.open(request)
	for _, a := range []answer{s.send(id, 0, file), s.finalize(id)} {
		if a.Code != http.StatusOK {
			s.t.Fatalf("status %d: %s", a.Code, a.Body)
		}
	}
	return id
}

// kept lists the blobs of the store.
func (s *server) kept() []string {
	s.t.Helper()
	keys := []string{}
	for info, err := range s.blobs.List(context.Background(), "") {
		if err != nil {
			s.t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
