package xapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

const period = "&start_time=2026-11-20T00:00:00Z&end_time=2026-11-21T00:00:00Z"

func TestAnalytics(t *testing.T) {
	s := newServer(t)
	video := "7_" + s.upload(map[string]any{"media_category": "tweet_video"}, mp4()).String()
	photo := "3_" + s.upload(map[string]any{}, png()).String()
	missing := func(key string) string {
		return fmt.Sprintf(`{"value":%q,"resource_id":%[1]q,"parameter":"media_keys","resource_type":"media","title":"Not Found Error",
			"type":"https://api.x.com/2/problems/resource-not-found","detail":"Could not find media with media_keys: [%[1]s]."}`, key)
	}
	get := func(query string) answer {
		t.Helper()
		return s.call("GET", "/2/media/analytics?"+query+period, nil)
	}
	get("media_keys="+photo+","+video+","+photo).is(http.StatusOK, `{"data":[{"media_key":%q,"timestamped_metrics":[]},{"media_key":%q,"timestamped_metrics":[]}]}`, photo, video)
	get("media_keys="+video+"%2C7_1&granularity=hourly").is(http.StatusOK, `{"data":[{"media_key":%q,"timestamped_metrics":[]}],"errors":[%s]}`, video, missing("7_1"))
	get("media_keys=7_1,3_2&granularity=total").is(http.StatusOK, `{"errors":[%s,%s]}`, missing("7_1"), missing("3_2"))
	get("media_keys="+video+"&media_analytics.fields=media_key").is(http.StatusOK, `{"data":[{"media_key":%q}]}`, video)
	get("media_keys="+video+"&media_analytics.fields=media_key,video_views").is(http.StatusOK, `{"data":[{"media_key":%q,"timestamped_metrics":[]}]}`, video)

	other := strings.Replace(video, "7_", "13_", 1) // the same media under another category's number
	get("media_keys="+other).is(http.StatusOK, `{"errors":[%s]}`, missing(other))
}

// What was counted comes by the hour, by the day of UTC, or in one.
func TestAnalyticsCounts(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_category": "tweet_video"}, mp4())
	photo := "3_" + s.upload(map[string]any{}, png()).String()
	key := "7_" + id.String()
	day := s.clock.Truncate(24 * time.Hour)
	s.played(id, 1, day.Add(-time.Minute))
	s.played(id, 2, day.Add(time.Hour+59*time.Minute))
	s.played(id, 4, day.Add(5*time.Hour))
	get := func(start, end time.Duration, more string) answer {
		t.Helper()
		at := func(d time.Duration) string { return day.Add(d).Format(time.RFC3339) }
		return s.call("GET", "/2/media/analytics?media_keys="+key+","+photo+"&start_time="+at(start)+"&end_time="+at(end)+more, nil)
	}
	is := func(a answer, steps string) {
		t.Helper()
		a.is(http.StatusOK, `{"data":[{"media_key":%q,"timestamped_metrics":[`+steps+`]},{"media_key":%q,"timestamped_metrics":[]}]}`, key, photo)
	}
	step := func(hours int, n int) string {
		return fmt.Sprintf(`{"timestamp":%q,"metrics":{"playback_complete":%d,"watch_time_ms":%d}}`, day.Add(time.Duration(hours)*time.Hour).Format(time.RFC3339), n, 2500*n)
	}
	const two = "&media_analytics.fields=watch_time_ms,playback_complete"
	is(get(-time.Hour, 24*time.Hour, "&granularity=hourly"+two), step(-1, 1)+","+step(1, 2)+","+step(5, 4))
	is(get(-time.Hour, 24*time.Hour, two), step(-24, 1)+","+step(0, 6))
	is(get(-time.Hour, 24*time.Hour, "&granularity=total"+two), step(-1, 7))
	is(get(90*time.Minute, 5*time.Hour, "&granularity=hourly"+two), step(1, 2)) // the whole hour that it begins in
	is(get(2*time.Hour, 5*time.Hour+time.Second, two), step(0, 4))
	is(get(6*time.Hour, 7*time.Hour, ""), "")
	is(get(5*time.Hour, 6*time.Hour, ""), fmt.Sprintf(`{"timestamp":%q,"metrics":{"cta_url_clicks":0,"cta_watch_clicks":0,"play_from_tap":0,
		"playback25":0,"playback50":0,"playback75":0,"playback_complete":4,"playback_start":4,"video_views":4,"watch_time_ms":10000}}`, day.Format(time.RFC3339)))
	get(0, 75000*time.Hour, "&granularity=hourly").refused(http.StatusBadRequest, "more than 75000 steps")
	is(get(0, 37500*time.Hour, "&granularity=hourly"+two), step(1, 2)+","+step(5, 4))
}

// What a user may look up is not theirs to measure.
func TestAnalyticsIsTheOwnersOnly(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"shared": true, "additional_owners": []string{friend}}, png())
	key := "3_" + id.String()
	for _, user := range []string{friend, stranger} {
		name, value := s.as(user)
		if a := s.call("GET", "/2/media/"+key, nil, name, value); a.Code != http.StatusOK {
			t.Errorf("lookup by %s: %d", user, a.Code)
		}
		a := s.call("GET", "/2/media/analytics?media_keys="+key+period, nil, name, value)
		if a.Code != http.StatusOK || strings.Contains(a.Body.String(), "timestamped_metrics") || !strings.Contains(a.Body.String(), "resource-not-found") {
			t.Errorf("analytics by %s: %d %s", user, a.Code, a.Body)
		}
	}
}

