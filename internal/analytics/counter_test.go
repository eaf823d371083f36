package analytics

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/bus/bustest"
	"magpie/internal/media"
)

var start = Event{Metric: media.PlaybackStart}

// TestCounter runs what holds for any bus over an embedded one, and over a cluster
// of three servers.
func TestCounter(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*testing.T, *rig)
	}{
		{"CountsOnce", countsOnce},
		{"WhileTaking", countersWhileTaking},
		{"StrangeRecords", strangeRecords},
	} {
		t.Run("Embedded/"+c.name, func(t *testing.T) { c.test(t, newRig(t)) })
	}
	t.Run("Cluster", func(t *testing.T) {
		cluster := bustest.StartCluster(t, 3)
		t.Run("CountsOnce", func(t *testing.T) { countsOnce(t, newRigOn(t, cluster.Account(t))) })
		t.Run("WhileTaking", func(t *testing.T) { countersWhileTaking(t, newRigOn(t, cluster.Account(t))) })
		t.Run("StrangeRecords", func(t *testing.T) { strangeRecords(t, newRigOn(t, cluster.Account(t))) })
		t.Run("LeaderKilled", func(t *testing.T) { countersLoseLeader(t, cluster) })
	})
}

// countsOnce: messages that come twice, late and in any order, more than one
// counter, and a restart in between.
func countsOnce(t *testing.T, r *rig) {
	r.media(7)
	first := r.mint(7)
	r.clock = r.clock.Add(10 * time.Second)
	r.take(first, Event{Metric: media.Playback75}, Event{Metric: media.WatchTime, Watched: 8 * time.Second})
	r.take(first, start, start, Event{Metric: media.WatchTime, Watched: 5 * time.Second})
	r.take(first, start)
	r.take(r.mint(404), start) // a media that is not there
	if got := r.starts(7, 1); got[media.Playback75] != 1 || got[media.WatchTime] != 8000 {
		t.Errorf("%v", got)
	}

	r.bus.Close()
	r.openBus()
	r.clock = r.clock.Add(time.Hour)
	r.take(first, start, Event{Metric: media.VideoView, At: noon}, Event{Metric: media.WatchTime, Watched: 9 * time.Second})
	for range 50 {
		token := r.mint(7)
		r.take(token, start)
		r.take(token, start)
	}
	got := r.counting(3, 7, func(n media.PlaybackCounts) bool { return n[media.PlaybackStart] >= 51 })
	var want media.PlaybackCounts
	want[media.PlaybackStart], want[media.Playback75], want[media.VideoView], want[media.WatchTime] = 51, 1, 1, 9000
	if got != want {
		t.Errorf("%v, want %v", got, want)
	}
	steps, err := r.catalog.PlaybackSteps(t.Context(), []media.ID{7}, noon, noon.Add(24*time.Hour), time.Hour)
	if err != nil || len(steps[7]) != 2 || steps[7][0].Counts[media.VideoView] != 1 || steps[7][1].Counts[media.PlaybackStart] != 50 {
		t.Errorf("%+v, %v", steps, err)
	}
}

