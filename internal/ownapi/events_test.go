package ownapi

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/bus"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// playback is what counting needs, over a bus of the test's own.
func (s *server) playback(ring policy.Keyring) *bus.Bus {
	s.t.Helper()
	b, err := bus.Open(s.t.Context(), bus.Config{Dir: filepath.Join(s.t.TempDir(), "queue")})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(b.Close)
	keys := func() policy.Keyring { return ring }
	s.api.intake = analytics.NewIntake(b, keys, func() time.Time { return s.clock })
	s.api.access = delivery.Access{Ring: keys, Viewer: func(r *http.Request) policy.Viewer {
		return policy.Viewer{SignedIn: r.Header.Get("Test-User"), Country: r.Header.Get("Test-Country")}
	}}
	s.api.random = rand.NewChaCha8([32]byte{9})
	return b
}

func playbackRing() policy.Keyring {
	return policy.NewKeyring(policy.Key{ID: "k", Secret: make([]byte, 32)})
}

func (s *server) post(path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), "POST", path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	return w
}

func TestEvents(t *testing.T) {
	s := newServer(t)
	b := s.playback(playbackRing())
	token, err := analytics.Mint(playbackRing(), 7, s.clock, s.api.random)
	if err != nil {
		t.Fatal(err)
	}
	last := func() uint64 {
		t.Helper()
		l, err := b.Log(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return l.Last
	}
	body := func(events string) string { return fmt.Sprintf(`{"token":%q,"events":%s}`, token, events) }
	for i, kind := range []string{"", "application/json", "text/plain;charset=UTF-8"} {
		w := s.post("/magpie/v1/events", body(`[{"id":"a","type":"start"},{"type":"p25","at":1795000000000,"ms":0}]`), "Content-Type", kind)
		if w.Code != http.StatusNoContent || w.Body.Len() > 0 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%q: %d %q %v", kind, w.Code, w.Body, w.Header())
		}
		if n := last(); n != uint64(i)+1 {
			t.Errorf("%d records on the log after %d messages", n, i+1)
		}
	}
	one := `{"type":"start"}`
	for name, c := range map[string]struct {
		body string
		code media.Code
		word string
	}{
		"no JSON":          {"start", media.CodeInvalid, "JSON object"},
		"nothing":          {"", media.CodeInvalid, "there is none"},
		"cut off":          {body(`[{"type":"start"}`), media.CodeInvalid, "JSON"},
		"two objects":      {body("["+one+"]") + "{}", media.CodeInvalid, "after"},
		"unknown member":   {body(`[{"type":"start","speed":2}]`), media.CodeInvalid, "speed"},
		"no token":         {`{"events":[{"type":"start"}]}`, media.CodeInvalid, "$.token"},
		"forged token":     {`{"token":"v1.k.AAAA.AAAA","events":[{"type":"start"}]}`, media.CodeForbidden, "signed"},
		"no events":        {body(`[]`), media.CodeInvalid, "$.events"},
		"too many":         {body("[" + strings.Repeat(one+",", 100) + one + "]"), media.CodeInvalid, "101"},
		"unknown type":     {body(`[` + one + `,{"type":"like"}]`), media.CodeInvalid, "$.events[1].type"},
		"long id":          {body(`[{"type":"start","id":"` + strings.Repeat("x", 65) + `"}]`), media.CodeInvalid, "$.events[0].id"},
		"less than no ms":  {body(`[{"type":"watch","ms":-1}]`), media.CodeInvalid, "$.events[0].ms"},
		"more than a day":  {body(`[{"type":"watch","ms":86400001}]`), media.CodeInvalid, "$.events[0].ms"},
		"before all time":  {body(`[{"type":"start","at":-5}]`), media.CodeInvalid, "$.events[0].at"},
		"after all time":   {body(`[{"type":"start","at":9223372036854775807}]`), media.CodeInvalid, "$.events[0].at"},
		"a time that's no": {body(`[{"type":"start","at":"now"}]`), media.CodeInvalid, "whole number"},
		"too large":        {body("["+one+"]") + strings.Repeat(" ", maxEventsBody), media.CodeTooLarge, "65536"},
	} {
		w := s.post("/magpie/v1/events", c.body, "Content-Type", "text/plain")
		if got := media.Code(w.Header().Get("X-Code")); got != c.code || !strings.Contains(w.Body.String(), c.word) {
			t.Errorf("%s: %s %s", name, got, w.Body)
		}
	}
	for name, headers := range map[string][]string{
		"a form":     {"Content-Type", "application/x-www-form-urlencoded"},
		"no type":    {"Content-Type", ";;"},
		"compressed": {"Content-Encoding", "gzip"},
	} {
		if w := s.post("/magpie/v1/events", body("["+one+"]"), headers...); w.Header().Get("X-Code") != string(media.CodeUnsupported) {
			t.Errorf("%s: %v %s", name, w.Header(), w.Body)
		}
	}
	if n := last(); n != 3 {
		t.Errorf("what was refused is on the log: %d records", n)
	}
	s.clock = s.clock.Add(analytics.Lifetime)
	if w := s.post("/magpie/v1/events", body("["+one+"]")); w.Header().Get("X-Code") != string(media.CodeForbidden) || !strings.Contains(w.Body.String(), "expired") {
		t.Errorf("expired: %s", w.Body)
	}
}

