package ownapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// played has a media be played by so many viewers at a time.
func (s *server) played(id media.ID, metric media.PlaybackMetric, when time.Time, viewers int) {
	s.t.Helper()
	at, err := s.catalog.PlaybackPosition(s.t.Context(), "test")
	if err != nil {
		s.t.Fatal(err)
	}
	var plays []media.Playback
	for n := range viewers {
		plays = append(plays, media.Playback{
			Session: fmt.Sprint(at, "-", n), Media: id, ExpiresAt: when.Add(time.Hour),
			Events: []media.PlaybackEvent{{Metric: metric, At: when, Watched: 1500 * time.Millisecond}},
		})
	}
	if ok, err := s.catalog.CountPlayback(s.t.Context(), "test", at, at+1, plays); err != nil || !ok {
		s.t.Fatal(ok, err)
	}
}

func (s *server) series(query, token string) analyticsSeries {
	s.t.Helper()
	w := s.call("GET", "/magpie/v1/analytics"+query, "Authorization", token)
	var out struct{ Data analyticsSeries }
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK {
		s.t.Fatalf("%s: %d %v %s", query, w.Code, err, w.Body)
	}
	return out.Data
}

func TestAnalytics(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, false, auth.TweetRead)
	start := s.clock.Truncate(24 * time.Hour)
	hour := func(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }
	one, two := s.upload(subtitles), s.upload(subtitles)
	s.played(one.ID, media.VideoView, hour(1).Add(59*time.Minute), 2)
	s.played(two.ID, media.VideoView, hour(1), 1)
	s.played(two.ID, media.PlaybackStart, hour(3), 4)
	s.played(one.ID, media.WatchTime, hour(-20), 1)
	s.played(one.ID, media.VideoView, hour(-200), 7) // before the seven days

	views := func(n int64) metrics { return metrics{Views: n} }
	want := analyticsSeries{
		Start: hour(10 - 168), End: hour(10), Granularity: "day", Totals: metrics{Views: 3, Start: 4, WatchTime: 1500},
		Steps: []analyticsStep{{hour(-24), metrics{WatchTime: 1500}}, {start, metrics{Views: 3, Start: 4}}},
	}
	if diff := cmp.Diff(want, s.series("", token)); diff != "" {
		t.Error(diff)
	}
	span := "?start_time=2026-11-21T01:30:00Z&end_time=2026-11-21T04:30:00%2B01:00&granularity="
	want = analyticsSeries{
		Start: hour(1), End: hour(4), Granularity: "hour", Totals: metrics{Views: 3, Start: 4},
		Steps: []analyticsStep{{hour(1), views(3)}, {hour(3), metrics{Start: 4}}},
	}
	if diff := cmp.Diff(want, s.series(span+"hour", token)); diff != "" {
		t.Error(diff)
	}
	want.Totals, want.Steps = views(2), []analyticsStep{{hour(1), views(2)}}
	if diff := cmp.Diff(want, s.series(span+"hour&media_keys="+string(one.Key())+","+string(one.Key()), token)); diff != "" {
		t.Error(diff)
	}
	want.Totals, want.Steps = metrics{Views: 3, Start: 4}, []analyticsStep{{hour(1), views(3)}, {hour(3), metrics{Start: 4}}}
	if diff := cmp.Diff(want, s.series(span+"hour&media_keys="+string(two.Key())+","+string(one.Key()), token)); diff != "" {
		t.Error(diff)
	}
	// Nothing is an empty list, and another's is nothing.
	if w := s.call("GET", "/magpie/v1/analytics", "Authorization", s.bearer(stranger, true, auth.MediaWrite)); !strings.Contains(w.Body.String(), `"steps":[]`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}

	for query, words := range map[string]string{
		"?start_time=":                                       "2026-11-21T00:00:00Z",
		"?start_time=2026-11-21":                             "2026-11-21T00:00:00Z",
		"?end_time=2026-11-21T0:00:00Z":                      "2026-11-21T00:00:00Z",
		"?end_time=0001-01-01T00:00:00Z":                     "2026-11-21T00:00:00Z",
		"?end_time=9999-12-31T23:59:59Z":                     "2026-11-21T00:00:00Z",
		"?start_time=2026-11-21T10:00:00Z":                   "later",
		"?granularity=total":                                 "hour or day",
		"?granularity=":                                      "hour or day",
		"?granularity=hour&granularity=hour":                 "once",
		"?days=3":                                            "start_time",
		"?granularity=hour&start_time=2025-01-01T00:00:00Z":  "9600",
		"?start_time=1970-01-01T00:00:00Z":                   "9600",
		"?media_keys=":                                       "media keys",
		"?media_keys=3_x":                                    "media keys",
		"?media_keys=" + strings.Repeat("3_1,", 100) + "3_1": "101",
	} {
		w := s.call("GET", "/magpie/v1/analytics"+query, "Authorization", token)
		if w.Header().Get("X-Code") != "invalid" || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%s: %v %s", query, w.Header(), w.Body)
		}
	}
	if _, err := s.catalog.DeleteMedia(t.Context(), two.ID, s.clock); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, token string }{
		{"3_1", token},
		{"1" + string(one.Key()), token},
		{string(two.Key()), token},
		{string(one.Key()), s.bearer(friend, false, auth.TweetRead)},
		{string(one.Key()), s.bearer(stranger, false, auth.TweetRead)},
	} {
		if w := s.call("GET", "/magpie/v1/analytics?media_keys="+c.key, "Authorization", c.token); w.Header().Get("X-Code") != "not_found" {
			t.Errorf("%s: %v %s", c.key, w.Header(), w.Body)
		}
	}
	if got := s.series(span+"hour", token).Totals; got != (metrics{Views: 3, Start: 4}) {
		t.Errorf("once a media is gone: %v", got)
	}
	for token, code := range map[string]string{"": "no_credentials", s.bearer(owner, false, "users.read"): "forbidden"} {
		for _, path := range []string{"/magpie/v1/analytics", "/magpie/v1/analytics/top"} {
			if w := s.call("GET", path, "Authorization", token); w.Header().Get("X-Code") != code {
				t.Errorf("%s: %v", path, w.Header())
			}
		}
	}
}

