package ownapi

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

const (
	// analyticsPeriod is what is looked at where no time is given.
	analyticsPeriod = 7 * 24 * time.Hour
	// maxAnalyticsSteps is how many steps an answer may have: every hour of 400
	// days, for which hours are kept as a rule.
	maxAnalyticsSteps = 400 * 24
	// maxAnalyticsKeys is how many media one answer sums up.
	maxAnalyticsKeys = 100
	// maxTopMedia is how many media a list of the most viewed has.
	maxTopMedia = 50
)

// metrics are counts under the names that X's analytics have.
type metrics struct {
	Start     int64 `json:"playback_start"`
	Quarter   int64 `json:"playback25"`
	Half      int64 `json:"playback50"`
	Three     int64 `json:"playback75"`
	Complete  int64 `json:"playback_complete"`
	Views     int64 `json:"video_views"`
	WatchTime int64 `json:"watch_time_ms"`
	Taps      int64 `json:"play_from_tap"`
	URLClicks int64 `json:"cta_url_clicks"`
	Watches   int64 `json:"cta_watch_clicks"`
}

func metricsOf(n media.PlaybackCounts) metrics {
	return metrics{
		Start: n[media.PlaybackStart], Quarter: n[media.Playback25], Half: n[media.Playback50], Three: n[media.Playback75],
		Complete: n[media.PlaybackComplete], Views: n[media.VideoView], WatchTime: n[media.WatchTime],
		Taps: n[media.PlayFromTap], URLClicks: n[media.CTAURLClick], Watches: n[media.CTAWatchClick],
	}
}

// analyticsStep is what was counted from a moment on until the next step.
type analyticsStep struct {
	Timestamp time.Time `json:"timestamp"`
	Metrics   metrics   `json:"metrics"`
}

// analyticsSeries answers how media were played. Steps without anything counted
// are left out.
type analyticsSeries struct {
	Start       time.Time       `json:"start_time"` // the period, in whole hours
	End         time.Time       `json:"end_time"`
	Granularity string          `json:"granularity"`
	Totals      metrics         `json:"totals"`
	Steps       []analyticsStep `json:"steps"`
}

// period is the whole hours from start up to end.
type period struct{ start, end time.Time }

// analytics answers GET /magpie/v1/analytics: how the caller's own media were
// played, all together or those of media_keys. Those that are gone count in all
// together; of media_keys each must be there, and the caller's.
func (a *API) analytics(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "start_time", "end_time", "granularity", "media_keys")
	if err != nil {
		return err
	}
	p, err := a.period(query)
	if err != nil {
		return err
	}
	out := analyticsSeries{Start: p.start, End: p.end, Granularity: "day", Steps: []analyticsStep{}}
	if text, there := query["granularity"]; there {
		out.Granularity = text
	}
	step, known := map[string]time.Duration{"hour": time.Hour, "day": 24 * time.Hour}[out.Granularity]
	if !known {
		return shown(media.Invalid("granularity", "must be hour or day"), out.Granularity)
	}
	if p.end.Sub(p.start)/step > maxAnalyticsSteps {
		return media.Invalid("granularity", "gives more than %d steps for that long a period; ask for less, or for longer steps", maxAnalyticsSteps)
	}
	keys, some := query["media_keys"]
	var steps []catalog.PlaybackStep
	if some {
		steps, err = a.playbackOf(r, who, keys, p, step)
	} else {
		steps, err = a.catalog.OwnerPlayback(r.Context(), who.User, p.start, p.end, step)
	}
	if err != nil {
		return err
	}
	var total media.PlaybackCounts
	for _, s := range steps {
		total.Add(s.Counts)
		out.Steps = append(out.Steps, analyticsStep{s.Start, metricsOf(s.Counts)})
	}
	out.Totals = metricsOf(total)
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out})
}

