package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// playable uploads a GIF and gives its id and key.
func (c client) playable() (id, key string) {
	c.t.Helper()
	up := c.upload("image/gif", "tweet_gif", animation(32, 32, 3, 10, false), 1<<20)
	c.succeeded(up["id"].(string))
	return up["id"].(string), up["media_key"].(string)
}

// playback asks for a playback token without signing in.
func (c client) playback(id string) string {
	c.t.Helper()
	return c.as("").call("POST", "/magpie/v1/media/"+id+"/playback-token", nil).data()["token"].(string)
}

type playerEvent struct {
	ID   string `json:"id,omitempty"`
	Type string `json:"type"`
	MS   int64  `json:"ms,omitempty"`
	At   int64  `json:"at,omitempty"`
}

// eventsText is the body in which a player sends events.
func eventsText(t *testing.T, token string, events []playerEvent) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"token": token, "events": append([]playerEvent{}, events...)})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// tell sends events as a beacon does.
func (c client) tell(token string, events ...playerEvent) answer {
	c.t.Helper()
	return c.as("").call("POST", "/magpie/v1/events", eventsText(c.t, token, events),
		"Content-Type", "text/plain;charset=UTF-8", "Origin", "https://blog.example")
}

// counted polls the analytics of today until done says so, and gives the one step.
func (c client) counted(key string, done func(map[string]any) bool) map[string]any {
	c.t.Helper()
	now := time.Now().UTC()
	path := fmt.Sprintf("/2/media/analytics?media_keys=%s&granularity=total&start_time=%s&end_time=%s", key,
		now.AddDate(0, 0, -1).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))
	for end := time.Now().Add(time.Minute); ; {
		a := c.call("GET", path, nil)
		var metrics map[string]any
		if list := a.list(); len(list) == 1 {
			if steps := list[0]["timestamped_metrics"].([]any); len(steps) > 0 {
				metrics = steps[0].(map[string]any)["metrics"].(map[string]any)
			}
		}
		if metrics != nil && done(metrics) {
			return metrics
		}
		if time.Now().After(end) {
			c.t.Fatalf("after a minute: %s", a.body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// TestPlaybackCounts goes from a player's beacon to the owner's analytics and to
// everybody's lookups.
func TestPlaybackCounts(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id, key := c.playable()

	token := c.playback(id)
	other := c.playback(id)
	if token == other {
		t.Fatal("two playbacks have one token")
	}
	accepted := func(a answer) {
		t.Helper()
		if a.status != http.StatusNoContent || len(a.body) > 0 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d %q %v", a.status, a.body, a.header)
		}
	}
	// Out of order, doubled, and late.
	accepted(c.tell(token, playerEvent{Type: "complete"}, playerEvent{Type: "p50"}, playerEvent{Type: "start", ID: "a"}))
	accepted(c.tell(token, playerEvent{Type: "start", ID: "a"}, playerEvent{Type: "p25"}, playerEvent{Type: "p75"}, playerEvent{Type: "tap"}))
	accepted(c.tell(other, playerEvent{Type: "start"}, playerEvent{Type: "cta_url"}, playerEvent{Type: "cta_watch", At: time.Now().Add(time.Hour).UnixMilli()}))
	// A view takes two seconds, by the server's clock; until then it is no view.
	got := c.counted(key, func(m map[string]any) bool {
		accepted(c.tell(token, playerEvent{Type: "view"}, playerEvent{Type: "watch", MS: 1500}, playerEvent{Type: "watch", MS: 900}))
		time.Sleep(time.Second) // below the limit of messages a minute
		return m["video_views"] == 1.0
	})
	want := map[string]any{
		"playback_start": 2.0, "playback25": 1.0, "playback50": 1.0, "playback75": 1.0, "playback_complete": 1.0, "video_views": 1.0,
		"play_from_tap": 1.0, "cta_url_clicks": 1.0, "cta_watch_clicks": 1.0, "watch_time_ms": 1500.0,
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%s is %v, want %v", name, got[name], n)
		}
	}

	const fields = "?media.fields=public_metrics,non_public_metrics,organic_metrics"
	own := c.call("GET", "/2/media/"+key+fields, nil).data()
	if fmt.Sprint(own["public_metrics"]) != "map[view_count:1]" ||
		fmt.Sprint(own["non_public_metrics"]) != "map[playback_0_count:2 playback_100_count:1 playback_25_count:1 playback_50_count:1 playback_75_count:1]" ||
		fmt.Sprint(own["organic_metrics"]) != "map[playback_0_count:2 playback_100_count:1 playback_25_count:1 playback_50_count:1 playback_75_count:1 view_count:1]" {
		t.Errorf("the owner's lookup: %v", own)
	}

	// What can't be counted is refused, and other sites' scripts may read why.
	c.tell(token+"x", playerEvent{Type: "start"}).refused(http.StatusForbidden, "signed")
	c.tell(token, playerEvent{Type: "like"}).refused(http.StatusBadRequest, "$.events[0].type")
	c.tell(token).refused(http.StatusBadRequest, "$.events")
	c.tell(token, slices.Repeat([]playerEvent{{Type: "tap"}}, 101)...).refused(http.StatusBadRequest, "101")
	c.tell(strings.Repeat("x", 70000), playerEvent{Type: "tap"}).refused(http.StatusRequestEntityTooLarge, "65536")
	c.as("").call("POST", "/magpie/v1/media/404/playback-token", nil).refused(http.StatusNotFound, "404")
	script := c.as("").call("GET", "/magpie/v1/events.js", nil)
	if script.status != http.StatusOK || len(script.body) > 2048 || !strings.Contains(string(script.body), "magpieEvents") {
		t.Errorf("events.js: %d, %d bytes", script.status, len(script.body))
	}
	flood := c.playback(id)
	for n := 0; ; n++ {
		a := c.tell(flood, playerEvent{Type: "start"})
		if a.status == http.StatusTooManyRequests {
			a.refused(http.StatusTooManyRequests, "60")
			break
		}
		if accepted(a); n > 200 {
			t.Fatal("no end of messages under one token")
		}
	}

	// Everything is there after a restart, and nothing twice.
	if code := s.stop(); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	s.run()
	again := c.counted(key, func(m map[string]any) bool { return m["playback_start"] == 3.0 })
	if again["video_views"] != 1.0 || again["watch_time_ms"] != 1500.0 {
		t.Errorf("after a restart: %v", again)
	}
}
