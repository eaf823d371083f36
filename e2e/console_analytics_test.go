package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// analyticsNames are the metrics in the order in which the console's files have them.
var analyticsNames = []string{
	"video_views", "playback_start", "playback25", "playback50", "playback75", "playback_complete",
	"watch_time_ms", "play_from_tap", "cta_url_clicks", "cta_watch_clicks",
}

type analyticsCounts map[string]int64

func (c analyticsCounts) add(more analyticsCounts) {
	for name, n := range more {
		c[name] += n
	}
}

// hours asks the API for the hours of a period in which something was counted.
func (c client) hours(from, to time.Time, key string) map[int64]analyticsCounts {
	c.t.Helper()
	path := "/magpie/v1/analytics?granularity=hour&start_time=" + from.UTC().Format(time.RFC3339) + "&end_time=" + to.UTC().Format(time.RFC3339)
	if key != "" {
		path += "&media_keys=" + key
	}
	a := c.call("GET", path, nil)
	var out struct {
		Data struct {
			Totals analyticsCounts
			Steps  []struct {
				Timestamp time.Time
				Metrics   analyticsCounts
			}
		}
	}
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != 200 {
		c.t.Fatalf("%d %v %s", a.status, err, a.body)
	}
	hours, total := map[int64]analyticsCounts{}, analyticsCounts{}
	for _, s := range out.Data.Steps {
		hours[s.Timestamp.Unix()] = s.Metrics
		total.add(s.Metrics)
	}
	if fmt.Sprint(total) != fmt.Sprint(out.Data.Totals) && len(hours) > 0 {
		c.t.Errorf("the hours of %s make %v, and the API says %v", path, total, out.Data.Totals)
	}
	return hours
}

// savedFile is a file that the console gave.
type savedFile struct{ Name, Text string }