// What is sent is known to analytics, under each of its names once.
func TestEventTypes(t *testing.T) {
	seen := map[media.PlaybackMetric]bool{}
	for name, m := range eventTypes() {
		if seen[m] {
			t.Errorf("%s stands for what another name stands for", name)
		}
		seen[m] = true
	}
	if len(seen) != len(media.PlaybackCounts{}) {
		t.Errorf("%d types of %d", len(seen), len(media.PlaybackCounts{}))
	}
}

func TestEventsScript(t *testing.T) {
	s := newServer(t)
	w := s.call("GET", "/magpie/v1/events.js")
	if w.Code != http.StatusOK || w.Body.Len() > 2048 || !strings.Contains(w.Body.String(), "magpieEvents") {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	for name, want := range map[string]string{
		"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "public, max-age=3600",
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if w := s.call("GET", "/magpie/v1/events.js", "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified {
		t.Errorf("the same again: %d", w.Code)
	}
	if w := s.call("OPTIONS", "/magpie/v1/events"); w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
}

func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"token":"t","events":[{"id":"a","type":"watch","ms":5,"at":1795000000000}]}`))
	f.Add([]byte(`{"token":"t","events":[{"type":"start"}]}{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var body eventsBody
		err := decode(b, &body)
		if err == nil {
			var events []analytics.Event
			if events, err = body.parse(); err == nil && (len(events) == 0 || len(events) > analytics.MaxEvents) {
				t.Fatalf("%d events", len(events))
			}
		}
		if err != nil && media.CodeOf(err) != media.CodeInvalid {
			t.Fatal(err)
		}
	})
}

func TestPlaybackToken(t *testing.T) {
	s := newServer(t)
	s.playback(playbackRing())
	m := s.upload("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
	path := "/magpie/v1/media/" + m.ID.String() + "/playback-token"
	refused := func(w *httptest.ResponseRecorder, code media.Code) {
		t.Helper()
		if got := w.Header().Get("X-Code"); got != string(code) {
			t.Errorf("%q %s, want %s", got, w.Body, code)
		}
	}
	refused(s.post(path, ""), media.CodeNotFound) // nothing to play yet
	claimed, ok, err := s.catalog.Claim(t.Context(), m.ID, s.clock)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := s.catalog.Publish(t.Context(), m.ID, claimed.Attempt, media.Outcome{}, s.clock); err != nil || !ok {
		t.Fatal(ok, err)
	}
	token := func(headers ...string) string {
		t.Helper()
		w := s.post(path, "", headers...)
		var v struct{ Data minted }
		if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK || !v.Data.ExpiresAt.Equal(s.clock.Add(24*time.Hour)) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return v.Data.Token
	}
	first := token()
	got, err := analytics.Read(playbackRing(), first, s.clock)
	if err != nil || got.Media != m.ID || first == token() {
		t.Errorf("%+v, %v", got, err)
	}
	refused(s.post("/magpie/v1/media/404/playback-token", ""), media.CodeNotFound)
	refused(s.post("/magpie/v1/media/x/playback-token", ""), media.CodeInvalid)
	refused(s.post(path+"?ticket=forged", ""), media.CodeForbidden)

	s.restrict(m.ID, "geo_restrictions", `{"whitelisted_country_codes":["JP"]}`)
	token("Test-Country", "JP")
	refused(s.post(path, "", "Test-Country", "US"), media.CodeWithheld)
	token("Test-Country", "US", "Test-User", owner)
	s.restrict(m.ID, "content_expiration", fmt.Sprintf(`{"timestamp_sec":%d}`, s.clock.Unix()))
	refused(s.post(path, "", "Test-User", owner), media.CodeGone)
}

// restrict sets one group of metadata.
func (s *server) restrict(id media.ID, group, value string) {
	s.t.Helper()
	if _, err := s.catalog.MergeMetadata(s.t.Context(), id, map[string]string{group: value}, nil, catalog.Actor{User: owner}, s.clock); err != nil {
		s.t.Fatal(err)
	}
}
