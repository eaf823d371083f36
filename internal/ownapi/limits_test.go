package ownapi

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/blob"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// Every type and category is told of, with what this server's table says.
func TestLimits(t *testing.T) {
	s := newServer(t)
	table := media.XLimits()
	table.TweetImage.MaxBytes = 12_345
	s.api.sessions = upload.New(upload.Config{Limits: table, MaxSegment: 5 << 20}, s.catalog, blob.New(s.memory),
		func() time.Time { return s.clock }, rand.NewChaCha8([32]byte{3}), slog.New(slog.DiscardHandler))
	mine := s.bearer(owner, false, auth.MediaWrite)
	s.wants("GET", "/magpie/v1/limits?x=1", mine, "invalid")
	s.wants("GET", "/magpie/v1/limits", "", "no_credentials")
	s.wants("GET", "/magpie/v1/limits", s.bearer(owner, true, auth.TweetRead), "", `"segment_bytes":5242880`, `"max_segments":1000`,
		`{"media_category":"tweet_image","max_bytes":12345,"max_pixels":100000000}`,
		`{"media_category":"model","max_bytes":17179869184}`,
		`{"media_type":"model/vnd.usdz+zip","media_categories":[],"default_category":"model"}`,
		`{"media_type":"image/gif","media_categories":["tweet_gif","tweet_image","dm_gif","dm_image"],"default_category":"tweet_gif"}`)

	var got struct{ Data limitsResult }
	if err := json.Unmarshal(s.call("GET", "/magpie/v1/limits", "Authorization", mine).Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for i, want := range media.Types() {
		if r := got.Data.Types[i]; r.Type != want || r.Default != media.Model && (len(r.Categories) == 0 || r.Categories[0] != r.Default) {
			t.Errorf("type %d is %+v, not %s", i, r, want)
		}
	}
	at := slices.IndexFunc(got.Data.Categories, func(c categoryLimit) bool { return c.Category == media.TweetVideo })
	v := table.TweetVideo
	want := categoryLimit{
		Category: media.TweetVideo, MaxBytes: 512 << 20, MaxPixels: v.MaxPixels, MinSide: 32, MaxWidth: 1280, MaxHeight: 1024, Turned: true, MaxRatio: 3,
		MinSeconds: 0.5, MaxSeconds: 140, MaxRate: 60, MaxGOP: 512, MaxChannels: 2, Plain: true,
	}
	if at < 0 || got.Data.Categories[at] != want || len(got.Data.Categories) != 9 {
		t.Errorf("%+v", got.Data.Categories)
	}
}