// wantSteps holds a file against the API's hours, line by line: all steps of the
// period, those without anything counted too.
func (f savedFile) wantSteps(t *testing.T, hours map[int64]analyticsCounts, from time.Time, steps int, next func(time.Time) time.Time) {
	t.Helper()
	text, marked := strings.CutPrefix(f.Text, "\ufeff")
	if !marked || strings.Count(text, "\r\n") != strings.Count(text, "\n") {
		t.Errorf("%s has no mark, or other ends of lines: %q", f.Name, f.Text[:min(len(f.Text), 100)])
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != steps+1 || !slices.Equal(rows[0], append([]string{"start"}, analyticsNames...)) {
		t.Fatalf("%s: %v, %d lines, want %d: %s", f.Name, err, len(rows), steps+1, text)
	}
	for _, row := range rows[1:] {
		want, end := analyticsCounts{}, next(from)
		for at, n := range hours {
			if at >= from.Unix() && at < end.Unix() {
				want.add(n)
			}
		}
		line := []string{from.Format(time.RFC3339)}
		for _, name := range analyticsNames {
			line = append(line, strconv.FormatInt(want[name], 10))
		}
		if !slices.Equal(row, line) {
			t.Errorf("%s: %v, want %v", f.Name, row, line)
		}
		from = end
	}
}

// plays has media be played in the past, as far as the catalogue knows: so many
// hours ago, with so many of each metric.
func (s *server) plays(played map[string]map[int]analyticsCounts) {
	s.t.Helper()
	metric := map[string]media.PlaybackMetric{
		"video_views": media.VideoView, "playback_start": media.PlaybackStart, "playback25": media.Playback25, "playback50": media.Playback50,
		"playback75": media.Playback75, "playback_complete": media.PlaybackComplete, "watch_time_ms": media.WatchTime,
	}
	rows, err := catalog.OpenSQLite(s.t.Context(), filepath.Join(s.data, "magpie.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	var plays []media.Playback
	now := time.Now()
	for id, hours := range played {
		number, err := media.ParseID(id)
		if err != nil {
			s.t.Fatal(err)
		}
		for ago, counts := range hours {
			for name, n := range counts {
				e := media.PlaybackEvent{Metric: metric[name], At: now.Add(-time.Duration(ago) * time.Hour), Watched: time.Duration(n) * time.Millisecond}
				if name == "watch_time_ms" {
					n = 1
				}
				for range n {
					plays = append(plays, media.Playback{
						Session: fmt.Sprint("past", len(plays)), Media: number, ExpiresAt: now.Add(time.Hour), Events: []media.PlaybackEvent{e},
					})
				}
			}
		}
	}
	_, err1 := rows.PlaybackPosition(s.t.Context(), "past")
	ok, err2 := rows.CountPlayback(s.t.Context(), "past", 0, 1, plays)
	if err := rows.Close(); err1 != nil || err2 != nil || !ok || err != nil {
		s.t.Fatal(ok, err1, err2, err)
	}
}

// TestConsoleAnalytics has a person look at how her media were played, and holds
// what the page shows and the files it gives against the API.
func TestConsoleAnalytics(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client().as(s.token(s.newUser("ann")))
	foreign, _ := s.client().playable()
	one, key := c.playable()
	two, keyTwo := c.playable()
	const evil = "=HYPERLINK(\"http://x\",\"y\")\nsecond, line"
	c.call("POST", "/2/media/metadata", map[string]any{"id": one, "metadata": map[string]any{"alt_text": map[string]string{"text": evil}}}).data()
	c.call("POST", "/2/media/metadata", map[string]any{"id": two, "metadata": map[string]any{"alt_text": map[string]string{"text": "A red square"}}}).data()

	token := c.playback(one)
	c.tell(token, playerEvent{Type: "start"}, playerEvent{Type: "p25"}, playerEvent{Type: "p50"}, playerEvent{Type: "tap"})
	c.counted(key, func(m map[string]any) bool { return m["playback_start"] == 1.0 && m["play_from_tap"] == 1.0 })
	if code := s.stop(); code != 0 {
		t.Fatalf("exit status %d", code)
	}
	s.plays(map[string]map[int]analyticsCounts{
		one: {
			1:       {"video_views": 9, "playback_start": 12, "playback25": 10, "playback50": 8, "playback75": 7, "playback_complete": 5, "watch_time_ms": 61_000},
			5:       {"video_views": 4, "playback_start": 4},
			30:      {"video_views": 21, "playback_start": 25, "playback25": 20},
			50:      {"video_views": 13, "playback_start": 14},
			97:      {"video_views": 30, "playback_start": 33, "playback25": 30, "playback50": 24, "playback75": 20, "playback_complete": 18, "watch_time_ms": 3_700_000},
			24 * 20: {"video_views": 6},
			24 * 60: {"video_views": 2},
		},
		two: {1: {"video_views": 3}, 26: {"video_views": 1000, "playback_complete": 1}, 24 * 9: {"video_views": 2}},
	})
	s.run()

	// A zone in which it is not about to become another day while the page is looked at.
	name := "Asia/Tokyo"
	if at := time.Now().UTC(); at.Hour() == 14 {
		name = "Pacific/Honolulu"
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	midnight := func(after int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+after, 0, 0, 0, 0, zone)
	}
	day := func(at time.Time) time.Time { return at.AddDate(0, 0, 1) }
	anHour := func(at time.Time) time.Time { return at.Add(time.Hour) }
	var saw struct {
		Week, Today, Month, Empty   analyticsCounts
		Summary, HoursAt, Watched   string
		TooLong, Japanese, Foreign  string
		Days, Hours, Retention, Top [][]string
		Findings, Wide              []string
		Complaints                  []string
		Long                        struct {
			Totals analyticsCounts
			Hours  bool
		}
		One struct {
			At, Heading string
			Totals      analyticsCounts
		}
		CSV map[string]savedFile
	}
	s.browse("analytics", map[string]any{
		"foreign": foreign, "shots": os.Getenv("MAGPIE_SHOTS"), "lightAccent": "11,87,184", "darkAccent": "122,180,255", "zone": name,
		"from": now.AddDate(0, 0, -100).Format(time.DateOnly), "to": now.Format(time.DateOnly),
	}, &saw)

	week := c.hours(midnight(-6), midnight(1), "")
	sum := func(hours map[int64]analyticsCounts) analyticsCounts {
		total := analyticsCounts{}
		for _, n := range hours {
			total.add(n)
		}
		return total
	}
	wantTotals := func(what string, got analyticsCounts, hours map[int64]analyticsCounts) {
		t.Helper()
		want := sum(hours)
		for i, name := range []string{"video_views", "playback_start", "playback_complete", "watch_time_ms", "play_from_tap"} {
			if got[name] != want[name] && (i < 4 || want[name] > 0) {
				t.Errorf("%s: %s is %d, want %d", what, name, got[name], want[name])
			}
		}
	}
	wantTotals("a week", saw.Week, week)
	wantTotals("a day", saw.Today, c.hours(now.Add(-23*time.Hour).Truncate(time.Hour), now.Add(time.Hour).Truncate(time.Hour), ""))
	wantTotals("a month", saw.Month, c.hours(midnight(-29), midnight(1), ""))
	wantTotals("own days", saw.Long.Totals, c.hours(midnight(-100), midnight(1), ""))
	wantTotals("one media", saw.One.Totals, c.hours(midnight(-29), midnight(1), keyTwo))
	wantTotals("nothing", saw.Empty, nil)
	if views := sum(week)["video_views"]; views != 9+4+21+13+30+3+1000 || saw.Today["video_views"] != 9+4+3 || saw.Month["video_views"] != views+6+2 || saw.Long.Totals["video_views"] != views+6+2+2 {
		t.Errorf("views: %d, %v, %v, %v", views, saw.Today, saw.Month, saw.Long)
	}
	if !saw.Long.Hours || !strings.Contains(saw.TooLong, "400 days") || !strings.Contains(saw.Foreign, foreign) {
		t.Errorf("long %v, %q; foreign %q", saw.Long.Hours, saw.TooLong, saw.Foreign)
	}

	saw.CSV["days"].wantSteps(t, week, midnight(-6), 7, day)
	saw.CSV["hours"].wantSteps(t, week, midnight(-6), 7*24, anHour)
	saw.CSV["month"].wantSteps(t, c.hours(midnight(-29), midnight(1), ""), midnight(-29), 30, day)
	saw.CSV["one"].wantSteps(t, c.hours(midnight(-29), midnight(1), keyTwo), midnight(-29), 30, day)
	most, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(saw.CSV["top"].Text, "\ufeff"))).ReadAll()
	if err != nil || len(most) != 3 || most[1][0] != keyTwo || most[1][1] != "A red square" || most[1][2] != "1003" || most[2][0] != key || most[2][1] != "'"+evil || most[2][2] != "77" {
		t.Errorf("the most viewed: %v %q", err, most)
	}

	// The tables say the same as the files: the steps in which something was counted.
	shown := func(what string, rows [][]string, hours int) {
		t.Helper()
		if len(rows) != hours+1 {
			t.Fatalf("%s has %d rows, want %d: %q", what, len(rows), hours+1, rows)
		}
		views := int64(0)
		for _, row := range rows[1:] {
			n, err := strconv.ParseInt(strings.ReplaceAll(row[1], ",", ""), 10, 64)
			if err != nil {
				t.Errorf("%s: %q", what, row)
			}
			views += n
		}
		if views != saw.Week["video_views"] {
			t.Errorf("%s has %d views", what, views)
		}
	}
	days := map[string]bool{}
	for at := range week {
		days[time.Unix(at, 0).In(zone).Format(time.DateOnly)] = true
	}
	shown("the table of days", saw.Days, len(days))
	shown("the table of hours", saw.Hours, len(week))
	total := sum(week)
	wantRetention := [][]string{{"Reached", "Playbacks", "Share"}}
	for i, name := range []string{"playback_start", "playback25", "playback50", "playback75", "playback_complete"} {
		share := fmt.Sprintf("%.0f%%", 100*float64(total[name])/float64(total["playback_start"]))
		wantRetention = append(wantRetention, []string{[]string{"Start", "25 %", "50 %", "75 %", "End"}[i], strconv.FormatInt(total[name], 10), share})
	}
	if fmt.Sprint(saw.Retention) != fmt.Sprint(wantRetention) {
		t.Errorf("retention %v, want %v", saw.Retention, wantRetention)
	}
	if len(saw.Top) != 3 || saw.Top[1][0] != "A red square" || saw.Top[1][1] != "1,003" || saw.Top[2][1] != "77" {
		t.Errorf("the most viewed: %q", saw.Top)
	}
	if !strings.Contains(saw.Summary, "1,080 in all") || !strings.Contains(saw.HoursAt, "by=hour") || !strings.HasPrefix(saw.Watched, "Watch time by hour") || !strings.Contains(saw.Watched, "1:02:41 in all") || !strings.Contains(saw.Japanese, "合計 1,080") {
		t.Errorf("%q\n%q\n%q\n%q", saw.Summary, saw.HoursAt, saw.Watched, saw.Japanese)
	}
	if !strings.HasPrefix(saw.One.At, s.url+"/console/analytics/"+two) || saw.One.Heading != "Analytics of A red square" {
		t.Errorf("%+v", saw.One)
	}
	if len(saw.Findings) > 0 || len(saw.Wide) > 0 {
		t.Errorf("%q; wider than the window: %v", saw.Findings, saw.Wide)
	}
	for _, complaint := range saw.Complaints {
		if !strings.Contains(complaint, "404") && !strings.Contains(complaint, "401") { // of another's media, and before she signed in
			t.Errorf("the browser says: %s", complaint)
		}
	}
}
