package catalogtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// hour is the start of an hour of the tests' clock.
func hour(n int) time.Time { return at(0).Truncate(time.Hour).Add(time.Duration(n) * time.Hour) }

func event(m media.PlaybackMetric, when time.Time) media.PlaybackEvent {
	return media.PlaybackEvent{Metric: m, At: when}
}

func watched(d time.Duration, when time.Time) media.PlaybackEvent {
	return media.PlaybackEvent{Metric: media.WatchTime, At: when, Watched: d}
}

func play(id media.ID, session string, events ...media.PlaybackEvent) media.Playback {
	return media.Playback{Session: session, Media: id, ExpiresAt: at(1000), Events: events}
}

// position reads how far a stream is counted.
func position(t testingT, c *catalog.Catalog, stream string) uint64 {
	t.Helper()
	n, err := c.PlaybackPosition(t.Context(), stream)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// count counts the next records of a stream, which must succeed.
func count(t testingT, c *catalog.Catalog, stream string, plays ...media.Playback) {
	t.Helper()
	from := position(t, c, stream)
	ok, err := c.CountPlayback(t.Context(), stream, from, from+1, plays)
	if err != nil || !ok {
		t.Fatalf("CountPlayback = %v, %v", ok, err)
	}
}

func counted(t testingT, c *catalog.Catalog, step time.Duration, ids ...media.ID) map[media.ID][]catalog.PlaybackStep {
	t.Helper()
	got, err := c.PlaybackSteps(t.Context(), ids, hour(-1000), hour(1000), step)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func totals(t testingT, c *catalog.Catalog, ids ...media.ID) map[media.ID]media.PlaybackCounts {
	t.Helper()
	got, err := c.PlaybackTotals(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// sums makes counts of pairs of a metric and a number.
func sums(pairs ...int64) (n media.PlaybackCounts) {
	for i := 0; i < len(pairs); i += 2 {
		n[pairs[i]] = pairs[i+1]
	}
	return n
}

func testPlayback(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	t.Run("a session counts once, in the hour of what came first", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		count(t, c, "s", play(1, "a", event(media.PlaybackStart, at(0)), event(media.PlaybackStart, at(0)), watched(5*time.Second, at(5))))
		count(t, c, "s", play(1, "a", event(media.PlaybackStart, hour(3)), watched(3*time.Second, at(3)), watched(8*time.Second, hour(1))))
		count(t, c, "s", play(1, "b", event(media.PlaybackStart, at(7)), event(media.VideoView, at(9))), play(1, "a", event(media.VideoView, hour(2))))
		wantEqual(t, counted(t, c, time.Hour, 1, 2), map[media.ID][]catalog.PlaybackStep{1: {
			{Start: hour(0), Counts: sums(int64(media.PlaybackStart), 2, int64(media.VideoView), 1, int64(media.WatchTime), 5000)},
			{Start: hour(1), Counts: sums(int64(media.WatchTime), 3000)},
			{Start: hour(2), Counts: sums(int64(media.VideoView), 1)},
		}})
		wantEqual(t, totals(t, c, 1, 2), map[media.ID]media.PlaybackCounts{
			1: sums(int64(media.PlaybackStart), 2, int64(media.VideoView), 2, int64(media.WatchTime), 8000),
		})
		wantEqual(t, position(t, c, "s"), 3)
	})

	t.Run("every metric has a place of its own", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		var wanted media.PlaybackCounts
		for m := range media.WatchTime {
			for n := range m + 1 {
				count(t, c, "s", play(1, fmt.Sprintf("%d-%d", m, n), event(m, at(0))))
			}
			wanted[m] = int64(m) + 1
		}
		wantEqual(t, totals(t, c, 1)[1], wanted)
		wantEqual(t, counted(t, c, time.Hour, 1)[1], []catalog.PlaybackStep{{Start: hour(0), Counts: wanted}})
	})

	t.Run("steps are hours, days of UTC, or all in one", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		finalize(t, c, finalized(2))
		for i := range 48 {
			count(t, c, "s", play(1, fmt.Sprint(i), event(media.VideoView, hour(i))), play(2, fmt.Sprint("x", i), event(media.PlaybackStart, hour(0))))
		}
		steps := func(step time.Duration, from, to int, ids ...media.ID) map[media.ID][]catalog.PlaybackStep {
			t.Helper()
			got, err := c.PlaybackSteps(t.Context(), ids, hour(from), hour(to), step)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		view := func(n int64) media.PlaybackCounts { return sums(int64(media.VideoView), n) }
		day := hour(0).Truncate(24 * time.Hour)
		wantEqual(t, steps(24*time.Hour, 1, 48, 1, 3), map[media.ID][]catalog.PlaybackStep{1: {
			{Start: day, Counts: view(13)}, {Start: day.AddDate(0, 0, 1), Counts: view(24)}, {Start: day.AddDate(0, 0, 2), Counts: view(10)},
		}})
		wantEqual(t, steps(time.Hour, 1, 3, 1, 1, 2), map[media.ID][]catalog.PlaybackStep{1: {{Start: hour(1), Counts: view(1)}, {Start: hour(2), Counts: view(1)}}})
		wantEqual(t, steps(0, 0, 48, 2, 1), map[media.ID][]catalog.PlaybackStep{
			1: {{Start: hour(0), Counts: view(48)}}, 2: {{Start: hour(0), Counts: sums(int64(media.PlaybackStart), 48)}},
		})
		wantEqual(t, len(steps(0, 5, 5, 1)), 0)
		wantEqual(t, len(steps(0, 0, 48)), 0)
	})

	t.Run("a record counts once, whoever comes with it", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		position(t, c, "s")
		won := make(chan bool, 8)
		together(8, func(i int) {
			ok, err := c.CountPlayback(t.Context(), "s", 0, 4, []media.Playback{play(1, fmt.Sprint(i), event(media.VideoView, at(0)))})
			if err != nil {
				t.Error(err)
			}
			won <- ok
		})
		n := 0
		for range 8 {
			if <-won {
				n++
			}
		}
		wantEqual(t, n, 1)
		wantEqual(t, totals(t, c, 1)[1], sums(int64(media.VideoView), 1))
		wantEqual(t, position(t, c, "s"), 4)
		ok, err := c.CountPlayback(t.Context(), "unknown", 0, 1, nil)
		want(t, "CountPlayback of a stream that was never looked at", ok, err, false)
	})

	t.Run("each stream has a position of its own", func(t *testing.T) {
		c := open(t)
		count(t, c, "s")
		count(t, c, "s")
		wantEqual(t, position(t, c, "other"), 0)
		wantEqual(t, position(t, c, "s"), 2)
		moved, err := c.MovePlaybackPosition(t.Context(), "s", 3, 1)
		want(t, "MovePlaybackPosition from elsewhere", moved, err, false)
		moved, err = c.MovePlaybackPosition(t.Context(), "s", 2, 1)
		want(t, "MovePlaybackPosition", moved, err, true)
		wantEqual(t, position(t, c, "s"), 1)
	})

	t.Run("media that are not there count nothing and hold up nobody", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		count(t, c, "s", play(404, "a", event(media.VideoView, at(0))), play(1, "b", event(media.VideoView, at(0))))
		wantEqual(t, totals(t, c, 1, 404), map[media.ID]media.PlaybackCounts{1: sums(int64(media.VideoView), 1)})
		if _, err := c.DeleteMedia(t.Context(), 1, at(50)); err != nil {
			t.Fatal(err)
		}
		if ids, err := c.Prune(t.Context(), at(60), 10); err != nil || len(ids) != 1 {
			t.Fatalf("Prune = %v, %v", ids, err)
		}
		wantEqual(t, len(totals(t, c, 1)), 0)
		wantEqual(t, len(counted(t, c, 0, 1)), 0)
	})

	t.Run("prune forgets sessions that ended and old hours, and no total", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		count(t, c, "s", play(1, "a", event(media.VideoView, hour(0))), play(1, "b", event(media.VideoView, hour(2))))
		prune := func(seen, hours time.Time, limit, wanted int) {
			t.Helper()
			n, err := c.PrunePlayback(t.Context(), seen, hours, limit)
			if err != nil || n != wanted {
				t.Fatalf("PrunePlayback = %d, %v, want %d", n, err, wanted)
			}
		}
		prune(at(1000), time.Time{}, 10, 0)
		count(t, c, "s", play(1, "a", event(media.VideoView, hour(0))))
		wantEqual(t, totals(t, c, 1)[1], sums(int64(media.VideoView), 2))
		prune(at(1001), hour(2), 1, 3) // one of two sessions, and the one old hour, of the media and of its owner
		prune(at(1001), hour(2), 10, 1)
		prune(at(1001), hour(2), 10, 0)
		wantEqual(t, counted(t, c, time.Hour, 1)[1], []catalog.PlaybackStep{{Start: hour(2), Counts: sums(int64(media.VideoView), 1)}})
		wantEqual(t, totals(t, c, 1)[1], sums(int64(media.VideoView), 2))
	})
}

