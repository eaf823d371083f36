package e2e

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestPlaybackThroughKills kills the server while players talk to it, again and
// again. Every playback that was answered is counted, none twice, and those that
// were not answered are sent again as players do.
func TestPlaybackThroughKills(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id, key := c.playable()
	kills, batch := 3, 30
	if soak() {
		kills, batch = 60, 100
	}
	playbacks := 0
	for round := range kills {
		var tokens []string
		for range batch {
			tokens = append(tokens, c.playback(id))
		}
		playbacks += len(tokens)

		todo := make(chan string, len(tokens))
		for _, token := range tokens {
			todo <- token
		}
		close(todo)
		var mu sync.Mutex
		var lost []string // without an answer
		answered := 0
		due := make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for token := range todo {
					body := eventsText(t, token, []playerEvent{{Type: "start"}, {Type: "p25"}})
					a, err := c.as("").try(t.Context(), "POST", "/magpie/v1/events", body, "Content-Type", "text/plain")
					mu.Lock()
					if err != nil || a.status != http.StatusNoContent {
						lost = append(lost, token)
					} else if answered++; answered == 1+(7*round)%batch {
						once.Do(func() { close(due) })
					}
					mu.Unlock()
				}
			})
		}
		select {
		case <-due:
		case <-time.After(2 * time.Minute):
			t.Fatal("nobody was answered")
		}
		s.kill()
		wg.Wait()
		s.run()
		for _, token := range lost {
			if a := c.tell(token, playerEvent{Type: "start"}, playerEvent{Type: "p25"}); a.status != http.StatusNoContent {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		c.tell(tokens[0], playerEvent{Type: "start"}) // and one that was counted, or will be
	}
	all := func(m map[string]any) bool { return m["playback_start"].(float64) >= float64(playbacks) }
	c.counted(key, all)
	// One more goes the whole way behind all that came before.
	c.tell(c.playback(id), playerEvent{Type: "cta_url"})
	got := c.counted(key, func(m map[string]any) bool { return m["cta_url_clicks"] == 1.0 })
	if got["playback_start"] != float64(playbacks) || got["playback25"] != float64(playbacks) {
		t.Errorf("%v, want %d playbacks", got, playbacks)
	}
	s.checkWhole()
}
