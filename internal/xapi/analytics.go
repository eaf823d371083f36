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

// analyticsQuery is what a request for analytics asks.
type analyticsQuery struct {
	keys        []string
	start, end  time.Time // the period, without its end
	granularity string
	fields      map[string]bool // nil asks for all
}

// analytics answers GET /2/media/analytics: how the caller's own media were
// played, in the order of the keys, and an error for each other key. Nothing
// counts playback yet, so that each media's list is empty.
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
	var out struct {
		Data   []mediaAnalytics `json:"data,omitempty"`
		Errors []notFound       `json:"errors,omitempty"`
	}
	for _, key := range q.keys {
		if !own[media.Key(key)] {
			out.Errors = append(out.Errors, newNotFound("media_keys", key))
			continue
		}
		m := mediaAnalytics{MediaKey: media.Key(key)}
		if q.wantsSteps() {
			m.Metrics = &[]measuredStep{}
		}
		out.Data = append(out.Data, m)
	}
	return a.answer(w, r, http.StatusOK, out)
}

// wantsSteps reports whether the query asks for anything but the key.
func (q analyticsQuery) wantsSteps() bool {
	return q.fields == nil || slices.ContainsFunc(slices.Collect(maps.Keys(q.fields)), func(f string) bool { return f != "media_key" })
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

// ownMedia tells which keys are of media that the caller owns.
func (a *API) ownMedia(r *http.Request, who auth.Identity, keys []string) (map[media.Key]bool, error) {
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
	own := map[media.Key]bool{}
	for _, m := range all {
		own[m.Key()] = m.Owner == who.User && m.GoneAt.IsZero()
	}
	return own, nil
}
