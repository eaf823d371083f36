package xapi

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// analyticsFields lists the values of media_analytics.fields that X's contract
// has.
func analyticsFields() []string {
	return []string{
		"cta_url_clicks", "cta_watch_clicks", "media_key", "play_from_tap", "playback25", "playback50", "playback75",
		"playback_complete", "playback_start", "timestamp", "timestamped_metrics", "video_views", "watch_time_ms",
	}
}

// granularities lists how long a step of analytics may be.
func granularities() []string { return []string{"hourly", "daily", "total"} }

// mediaAnalytics is X's MediaAnalytics: what was measured of one media, step by
// step. An empty list means that nothing was measured, which is not zero.
type mediaAnalytics struct {
	MediaKey media.Key       `json:"media_key"`
	Metrics  *[]measuredStep `json:"timestamped_metrics,omitempty"` // nil where it was not asked for
}

// measuredStep is what was counted from a moment on until the next step.
type measuredStep struct {
	Timestamp string           `json:"timestamp"`
	Metrics   map[string]int64 `json:"metrics"`
}

// measured is what X calls the metrics.
func measured() map[string]media.PlaybackMetric {
	return map[string]media.PlaybackMetric{
		"cta_url_clicks": media.CTAURLClick, "cta_watch_clicks": media.CTAWatchClick, "play_from_tap": media.PlayFromTap,
		"playback25": media.Playback25, "playback50": media.Playback50, "playback75": media.Playback75,
		"playback_complete": media.PlaybackComplete, "playback_start": media.PlaybackStart,
		"video_views": media.VideoView, "watch_time_ms": media.WatchTime,
	}
}

// analyticsQuery is what a request for analytics asks.
type analyticsQuery struct {
	keys        []string
	start, end  time.Time // the period, without its end
	granularity string
	fields      map[string]bool // nil asks for all
}

// analytics answers GET /2/media/analytics: how the caller's own media were
// played, in the order of the keys, and an error for each other key. What is
// counted is counted by the hour, so a period begins and ends with one. Steps in
// which nothing was counted are left out.
func (a *API) analytics(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "media_keys", "start_time", "end_time", "granularity", "media_analytics.fields")
	if err != nil {
		return err
	}
	q, err := readAnalytics(query)
	if err != nil {
		return err
	}
	own, err := a.ownMedia(r, who, q.keys)
	if err != nil {
		return err
	}
	steps, err := a.steps(r, q, own)
	if err != nil {
		return err
	}
	var out struct {
		Data   []mediaAnalytics `json:"data,omitempty"`
		Errors []notFound       `json:"errors,omitempty"`
	}
	for _, key := range q.keys {
		id, ok := own[media.Key(key)]
		if !ok {
			out.Errors = append(out.Errors, newNotFound("media_keys", key))
			continue
		}
		m := mediaAnalytics{MediaKey: media.Key(key)}
		if q.wantsSteps() {
			list := make([]measuredStep, 0, len(steps[id]))
			for _, step := range steps[id] {
				list = append(list, q.show(step))
			}
			m.Metrics = &list
		}
		out.Data = append(out.Data, m)
	}
	return a.answer(w, r, http.StatusOK, out)
}

// wantsSteps reports whether the query asks for anything but the key.
func (q analyticsQuery) wantsSteps() bool {
	return q.fields == nil || slices.ContainsFunc(slices.Collect(maps.Keys(q.fields)), func(f string) bool { return f != "media_key" })
}

// maxSteps is how many steps an answer may have: every hour of a month for as
// many media as one request may name.
const maxSteps = 75_000

// step is how long one is; 0 stands for the whole period.
func (q analyticsQuery) step() time.Duration {
	return map[string]time.Duration{"hourly": time.Hour, "daily": 24 * time.Hour, "total": 0}[q.granularity]
}

// hours is the period with the hours that it begins and ends in.
func (q analyticsQuery) hours() (from, to time.Time) {
	return q.start.UTC().Truncate(time.Hour), q.end.UTC().Add(time.Hour - 1).Truncate(time.Hour)
}

// steps reads what was counted of media.
func (a *API) steps(r *http.Request, q analyticsQuery, own map[media.Key]media.ID) (map[media.ID][]catalog.PlaybackStep, error) {
	if !q.wantsSteps() {
		return nil, nil
	}
	from, to := q.hours()
	steps, err := a.catalog.PlaybackSteps(r.Context(), slices.Collect(maps.Values(own)), from, to, q.step())
	if err != nil {
		return nil, fmt.Errorf("look analytics up: %w", err)
	}
	return steps, nil
}

// show puts a step into X's words, with the metrics that were asked for, or all
// where none was.
func (q analyticsQuery) show(s catalog.PlaybackStep) measuredStep {
	names := measured()
	asked := map[string]media.PlaybackMetric{}
	for name, m := range names {
		if q.fields[name] {
			asked[name] = m
		}
	}
	if len(asked) == 0 {
		asked = names
	}
	out := measuredStep{Timestamp: s.Start.UTC().Format(time.RFC3339), Metrics: map[string]int64{}}
	for name, m := range asked {
		out.Metrics[name] = s.Counts[m]
	}
	return out
}

func readAnalytics(query url.Values) (analyticsQuery, error) {
	q := analyticsQuery{granularity: "daily"}
	var err error
	if q.keys, err = mediaKeys(query); err != nil {
		return q, err
	}
	if q.start, err = moment(query, "start_time"); err != nil {
		return q, err
	}
	if q.end, err = moment(query, "end_time"); err != nil {
		return q, err
	}
	if !q.start.Before(q.end) {
		return q, badQuery(query, "end_time", "must be later than that of `start_time`")
	}
	if query.Has("granularity") {
		if q.granularity, err = one(query, "granularity"); err != nil {
			return q, err
		}
		if !slices.Contains(granularities(), q.granularity) {
			return q, badQuery(query, "granularity", "is not one of ["+strings.Join(granularities(), ",")+"]")
		}
	}
	if step := q.step(); step > 0 {
		from, to := q.hours()
		if n := float64(len(q.keys)) * max(1, to.Sub(from).Hours()/step.Hours()); n > maxSteps {
			return q, badQuery(query, "granularity", fmt.Sprintf("gives more than %d steps for that many media and that long a period; ask for fewer, or for longer steps", maxSteps))
		}
	}
	q.fields, err = list(query, "media_analytics.fields", analyticsFields())
	return q, err
}

// moment reads a time as in RFC 3339.
func moment(query url.Values, name string) (time.Time, error) {
	text, err := one(query, name)
	if err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || text[13] != ':' || strings.Contains(text, ",") { // which Parse lets pass
		return t, badQuery(query, name, "is not valid; a time looks like 2026-11-21T00:00:00Z")
	}
	return t, nil
}

// ownMedia gives the media of keys that the caller owns.
func (a *API) ownMedia(r *http.Request, who auth.Identity, keys []string) (map[media.Key]media.ID, error) {
	var ids []media.ID
	for _, key := range keys {
		if id, err := media.ParseKey(key); err == nil {
			ids = append(ids, id)
		}
	}
	all, err := a.catalog.MediaList(r.Context(), ids)
	if err != nil {
		return nil, fmt.Errorf("look media up: %w", err)
	}
	own := map[media.Key]media.ID{}
	for id, m := range all {
		if m.Owner == who.User && m.GoneAt.IsZero() && slices.Contains(keys, string(m.Key())) {
			own[m.Key()] = id
		}
	}
	return own, nil
}