// countersWhileTaking: several count while several publish.
func countersWhileTaking(t *testing.T, r *rig) {
	r.media(7)
	const players, each = 6, 30
	tokens := make([][]string, players)
	for p := range tokens {
		for range each {
			tokens[p] = append(tokens[p], r.mint(7))
		}
	}
	var wg sync.WaitGroup
	for _, list := range tokens {
		wg.Go(func() {
			for _, token := range list {
				for range 2 {
					if err := r.intake.Take(t.Context(), token, []Event{start}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	r.counting(3, 7, func(n media.PlaybackCounts) bool { return n[media.PlaybackStart] >= players*each })
	wg.Wait()
	// What came last says nothing new; it must be counted as nothing.
	r.media(8)
	r.take(r.mint(8), start)
	r.starts(8, 1)
	if got := r.starts(7, players*each); got[media.PlaybackStart] != players*each {
		t.Errorf("%v", got)
	}
}

// countersLoseLeader: what was taken counts once, and nothing else counts, while
// the server that leads the log is killed and comes back.
func countersLoseLeader(t *testing.T, cluster *bustest.Cluster) {
	const players = 120
	account := cluster.Account(t)
	r := newRigOn(t, account)
	r.media(7)
	leader := cluster.Leader(account, "MAGPIE_PLAYBACK")
	var taking sync.WaitGroup
	tokens := make([]string, players)
	for i := range tokens {
		tokens[i] = r.mint(7)
	}
	taking.Go(func() {
		for i, token := range tokens {
			switch i {
			case players / 3:
				leader.Kill()
			case players * 2 / 3:
				leader.Start()
			}
			// As a player does: again until it is taken, though it may have been.
			for try := 1; ; try++ {
				err := r.intake.Take(t.Context(), token, []Event{start})
				if err == nil {
					break
				}
				if media.CodeOf(err) != media.CodeBusy || try == perMinute {
					t.Errorf("player %d, try %d: %v", i, try, err)
					break
				}
				time.Sleep(time.Second)
			}
		}
	})
	got := r.counting(2, 7, func(n media.PlaybackCounts) bool { return n[media.PlaybackStart] >= players })
	taking.Wait()
	if got[media.PlaybackStart] != players {
		t.Errorf("%v, want %d starts", got, players)
	}
	r.media(8)
	r.take(r.mint(8), start)
	r.starts(8, 1)
	if got := r.starts(7, players); got[media.PlaybackStart] != players {
		t.Errorf("in the end %v, want %d starts", got, players)
	}
}

// TestLogLost: a log that was lost with its folder begins at 1 again, and one
// that was restored from an older copy gives sequences out twice.
func TestLogLost(t *testing.T) {
	r := newRig(t)
	r.media(7)
	for range 5 {
		r.take(r.mint(7), start)
	}
	r.starts(7, 5)
	r.bus.Close()
	queue, older := filepath.Join(r.dir, "queue"), filepath.Join(r.dir, "older")
	if err := os.CopyFS(older, os.DirFS(queue)); err != nil {
		t.Fatal(err)
	}

	r.openBus()
	for range 4 {
		r.take(r.mint(7), start)
	}
	r.starts(7, 9)
	r.bus.Close()
	if err := os.RemoveAll(queue); err != nil {
		t.Fatal(err)
	}

	r.openBus() // anew
	for range 2 {
		r.take(r.mint(7), start)
	}
	r.starts(7, 11)
	r.bus.Close()
	if err := os.RemoveAll(queue); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(queue, os.DirFS(older)); err != nil {
		t.Fatal(err)
	}

	r.openBus() // the older copy, of which all is counted
	if err := r.counter(0).Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r.take(r.mint(7), start)
	}
	if got := r.starts(7, 14); got[media.PlaybackStart] != 14 {
		t.Errorf("%v", got)
	}
	if !strings.Contains(r.log.String(), "older copy") {
		t.Errorf("the log does not say so: %s", r.log.String())
	}
}

// strangeRecords: what nobody here wrote holds up nothing.
func strangeRecords(t *testing.T, r *rig) {
	r.media(7)
	if err := r.bus.Publish(t.Context(), []byte("what is this")); err != nil {
		t.Fatal(err)
	}
	r.take(r.mint(7), start)
	r.starts(7, 1)
	if !strings.Contains(r.log.String(), "sequence=1") {
		t.Errorf("%s", r.log.String())
	}
}

// TestPrune: tokens are forgotten once nothing of theirs can be uncounted, and
// hours when they are older than was asked for.
func TestPrune(t *testing.T) {
	r := newRig(t)
	r.media(7)
	r.take(r.mint(7), start)
	r.starts(7, 1)
	worker := run{Counter: r.counter(48 * time.Hour)}
	hours := func() int {
		t.Helper()
		steps, err := r.catalog.PlaybackSteps(t.Context(), []media.ID{7}, noon, noon.Add(time.Hour), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return len(steps[7])
	}
	seen := func() bool { // whether the same would count again
		t.Helper()
		n, err := r.catalog.PrunePlayback(t.Context(), noon.Add(Lifetime+1), time.Time{}, 0)
		if err != nil || n != 0 {
			t.Fatal(n, err)
		}
		n, err = r.catalog.PrunePlayback(t.Context(), noon.Add(Lifetime+time.Millisecond), time.Time{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return n == 1
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	r.clock = noon.Add(Lifetime + margin + time.Minute)
	worker.prune(ctx, noon) // it is late, and has come no further than noon
	worker.pruned = time.Time{}
	if hours() != 1 {
		t.Error("an hour is gone after a day")
	}
	if !seen() {
		t.Error("a token was forgotten before all that was taken under it was counted")
	}
	r.clock = noon.Add(49 * time.Hour)
	worker.prune(ctx, r.clock)
	if hours() != 0 {
		t.Error("an hour is there after two days")
	}
	if all, err := r.catalog.PlaybackTotals(ctx, []media.ID{7}); err != nil || all[7][media.PlaybackStart] != 1 {
		t.Errorf("the totals are %v, %v", all, err)
	}
}