// playbackOf sums up what was counted of some media.
func (a *API) playbackOf(r *http.Request, who auth.Identity, text string, p period, step time.Duration) ([]catalog.PlaybackStep, error) {
	keys := strings.Split(text, ",")
	if len(keys) > maxAnalyticsKeys {
		return nil, media.Invalid("media_keys", "names %d media; it may name %d", len(keys), maxAnalyticsKeys)
	}
	ids := make([]media.ID, len(keys))
	for i, key := range keys {
		var err error
		if ids[i], err = media.ParseKey(key); err != nil {
			return nil, shown(media.Invalid("media_keys", "must be media keys such as 7_1146654567674912769, with commas between them"), key)
		}
	}
	there, err1 := a.catalog.MediaList(r.Context(), ids)
	all, err2 := a.catalog.PlaybackSteps(r.Context(), ids, p.start, p.end, step)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("read analytics: %w", err)
	}
	sums := map[time.Time]media.PlaybackCounts{}
	for i, id := range ids {
		m := there[id]
		if m.Owner != who.User || !m.GoneAt.IsZero() || string(m.Key()) != keys[i] {
			return nil, media.Errorf(media.CodeNotFound, "There is no media %.40s here that this user owns.", keys[i])
		}
		for _, s := range all[id] {
			n := sums[s.Start]
			n.Add(s.Counts)
			sums[s.Start] = n
		}
		delete(all, id) // named twice, it counts once
	}
	steps := make([]catalog.PlaybackStep, 0, len(sums))
	for start, n := range sums {
		steps = append(steps, catalog.PlaybackStep{Start: start, Counts: n})
	}
	slices.SortFunc(steps, func(a, b catalog.PlaybackStep) int { return a.Start.Compare(b.Start) })
	return steps, nil
}

// topMedia is a media and what was counted of it.
type topMedia struct {
	Media   libraryItem `json:"media"`
	Metrics metrics     `json:"metrics"`
}

// analyticsTop answers GET /magpie/v1/analytics/top: which of the caller's own
// media were viewed most in a period.
func (a *API) analyticsTop(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	query, err := parameters(r, "start_time", "end_time", "limit")
	if err != nil {
		return err
	}
	p, err := a.period(query)
	if err != nil {
		return err
	}
	limit := 10
	if text, there := query["limit"]; there {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > maxTopMedia {
			return shown(media.Invalid("limit", "must be from 1 to %d", maxTopMedia), text)
		}
	}
	top, err := a.catalog.TopPlayback(r.Context(), who.User, p.start, p.end, limit)
	if err != nil {
		return err
	}
	ids := make([]media.ID, len(top))
	for i, m := range top {
		ids[i] = m.ID
	}
	there, err1 := a.catalog.MediaList(r.Context(), ids)
	groups, err2 := a.catalog.Metadata(r.Context(), ids)
	files, err3 := a.catalog.Renditions(r.Context(), ids)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("read the most viewed media: %w", err)
	}
	out := []topMedia{}
	for _, t := range top {
		m, still := there[t.ID]
		if !still || !m.GoneAt.IsZero() {
			continue
		}
		notes, err := media.DecodeMetadata(groups[t.ID])
		if err != nil {
			return fmt.Errorf("metadata of %s: %w", t.ID, err)
		}
		out = append(out, topMedia{a.item(r, m, notes, files[t.ID], who), metricsOf(t.Counts)})
	}
	return a.answer(w, r, http.StatusOK, map[string]any{"data": out, "meta": listMeta{Count: len(out)}})
}

// period reads the hours that are asked for, with those that the times lie in:
// the last seven days where there is no other word.
func (a *API) period(query map[string]string) (period, error) {
	end := a.now()
	if text, there := query["end_time"]; there {
		t, err := wireMoment("end_time", text)
		if err != nil {
			return period{}, err
		}
		end = t
	}
	start := end.Add(-analyticsPeriod)
	if text, there := query["start_time"]; there {
		t, err := wireMoment("start_time", text)
		if err != nil {
			return period{}, err
		}
		start = t
	}
	if !start.Before(end) {
		return period{}, media.Invalid("end_time", "must be later than start_time")
	}
	return period{start.UTC().Truncate(time.Hour), end.UTC().Add(time.Hour - 1).Truncate(time.Hour)}, nil
}

// wireMoment reads a time as in RFC 3339, of a year that a sum of hours can have.
func wireMoment(name, text string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || text[13] != ':' || strings.Contains(text, ",") || t.Year() < 1970 || t.Year() > 9998 { // of which Parse lets some pass
		return t, shown(media.Invalid(name, "must be a time such as 2026-11-21T00:00:00Z"), text)
	}
	return t, nil
}
