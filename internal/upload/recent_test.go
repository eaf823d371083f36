package upload

import (
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// TestRecentDecidesNothing: what another process did to a session a moment ago
// holds, although this one remembers it as open.
func TestRecentDecidesNothing(t *testing.T) {
	r := newRig(t, Config{})
	other := New(r.sessions.cfg, r.sessions.catalog, r.sessions.blobs, r.now, r.sessions.random, r.sessions.log)
	remembered := func() media.Session {
		t.Helper()
		s := r.initialize(int64(len(subtitles)))
		r.sent(s.ID, 0, subtitles)
		if _, ok := r.sessions.recent.session(s.ID, r.now()); !ok {
			t.Fatal("it does not remember")
		}
		return s
	}

	s := remembered()
	m, err := other.Finalize(t.Context(), owner, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.append(s.ID, 0, subtitles); err != nil {
		t.Errorf("the same segment, after it was finalized elsewhere: %v", err)
	}
	s2 := remembered()
	if _, err := other.Finalize(t.Context(), owner, s2.ID); err != nil {
		t.Fatal(err)
	}
	if err := r.append(s2.ID, 0, strings.ToLower(subtitles)); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("another segment, after it was finalized elsewhere: %v", err)
	}
	if now, err := r.sessions.catalog.Media(t.Context(), s.ID); err != nil || now.Manifest[0] != m.Manifest[0] {
		t.Errorf("%+v, %v", now, err)
	}

	s = remembered()
	if err := other.Abort(t.Context(), catalog.Actor{User: owner}, s.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 { // remembered, and read
		if err := r.append(s.ID, 0, subtitles); media.CodeOf(err) != media.CodeGone {
			t.Errorf("after it was aborted elsewhere: %v", err)
		}
	}

	s = remembered()
	if _, err := r.sessions.appendable(t.Context(), "4711", s.ID); media.CodeOf(err) != media.CodeNotFound {
		t.Errorf("somebody else's: %v", err)
	}
	r.pass(recentFor + time.Second)
	if _, ok := r.sessions.recent.session(s.ID, r.now()); ok {
		t.Error("it remembers for longer than a moment")
	}
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent()
	now := time.Now()
	for i := range media.ID(3 * maxRecent) {
		r.note(media.Session{ID: i, State: media.SessionOpen}, now)
		if len(r.sessions) > maxRecent {
			t.Fatalf("%d are remembered", len(r.sessions))
		}
	}
}
