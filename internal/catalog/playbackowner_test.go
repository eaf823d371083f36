package catalog

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// A magpie that does not know owners' sums may count between two that do.
func TestOwnersAreMended(t *testing.T) {
	ctx, c := t.Context(), openTest(t)
	begin := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for id := range media.ID(2) {
		s := testSession(id + 1)
		s.Owner, s.ExpiresAt = "1", begin.Add(time.Hour)
		if err := c.CreateSession(ctx, s); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.BeginClosing(ctx, s.ID, "a", begin, begin); err != nil {
			t.Fatal(err)
		}
		m := media.Media{ID: s.ID, Owner: "1", Slug: s.ID.String(), State: media.Pending}
		if _, err := c.CloseSession(ctx, "a", m, begin); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.PlaybackPosition(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	views := func(from uint64, id media.ID, session string, hour int) {
		t.Helper()
		ok, err := c.CountPlayback(ctx, "s", from, from+1, []media.Playback{{
			Session: session, Media: id, Events: []media.PlaybackEvent{{Metric: media.VideoView, At: begin.Add(time.Duration(hour) * time.Hour)}},
		}})
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	exec := func(text string) {
		t.Helper()
		if _, err := c.writer.Exec(text); err != nil {
			t.Fatal(err)
		}
	}
	views(0, 1, "a", 0)
	views(1, 2, "b", 100)
	exec("DELETE FROM session WHERE id = 2") // its views stay the owner's

	views(2, 1, "c", 90)
	views(3, 1, "d", 101)
	exec("UPDATE playback_owner SET views = views - 1 WHERE hour IN (" + at(begin, 90) + ")")
	exec("DELETE FROM playback_owner WHERE hour = " + at(begin, 101))
	exec("UPDATE playback_offset SET summed = 2") // as if the other had counted the last two

	views(4, 1, "e", 101)
	want := []PlaybackStep{{Start: begin}, {Start: begin.Add(90 * time.Hour)}, {Start: begin.Add(100 * time.Hour)}, {Start: begin.Add(101 * time.Hour)}}
	for i, n := range []int64{1, 1, 1, 2} {
		want[i].Counts[media.VideoView] = n
	}
	got, err := c.OwnerPlayback(ctx, "1", begin, begin.Add(1000*time.Hour), time.Hour)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}

	// What is summed is not summed again.
	exec("DELETE FROM playback_owner")
	if moved, err := c.MovePlaybackPosition(ctx, "s", 5, 7); !moved || err != nil {
		t.Fatal(moved, err)
	}
	views(7, 1, "f", 102)
	got, err = c.OwnerPlayback(ctx, "1", begin, begin.Add(1000*time.Hour), 0)
	if err != nil || len(got) != 1 || got[0].Counts[media.VideoView] != 1 {
		t.Errorf("%v %v", got, err)
	}
}

// at is an hour as SQL has it.
func at(begin time.Time, hours int) string {
	return strconv.FormatInt(millis(begin.Add(time.Duration(hours)*time.Hour)), 10)
}