func TestAnalyticsTop(t *testing.T) {
	s := newServer(t)
	token := s.bearer(owner, true, auth.TweetRead)
	var all []media.Media
	for i := range 12 {
		m := s.upload(subtitles)
		all = append(all, m)
		s.played(m.ID, media.VideoView, s.clock.Add(-time.Hour), 1+i)
	}
	s.played(all[0].ID, media.VideoView, s.clock.AddDate(0, 0, -30), 100)
	if _, err := s.catalog.DeleteMedia(t.Context(), all[11].ID, s.clock); err != nil {
		t.Fatal(err)
	}
	top := func(query, token string) (got []string) {
		t.Helper()
		w := s.call("GET", "/magpie/v1/analytics/top"+query, "Authorization", token)
		var out struct {
			Data []topMedia
			Meta listMeta
		}
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK || out.Meta.Count != len(out.Data) {
			t.Fatalf("%d %v %s", w.Code, err, w.Body)
		}
		for _, m := range out.Data {
			got = append(got, fmt.Sprint(m.Media.ID, " ", m.Metrics.Views))
		}
		return got
	}
	var want []string
	for i := 10; i >= 0; i-- {
		want = append(want, fmt.Sprint(all[i].ID, " ", i+1))
	}
	if diff := cmp.Diff(want[:10], top("", token)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want[:3], top("?limit=3", token)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{fmt.Sprint(all[0].ID, " 101"), want[0]}, top("?limit=2&start_time=2026-01-01T00:00:00Z", token)); diff != "" {
		t.Error(diff)
	}
	if got := top("", s.bearer(stranger, false, auth.TweetRead)); len(got) > 0 {
		t.Error(got)
	}
	for query, words := range map[string]string{"?limit=0": "1 to 50", "?limit=51": "1 to 50", "?limit=x": "1 to 50", "?granularity=day": "limit", "?start_time=x": "start_time"} {
		if w := s.call("GET", "/magpie/v1/analytics/top"+query, "Authorization", token); w.Header().Get("X-Code") != "invalid" || !strings.Contains(w.Body.String(), words) {
			t.Errorf("%s: %v %s", query, w.Header(), w.Body)
		}
	}
}
