package ownapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

const subtitles = "WEBVTT\n\n00:00.000 --> 00:01.000\n<script>alert(1)</script>\n"

func pathOf(m media.Media) string { return "/magpie/v1/media/" + m.ID.String() + "/original" }

// The exact upload comes back, whatever became of its processing.
func TestOriginal(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	failed := s.upload(subtitles[:10], subtitles[10:20], subtitles[20:])
	claimed, _, err := s.catalog.Claim(t.Context(), failed.ID, s.clock)
	if err != nil {
		t.Fatal(err)
	}
	outcome := media.Outcome{Failure: media.NewFailure(media.InvalidMedia, "No.")}
	if _, err := s.catalog.Publish(t.Context(), failed.ID, claimed.Attempt, outcome, s.clock); err != nil {
		t.Fatal(err)
	}
	for _, m := range []media.Media{s.upload(subtitles), failed} {
		w := s.call("GET", pathOf(m), "Authorization", token)
		if w.Code != http.StatusOK || w.Body.String() != subtitles {
			t.Errorf("%d %q", w.Code, w.Body)
		}
		for name, want := range map[string]string{
			"Content-Type":            "text/vtt",
			"Content-Disposition":     fmt.Sprintf(`attachment; filename="%s.vtt"`, m.ID),
			"Content-Security-Policy": "default-src 'none'; sandbox",
			"X-Content-Type-Options":  "nosniff",
			"Cache-Control":           "private, no-cache",
			"Content-Length":          fmt.Sprint(len(subtitles)),
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if w := s.call("GET", pathOf(m), "Authorization", token, "Range", "bytes=8-21"); w.Code != http.StatusPartialContent || w.Body.String() != subtitles[8:22] {
			t.Errorf("a range: %d %q", w.Code, w.Body)
		}
		if w := s.call("HEAD", pathOf(m), "Authorization", token); w.Code != http.StatusOK || w.Body.Len() > 0 {
			t.Errorf("HEAD: %d %q", w.Code, w.Body)
		}
		if w := s.call("GET", pathOf(m), "Authorization", token, "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified {
			t.Errorf("again: %d", w.Code)
		}
	}
}

func TestOriginalIsForThoseWhoMayUseIt(t *testing.T) {
	s := newServer(t)
	m := s.upload(subtitles)
	for _, c := range []struct {
		name, token, code string // code "" for one that gets it
	}{
		{"the owner", s.bearer(owner, false, auth.MediaWrite), ""},
		{"the owner, to read", s.bearer(owner, false, auth.TweetRead), ""},
		{"the owner's app", s.bearer(owner, true, auth.TweetRead), ""},
		{"an additional owner", s.bearer(friend, false, auth.TweetRead), ""},
		{"a stranger, although it is shared", s.bearer(stranger, false, auth.Scopes()...), "not_found"},
		{"the owner by another scope", s.bearer(owner, false, "users.read"), "forbidden"},
		{"nobody", "", "no_credentials"},
		{"somebody unknown", "Bearer nonsense", "unauthorized"},
	} {
		w := s.call("GET", pathOf(m), "Authorization", c.token)
		if got := w.Header().Get("X-Code"); got != c.code || (c.code == "") != (w.Body.String() == subtitles) {
			t.Errorf("%s: %q %q, want %q", c.name, got, w.Body, c.code)
		}
	}
	if w := s.call("GET", pathOf(m), "Authorization", s.bearer(owner, false, "users.read")); !strings.Contains(w.Body.String(), "tweet.read or media.write") {
		t.Errorf("without a scope: %s", w.Body)
	}
}

// What a stranger may not have looks like what does not exist.
func TestOriginalThatIsNotThere(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	m := s.upload(subtitles)
	session, err := s.sessions.Session(t.Context(), owner, m.ID)
	if err != nil || session.State != media.SessionClosed {
		t.Fatal(session, err)
	}
	words := func(id string) string {
		return fmt.Sprintf("%q\n", "There is no finalized media "+id+" here that this user may use.")
	}
	theirs := s.call("GET", pathOf(m), "Authorization", s.bearer(stranger, false, auth.MediaWrite))
	if got := theirs.Body.String(); got != words(m.ID.String()) {
		t.Errorf("a stranger: %s", got)
	}
	if _, err := s.catalog.DeleteMedia(t.Context(), m.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{m.ID.String(), "1", "9223372036854775807"} {
		w := s.call("GET", "/magpie/v1/media/"+id+"/original", "Authorization", token)
		if w.Header().Get("X-Code") != "not_found" || w.Body.String() != words(id) {
			t.Errorf("%s: %v %s", id, w.Header(), w.Body)
		}
	}
	for _, id := range []string{"0", "-1", "x", "9223372036854775808", "1e3", "%2e%2e", "3_1"} {
		w := s.call("GET", "/magpie/v1/media/"+id+"/original", "Authorization", token)
		if w.Header().Get("X-Code") != "invalid" {
			t.Errorf("%s: %v %s", id, w.Header(), w.Body)
		}
	}
}

func TestOriginalThatCannotBeRead(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.MediaWrite)
	m := s.upload(subtitles)
	s.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpOpen, errors.New("disk on fire"))})
	w := s.call("GET", pathOf(m), "Authorization", token)
	if w.Body.Len() > 0 || strings.Contains(fmt.Sprint(w.Header()), "fire") || !strings.Contains(s.log.String(), "disk on fire") {
		t.Errorf("answered %v %q, logged %q", w.Header(), w.Body, &s.log)
	}
	ctx, gone := context.WithCancel(t.Context())
	gone()
	r := httptest.NewRequestWithContext(ctx, "GET", pathOf(m), nil)
	r.Header.Set("Authorization", token)
	w = httptest.NewRecorder()
	s.api.ServeHTTP(w, r)
	if w.Header().Get("X-Code") != "internal" {
		t.Errorf("where the catalogue can't be asked: %v %s", w.Header(), w.Body)
	}
}

// What expired is its owner's alone.
func TestOriginalThatExpired(t *testing.T) {
	s := newServer(t)
	m := s.upload(subtitles)
	set := map[string]string{
		"content_expiration":    fmt.Sprintf(`{"timestamp_sec":%d}`, s.clock.Add(time.Second).Unix()),
		"audience_policy":       `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`,
		"allow_download_status": `{"allow_download":false}`,
	}
	if _, err := s.catalog.MergeMetadata(t.Context(), m.ID, set, nil, catalog.Actor{}, s.clock); err != nil {
		t.Fatal(err)
	}
	begun := s.clock
	mine, theirs := s.bearer(owner, false, auth.MediaWrite), s.bearer(friend, false, auth.MediaWrite)
	for after, want := range map[time.Duration]string{0: "", time.Second: "gone"} {
		s.clock = begun.Add(after)
		for token, code := range map[string]string{mine: "", theirs: want} {
			w := s.call("GET", pathOf(m), "Authorization", token)
			if got := w.Header().Get("X-Code"); got != code || (code == "") != (w.Body.String() == subtitles) {
				t.Errorf("after %v: %q %q, want %q", after, got, w.Body, code)
			}
		}
	}
}
