package xapi

import (
	"net/http"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// played counts that somebody started, saw and ended a media, n times each.
func (s *server) played(id media.ID, n int, at time.Time) {
	s.t.Helper()
	ctx := s.t.Context()
	from, err := s.catalog.PlaybackPosition(ctx, "s")
	if err != nil {
		s.t.Fatal(err)
	}
	var plays []media.Playback
	for i := range n {
		plays = append(plays, media.Playback{
			Session: time.Duration(from).String() + time.Duration(i).String(), Media: id, ExpiresAt: at.Add(time.Hour),
			Events: []media.PlaybackEvent{
				{Metric: media.PlaybackStart, At: at},
				{Metric: media.VideoView, At: at},
				{Metric: media.PlaybackComplete, At: at},
				{Metric: media.WatchTime, At: at, Watched: 2500 * time.Millisecond},
			},
		})
	}
	if ok, err := s.catalog.CountPlayback(ctx, "s", from, from+1, plays); err != nil || !ok {
		s.t.Fatal(ok, err)
	}
}

func TestMetrics(t *testing.T) {
	s := newServer(t)
	id := s.upload(map[string]any{"media_category": "tweet_video", "shared": true}, mp4())
	photo := s.upload(map[string]any{}, png())
	const all = "?media.fields=public_metrics,non_public_metrics,organic_metrics,promoted_metrics"
	path := "/2/media/7_" + id.String() + all
	const none = `{"data":{"media_key":%q,"type":"video","public_metrics":{"view_count":0},
		"non_public_metrics":{"playback_0_count":0,"playback_25_count":0,"playback_50_count":0,"playback_75_count":0,"playback_100_count":0},
		"organic_metrics":{"playback_0_count":0,"playback_25_count":0,"playback_50_count":0,"playback_75_count":0,"playback_100_count":0,"view_count":0}}}`
	s.call("GET", path, nil).is(http.StatusOK, none, "7_"+id.String())
	s.call("GET", "/2/media/3_"+photo.String()+all, nil).is(http.StatusOK, `{"data":{"media_key":%q,"type":"photo"}}`, "3_"+photo.String())
	s.played(id, 3, s.clock)
	s.call("GET", path, nil).is(http.StatusOK, `{"data":{"media_key":%q,"type":"video","public_metrics":{"view_count":3},
		"non_public_metrics":{"playback_0_count":3,"playback_25_count":0,"playback_50_count":0,"playback_75_count":0,"playback_100_count":3},
		"organic_metrics":{"playback_0_count":3,"playback_25_count":0,"playback_50_count":0,"playback_75_count":0,"playback_100_count":3,"view_count":3}}}`, "7_"+id.String())
	s.call("GET", "/2/media/7_"+id.String()+"?media.fields=organic_metrics", nil).is(http.StatusOK, `{"data":{"media_key":%q,"type":"video",
		"organic_metrics":{"playback_0_count":3,"playback_25_count":0,"playback_50_count":0,"playback_75_count":0,"playback_100_count":3,"view_count":3}}}`, "7_"+id.String())
	const public = `{"data":{"media_key":%q,"type":"video","public_metrics":{"view_count":3}}}`
	name, value := s.as(stranger)
	s.call("GET", path, nil, name, value).is(http.StatusOK, public, "7_"+id.String())
	app := s.token(auth.Grant{User: owner, Scopes: auth.Scopes(), AppOnly: true})
	s.call("GET", path, nil, "Authorization", "Bearer "+app).is(http.StatusOK, public, "7_"+id.String())
	s.clock = s.clock.Add(privateFor)
	s.call("GET", path, nil).is(http.StatusOK, public, "7_"+id.String())
}
