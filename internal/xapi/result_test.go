package xapi

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestResult(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	with := func(c media.Category, typ media.Type, s media.State, change func(*media.Media)) media.Media {
		m := media.Media{
			ID: 1, Category: c, Type: typ, State: s, Width: 4, Height: 3, CreatedAt: now,
			Manifest: media.Manifest{{Size: 1 << 33}, {Size: 1}},
		}
		if change != nil {
			change(&m)
		}
		return m
	}
	expiring := func(d time.Duration) func(*media.Media) {
		return func(m *media.Media) { m.ExpiresAt = now.Add(d) }
	}
	for _, c := range []struct {
		name string
		m    media.Media
		want string
	}{
		{"image", with(media.TweetImage, media.WebP, media.Succeeded, nil), `{"id":"1","media_key":"3_1","size":8589934593,"image":{"image_type":"image/webp","w":4,"h":3}}`},
		{"pending image", with(media.DMImage, media.PNG, media.Pending, nil), `{"id":"1","media_key":"1003_1","size":8589934593,"processing_info":{"state":"pending","check_after_secs":1}}`},
		{"GIF", with(media.TweetGIF, media.MP4, media.Succeeded, nil), `{"id":"1","media_key":"16_1","size":8589934593,"video":{"video_type":"video/mp4"},"processing_info":{"state":"succeeded","progress_percent":100}}`},
		{"model", with(media.Model, media.USDZ, media.Succeeded, nil), `{"id":"1","media_key":"1021_1","size":8589934593}`},
		{"failed subtitles", with(media.Subtitles, media.SRT, media.Failed, func(m *media.Media) {
			m.Failure = media.NewFailure(media.InternalError, "Our fault.")
		}), `{"id":"1","media_key":"1020_1","size":8589934593,"processing_info":{"state":"failed","progress_percent":0,"error":{"code":2,"name":"InternalError","message":"Our fault."}}}`},
		{
			"failed without words", with(media.TweetVideo, media.MP4, media.Failed, func(m *media.Media) { m.Progress = 99 }),
			`{"id":"1","media_key":"7_1","size":8589934593,"processing_info":{"state":"failed","progress_percent":99}}`,
		},
		{"kept for a day", with(media.Model, media.GLB, media.Succeeded, expiring(24*time.Hour)), `{"id":"1","media_key":"1021_1","size":8589934593,"expires_after_secs":86400}`},
		{"kept for a day, a moment ago", with(media.Model, media.GLB, media.Succeeded, expiring(24*time.Hour-time.Millisecond)), `{"id":"1","media_key":"1021_1","size":8589934593,"expires_after_secs":86400}`},
		{"about to go", with(media.Model, media.GLB, media.Succeeded, expiring(time.Millisecond)), `{"id":"1","media_key":"1021_1","size":8589934593,"expires_after_secs":1}`},
		{"past its time", with(media.Model, media.GLB, media.Succeeded, expiring(-time.Hour)), `{"id":"1","media_key":"1021_1","size":8589934593,"expires_after_secs":1}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(result(c.m, c.m.Size(), now))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// check_after_secs is there exactly while a client should ask again.
func TestInfoSaysWhenToAskAgain(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, state := range []media.State{media.Pending, media.InProgress, media.Succeeded, media.Failed} {
		for ago, want := range map[time.Duration]int{-time.Minute: 1, 0: 1, 25 * time.Second: 2, 100 * time.Second: 10, 100 * time.Hour: 10} {
			got := info(media.Media{State: state, CreatedAt: now.Add(-ago)}, now).CheckAfterSecs
			if state.Done() {
				want = 0
			}
			if got != want {
				t.Errorf("%s for %v: %d, want %d", state, ago, got, want)
			}
		}
	}
}