// testPlaybackModel: whatever is sent, in whatever order, as often as it may be
// and cut into batches anyhow, the totals are those of the set of what was sent.
func testPlaybackModel(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	run := 0
	var all media.PlaybackCounts
	rapid.Check(t, func(t *rapid.T) {
		run++
		id := media.ID(run)
		finalize(t, c, finalized(id))
		stream := fmt.Sprint("stream", run)
		type one struct {
			session int
			event   media.PlaybackEvent
		}
		sent := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) one {
			return one{
				session: rapid.IntRange(0, 3).Draw(t, "session"),
				event: media.PlaybackEvent{
					Metric:  media.PlaybackMetric(rapid.IntRange(0, int(media.WatchTime)).Draw(t, "metric")),
					At:      hour(rapid.IntRange(0, 5).Draw(t, "hour")),
					Watched: time.Duration(rapid.IntRange(0, 9).Draw(t, "watched")) * time.Second,
				},
			}
		}), 0, 40).Draw(t, "events")

		var wanted media.PlaybackCounts
		seen := map[string]bool{}
		longest := map[int]int64{}
		for _, o := range sent {
			key := fmt.Sprint(o.session, o.event.Metric)
			switch {
			case o.event.Metric == media.WatchTime:
				longest[o.session] = max(longest[o.session], o.event.Watched.Milliseconds())
			case !seen[key]:
				seen[key] = true
				wanted[o.event.Metric]++
			}
		}
		for _, ms := range longest {
			wanted[media.WatchTime] += ms
		}

		again := slices.Concat(sent, sent[:len(sent)/2])
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1))
		random.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
		for len(again) > 0 {
			n := 1 + random.IntN(len(again))
			var plays []media.Playback
			for _, o := range again[:n] {
				plays = append(plays, play(id, fmt.Sprint(run, "-", o.session), o.event))
			}
			count(t, c, stream, plays...)
			again = again[n:]
		}
		wantEqual(t, totals(t, c, id)[id], wanted)
		var sum media.PlaybackCounts
		for _, s := range counted(t, c, time.Hour, id)[id] {
			sum.Add(s.Counts)
		}
		wantEqual(t, sum, wanted)
		// The owner's sums are those of the media, of all runs.
		all.Add(wanted)
		wantEqual(t, ofOwner(t, c, finalized(id).Owner, 0), []catalog.PlaybackStep{{Start: hour(-1000), Counts: all}}[:min(1, seenAny(all))])
	})
}

// seenAny is how many steps there are of these counts, in one.
func seenAny(n media.PlaybackCounts) int {
	if n.Empty() {
		return 0
	}
	return 1
}
