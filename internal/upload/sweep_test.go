package upload

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// What may go, for every state of an upload and every kind of blob that may be
// there: x goes, - stays. The newest attempt is the third.
func TestRemovable(t *testing.T) {
	before := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	old, at, just := before.Add(-time.Millisecond), before, before.Add(time.Hour)
	kinds := []string{
		"segments/7/named", "segments/7/other",
		"renditions/7/2/older", "renditions/7/3/named", "renditions/7/3/other", "renditions/7/4/newer", "renditions/7/x/strange",
	}
	named := map[string]bool{"segments/7/named": true, "renditions/7/3/named": true}
	session := func(state media.SessionState, ended time.Time) catalog.SweepState {
		return catalog.SweepState{HasSession: true, Session: media.Session{State: state, EndedAt: ended}}
	}
	closed := func(ended time.Time, state media.State, touched, gone time.Time) catalog.SweepState {
		s := session(media.SessionClosed, ended)
		s.HasMedia, s.Named = true, named
		s.Media = media.Media{State: state, Attempt: 3, TouchedAt: touched, GoneAt: gone}
		return s
	}
	live := time.Time{}
	for _, c := range []struct {
		what  string
		state catalog.SweepState
		want  string
	}{
		{"nothing is known", catalog.SweepState{}, "-------"},
		{"open", session(media.SessionOpen, live), "-------"},
		{"closing", session(media.SessionClosing, live), "-------"},
		{"expired now", session(media.SessionExpired, just), "-------"},
		{"expired a grace ago", session(media.SessionExpired, at), "-------"},
		{"expired long ago", session(media.SessionExpired, old), "xxxxxxx"},
		{"closed now", closed(just, media.Pending, just, live), "-------"},
		{"closed a grace ago", closed(at, media.Pending, at, live), "-------"},
		{"pending", closed(old, media.Pending, old, live), "-xx----"},
		{"in progress, silent", closed(old, media.InProgress, old, live), "-xx----"},
		{"in progress", closed(old, media.InProgress, just, live), "-x-----"},
		{"succeeded now", closed(old, media.Succeeded, just, live), "-x-----"},
		{"succeeded a grace ago", closed(old, media.Succeeded, at, live), "-x-----"},
		{"succeeded", closed(old, media.Succeeded, old, live), "-xx-x--"},
		{"failed now", closed(old, media.Failed, just, live), "-x-----"},
		{"failed", closed(old, media.Failed, old, live), "-xx-x--"},
		{"succeeded, gone now", closed(old, media.Succeeded, old, just), "-------"},
		{"succeeded, gone a grace ago", closed(old, media.Succeeded, old, at), "-------"},
		{"succeeded, gone", closed(old, media.Succeeded, old, old), "xxxxxxx"},
		{"pending, gone", closed(old, media.Pending, old, old), "xxxxxxx"},
		{"in progress, gone", closed(old, media.InProgress, just, old), "xxxxxxx"},
		{"failed, gone", closed(old, media.Failed, old, old), "xxxxxxx"},
		{"gone, but it can be restored", kept(closed(old, media.Succeeded, old, old)), "-------"},
		{"gone, without a session", catalog.SweepState{HasMedia: true, Named: named, Media: media.Media{GoneAt: old}}, "xxxxxxx"},
	} {
		got := ""
		for _, key := range kinds {
			if removable(c.state, key, before) {
				got += "x"
			} else {
				got += "-"
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func kept(s catalog.SweepState) catalog.SweepState {
	s.Kept = true
	return s
}

func TestAttemptOf(t *testing.T) {
	const never = 1<<63 - 1
	for key, want := range map[string]int64{
		"renditions/7/1/720.mp4":                 1,
		"renditions/9223372036854775807/12/a/b":  12,
		"renditions/7/9223372036854775806/x":     9223372036854775806,
		"renditions/7/9223372036854775808/x":     never,
		"renditions/7/x/720.mp4":                 never,
		"renditions/x/1/720.mp4":                 never,
		"segments/7/000-1-00000000-000000000000": never,
		"":                                       never,
	} {
		if got := attemptOf(key); got != want {
			t.Errorf("attemptOf(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestOwnerOf(t *testing.T) {
	for key, want := range map[string]media.ID{
		"segments/7/x": 7, "renditions/7/1/x": 7, "segments/7/": 7,
		"segments/7": 0, "segments//x": 0, "segments/0/x": 0, "segments/-7/x": 0, "segments/9223372036854775808/x": 0, "segments/7a/x": 0, "": 0,
	} {
		got, err := ownerOf(key)
		if got != want || (err == nil) != (want > 0) {
			t.Errorf("ownerOf(%q) = %d, %v", key, got, err)
		}
	}
}

// From a session that nobody finalizes to nothing: it expires at its time, its
// bytes go a grace later, its row at last.
func TestSweepExpiry(t *testing.T) {
	r := newRig(t, Config{Lifetime: time.Hour, Grace: 10 * time.Minute, PruneAfter: 24 * time.Hour})
	s := r.initialize(100)
	if err := r.append(s.ID, 0, subtitles); err != nil {
		t.Fatal(err)
	}
	kept := r.uploaded(subtitles)
	for _, step := range []struct {
		pass  time.Duration
		want  Swept
		state media.SessionState
		blobs int
	}{
		{0, Swept{}, media.SessionOpen, 2},
		{time.Hour - 2*time.Millisecond, Swept{}, media.SessionOpen, 2},
		{time.Millisecond, Swept{SessionsExpired: 1}, media.SessionExpired, 2},
		{10 * time.Minute, Swept{}, media.SessionExpired, 2},
		{time.Millisecond, Swept{BlobsDeleted: 1}, media.SessionExpired, 1},
		{0, Swept{}, media.SessionExpired, 1},
		{24*time.Hour - 10*time.Minute - time.Millisecond, Swept{}, media.SessionExpired, 1},
		{time.Millisecond, Swept{RowsPruned: 1}, "", 1},
		{1000 * time.Hour, Swept{}, "", 1},
	} {
		r.pass(step.pass)
		if got := r.sweep(); got != step.want || len(r.keys()) != step.blobs {
			t.Errorf("at %s: %+v and %d blobs, want %+v and %d", r.now(), got, len(r.keys()), step.want, step.blobs)
		}
		row, err := r.rows.Session(t.Context(), s.ID)
		if row.State != step.state || (media.CodeOf(err) == media.CodeNotFound) != (step.state == "") {
			t.Errorf("at %s: the session is %q, %v", r.now(), row.State, err)
		}
	}
	if m, err := r.rows.Media(t.Context(), kept.ID); err != nil || !m.GoneAt.IsZero() {
		t.Errorf("what was finalized: %+v, %v", m, err)
	}
}

// A media past its retention goes as one that was deleted does.
func TestSweepRetention(t *testing.T) {
	r := newRig(t, Config{Retention: 48 * time.Hour, Grace: time.Hour, DeleteGrace: 1, PruneAfter: 24 * time.Hour})
	expiring, deleted := r.uploaded(subtitles), r.uploaded(subtitles)
	if _, err := r.rows.DeleteMedia(t.Context(), deleted.ID, r.now()); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		pass  time.Duration
		want  Swept
		blobs int
	}{
		{time.Hour, Swept{}, 2},
		{time.Millisecond, Swept{BlobsDeleted: 1}, 1},
		{23 * time.Hour, Swept{RowsPruned: 1}, 1},
		{24 * time.Hour, Swept{MediaExpired: 1}, 1},
		{time.Hour + time.Millisecond, Swept{BlobsDeleted: 1}, 0},
		{24 * time.Hour, Swept{RowsPruned: 1}, 0},
	} {
		r.pass(step.pass)
		if got := r.sweep(); got != step.want || len(r.keys()) != step.blobs {
			t.Errorf("at %s: %+v and %d blobs, want %+v and %d", r.now(), got, len(r.keys()), step.want, step.blobs)
		}
	}
	for _, id := range []media.ID{expiring.ID, deleted.ID} {
		if _, err := r.rows.Media(t.Context(), id); media.CodeOf(err) != media.CodeNotFound {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Segments that were sent again, and what attempts made that published nothing,
// go; what is shown stays.
func TestSweepSuperseded(t *testing.T) {
	r := newRig(t, Config{Grace: time.Hour})
	s := r.initialize(media.Undeclared)
	r.sent(s.ID, 0, "first try")
	r.sent(s.ID, 0, subtitles)
	m, err := r.sessions.Finalize(t.Context(), owner, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	claim := func() int64 {
		t.Helper()
		c, claimed, err := r.rows.Claim(t.Context(), m.ID, r.now())
		if err != nil || !claimed {
			t.Fatal(claimed, err)
		}
		r.put(fmt.Sprintf("renditions/%s/%d/720.mp4", m.ID, c.Attempt))
		return c.Attempt
	}
	claim()
	second := claim()
	r.put(fmt.Sprintf("renditions/%s/%d/not-published", m.ID, second))
	r.pass(time.Hour + time.Second)
	if got := r.sweep(); got.BlobsDeleted != 2 { // the first try, and the first attempt's
		t.Errorf("while the second attempt runs: %+v, %v", got, r.keys())
	}
	shown := fmt.Sprintf("renditions/%s/%d/720.mp4", m.ID, second)
	if ok, err := r.rows.Publish(t.Context(), m.ID, second, media.Outcome{Renditions: []media.Rendition{{
		Role: media.RoleMP4, Name: "720.mp4", Blob: media.Blob{Key: shown, Size: 1},
	}}}, r.now()); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if got := r.sweep(); got.BlobsDeleted != 0 {
		t.Errorf("at once: %+v", got)
	}
	r.put(fmt.Sprintf("renditions/%s/1/late", m.ID)) // the paused worker woke
	r.pass(time.Hour + time.Second)
	r.sweep()
	if diff := cmp.Diff([]string{shown, m.Manifest[0].Key}, r.keys()); diff != "" {
		t.Errorf("what is left (-want +got):\n%s", diff)
	}
}

// What no row knows, and what is no name of magpie's, is left and reported.
func TestSweepLeavesTheUnknown(t *testing.T) {
	r := newRig(t, Config{Grace: time.Nanosecond})
	var log bytes.Buffer
	r.sessions.log = slog.New(slog.NewTextHandler(&log, nil))
	unknown := []string{"elsewhere/x", "renditions/77/1/x", "segments/77/x"}
	strange := []string{"renditions/x/1/x", "segments/0/x", "segments/x"}
	for _, key := range append(unknown, strange...) {
		r.put(key)
	}
	r.pass(10_000 * time.Hour)
	if got := r.sweep(); got != (Swept{}) || len(r.keys()) != 6 {
		t.Errorf("%+v, %v", got, r.keys())
	}
	for _, key := range strange {
		if !strings.Contains(log.String(), key) {
			t.Errorf("%s is not in the log: %s", key, &log)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != len(strange) {
		t.Errorf("%d lines in the log: %s", n, &log)
	}
}

// A sweep that a fault breaks off says so and goes on the next time; rows
// outlive their blobs.
func TestSweepFaults(t *testing.T) {
	r := newRig(t, Config{Lifetime: time.Hour, Grace: time.Minute, PruneAfter: time.Hour})
	var ids []media.ID
	for range 3 {
		s := r.initialize(media.Undeclared)
		ids = append(ids, s.ID)
		for i := range 2 {
			r.sent(s.ID, i, subtitles)
		}
	}
	r.pass(time.Hour)
	r.sweep()
	r.pass(2 * time.Hour)
	for _, c := range []struct {
		faults  blobtest.Faults
		deleted int
	}{
		{blobtest.Faults{Before: blobtest.FailNth(blobtest.OpList, 1, errAway)}, 0},
		{blobtest.Faults{Before: blobtest.FailNth(blobtest.OpDelete, 1, errAway)}, 0},
		{blobtest.Faults{Before: blobtest.FailNth(blobtest.OpDelete, 3, errAway)}, 2},
		{blobtest.Faults{Before: blobtest.FailNth(blobtest.OpList, 2, errAway)}, 4}, // of renditions, when the segments are gone
	} {
		r.store.SetFaults(c.faults)
		got, err := r.sessions.Sweep(t.Context())
		if !errors.Is(err, errAway) || got != (Swept{BlobsDeleted: c.deleted}) {
			t.Errorf("%+v, %v, want %d blobs deleted", got, err, c.deleted)
		}
		for _, id := range ids {
			r.state(id) // fails where the row is gone
		}
	}
	r.store.SetFaults(blobtest.Faults{})
	if got := r.sweep(); got != (Swept{RowsPruned: 3}) || len(r.keys()) != 0 {
		t.Errorf("in the end: %+v, %v", got, r.keys())
	}

	// Deletes that a crash undid are done again.
	r.store.Sync()
	s := r.initialize(media.Undeclared)
	r.sent(s.ID, 0, subtitles)
	r.pass(time.Hour)
	r.sweep()
	r.pass(2 * time.Minute)
	for range 2 {
		if got := r.sweep(); got != (Swept{BlobsDeleted: 1}) {
			t.Errorf("%+v", got)
		}
		r.store.Crash()
	}

	if err := r.rows.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := r.sessions.Sweep(t.Context()); err == nil || got != (Swept{}) || len(r.keys()) != 1 {
		t.Errorf("without a catalogue: %+v, %v", got, err)
	}
}