func TestAnalyticsRefuses(t *testing.T) {
	s := newServer(t)
	const start, end = "&start_time=2026-11-20T00:00:00Z", "&end_time=2026-11-21T00:00:00Z"
	for query, words := range map[string]string{
		"":                                "The `media_keys` query parameter is missing",
		"media_keys=" + start + end:       "The `media_keys` query parameter can not be empty",
		"media_keys=seven" + start + end:  "The `media_keys` query parameter value [seven] is not valid",
		"media_keys=7_1," + start + end:   "The `media_keys` query parameter value [] is not valid",
		"media_keys=7_-1" + start + end:   "[7_-1] is not valid",
		"media_keys=7_%201" + start + end: "[7_ 1] is not valid",
		"media_keys=7_0" + start + end:    "[7_0] is not valid",
		"media_keys=7_1%00" + start + end: "is not valid",
		"media_keys=" + strings.Repeat("7_1,", 100) + "7_1" + start + end: "names 101 keys; from 1 to 100 are allowed",
		"media_keys=7_1":                                                             "The `start_time` query parameter is missing",
		"media_keys=7_1" + end:                                                       "The `start_time` query parameter is missing",
		"media_keys=7_1" + start:                                                     "The `end_time` query parameter is missing",
		"media_keys=7_1&start_time=" + end:                                           "The `start_time` query parameter can not be empty",
		"media_keys=7_1&start_time=2026-11-20" + end:                                 "The `start_time` query parameter value [2026-11-20] is not valid",
		"media_keys=7_1&start_time=2026-11-20T00:00:00" + end:                        "is not valid; a time looks like 2026-11-21T00:00:00Z",
		"media_keys=7_1&start_time=2026-11-20T00:00:00+01:00" + end:                  "[2026-11-20T00:00:00 01:00] is not valid",
		"media_keys=7_1&start_time=2026-11-20T0:00:00Z" + end:                        "is not valid",
		"media_keys=7_1&start_time=2026-02-30T00:00:00Z" + end:                       "is not valid",
		"media_keys=7_1&start_time=1795000000" + end:                                 "[1795000000] is not valid",
		"media_keys=7_1&start_time=NaN" + end:                                        "[NaN] is not valid",
		"media_keys=7_1&end_time=tomorrow" + start:                                   "The `end_time` query parameter value [tomorrow] is not valid",
		"media_keys=7_1&end_time=2026-11-20T00:00:00Z" + start:                       "must be later than that of `start_time`",
		"media_keys=7_1&end_time=2026-11-19T00:00:00Z" + start:                       "must be later than that of `start_time`",
		"media_keys=7_1&start_time=2026-11-20T00:00:00Z" + start + end:               "Duplicate parameters are not allowed: the `start_time` query parameter",
		"media_keys=7_1&granularity=weekly" + start + end:                            "The `granularity` query parameter value [weekly] is not one of [hourly,daily,total]",
		"media_keys=7_1&granularity=Daily" + start + end:                             "[Daily] is not one of [hourly,daily,total]",
		"media_keys=7_1&granularity=" + start + end:                                  "The `granularity` query parameter can not be empty",
		"media_keys=7_1&media_analytics.fields=likes" + start + end:                  "The `media_analytics.fields` query parameter value [likes] is not one of [cta_url_clicks,",
		"media_keys=7_1&media_analytics.fields=" + start + end:                       "can not be empty",
		"media_keys=7_1&media_analytics.fields=video_views,+timestamp" + start + end: "[ timestamp] is not one of",
		"media_keys=7_1&fields=video_views" + start + end:                            "The query parameter [fields] is not one of [media_keys,start_time,end_time,granularity,media_analytics.fields]",
	} {
		s.call("GET", "/2/media/analytics?"+query, nil).refused(http.StatusBadRequest, words)
	}
	app := s.token(auth.Grant{User: owner, Scopes: auth.Scopes(), AppOnly: true})
	s.call("GET", "/2/media/analytics?media_keys=7_1"+period, nil, "Authorization", "Bearer "+app).refused(http.StatusForbidden, "Application-Only is forbidden")
	s.call("POST", "/2/media/analytics", "{}").refused(http.StatusMethodNotAllowed, "GET is")
}

// The period and the step reach whoever counts one day.
func TestReadAnalytics(t *testing.T) {
	s := newServer(t)
	r := s.request("GET", "/2/media/analytics?media_keys=7_1&start_time=2026-11-20T00:00:00.25Z&end_time=2026-11-20T02:00:00%2B01:00", nil)
	q, err := readAnalytics(r.URL.Query())
	if err != nil {
		t.Fatal(err)
	}
	if q.end.Sub(q.start) != time.Hour-250*time.Millisecond || q.granularity != "daily" || q.fields != nil || !q.wantsSteps() {
		t.Errorf("%+v", q)
	}
	if _, err := media.ParseKey(q.keys[0]); err != nil || len(q.keys) != 1 {
		t.Error(q.keys, err)
	}
}
