package upload

import (
	"io"
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

// elsewhere is the catalogue as another process has it.
func (r *rig) elsewhere() *catalog.Catalog {
	r.t.Helper()
	c, err := catalog.OpenSQLite(r.t.Context(), r.path)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestRecentStandsWhileNobodyWrites: what a segment's sender is told is read once, and
// again after any commit, of whatever process.
func TestRecentStandsWhileNobodyWrites(t *testing.T) {
	r := newRig(t, Config{})
	elsewhere := r.elsewhere()
	s := r.initialize(media.Undeclared)
	other := r.initialize(media.Undeclared)
	answer := func() time.Time {
		t.Helper()
		g, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Abort()
		if _, err := io.WriteString(g, subtitles); err != nil {
			t.Fatal(err)
		}
		expires, err := g.Commit(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		return expires
	}
	mark := s.ExpiresAt.Add(time.Minute)
	remember := func() {
		t.Helper()
		marked := s
		marked.ExpiresAt = mark
		version := r.sessions.version(t.Context())
		if !version.known {
			t.Fatal("nothing tells whether anybody wrote")
		}
		r.sessions.recent.note(marked, version, r.now())
	}

	if got := answer(); !got.Equal(s.ExpiresAt) {
		t.Errorf("read: %v, want %v", got, s.ExpiresAt)
	}
	remember()
	for range 2 {
		if got := answer(); !got.Equal(mark) {
			t.Errorf("it was read again, though nobody wrote: %v", got)
		}
	}
	for name, c := range map[string]*catalog.Catalog{"this process": r.rows, "another": elsewhere} {
		remember()
		if _, err := c.AbortSession(t.Context(), other.ID, catalog.Actor{User: owner}, r.now()); err != nil {
			t.Fatal(err)
		}
		if got := answer(); !got.Equal(s.ExpiresAt) {
			t.Errorf("after a commit of %s it is still remembered: %v", name, got)
		}
		other = r.initialize(media.Undeclared)
	}

	remember()
	r.sessions.recent.note(s, asOf{}, r.now())
	if got := answer(); !got.Equal(s.ExpiresAt) {
		t.Errorf("of an unknown version: %v", got)
	}
	remember()
	r.pass(mark.Sub(r.now()))
	r.sessions.recent.note(s, asOf{}, r.now())
	if err := r.append(s.ID, 0, subtitles); media.CodeOf(err) != media.CodeGone {
		t.Errorf("past its time: %v", err)
	}
}

// TestRecentClosedOnTheWay: a session that ends while its segment is under way, by this
// process or another, is found to have ended.
func TestRecentClosedOnTheWay(t *testing.T) {
	r := newRig(t, Config{})
	elsewhere := r.elsewhere()
	for name, c := range map[string]*catalog.Catalog{"this process": r.rows, "another": elsewhere} {
		s := r.initialize(media.Undeclared)
		r.sent(s.ID, 0, subtitles)
		g, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Abort()
		if _, err := io.WriteString(g, subtitles); err != nil {
			t.Fatal(err)
		}
		if aborted, err := c.AbortSession(t.Context(), s.ID, catalog.Actor{User: owner}, r.now()); err != nil || !aborted {
			t.Fatal(aborted, err)
		}
		if _, err := g.Commit(t.Context(), 1); media.CodeOf(err) != media.CodeGone {
			t.Errorf("aborted by %s: %v", name, err)
		}
	}
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent()
	now := time.Now()
	for i := range media.ID(3 * maxRecent) {
		r.note(media.Session{ID: i, State: media.SessionOpen}, asOf{}, now)
		if len(r.sessions) > maxRecent {
			t.Fatalf("%d are remembered", len(r.sessions))
		}
	}
}
