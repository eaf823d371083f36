package media

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestLimitsCheck(t *testing.T) {
	l := Limits{Image: 10, GIF: 20, Video: 30, Amplify: 40, Subtitles: 5}
	for _, row := range []struct {
		category Category
		kind     Type
		limit    int64
		what     string
	}{
		{TweetImage, "", 10, "tweet_image"},
		{TweetImage, PNG, 10, "tweet_image"},
		{DMImage, GIF, 10, "dm_image"},
		{"", JPEG, 10, "image/jpeg"},
		{"", GIF, 10, "a GIF without"},
		{TweetGIF, GIF, 20, "tweet_gif"},
		{DMGIF, MP4, 20, "dm_gif"},
		{TweetVideo, MP4, 30, "tweet_video"},
		{DMVideo, "", 30, "dm_video"},
		{"", WebM, 30, "video/webm"},
		{AmplifyVideo, MP4, 40, "amplify_video"},
		{Subtitles, SRT, 5, "subtitles"},
		{"", VTT, 5, "text/vtt"},
		{"", GLB, MaxTotalBytes, "model/gltf-binary"},
		{Model, "", MaxTotalBytes, "model"},
		{"", "", MaxTotalBytes, "any upload"},
	} {
		t.Run(fmt.Sprint(row.category, "/", row.kind), func(t *testing.T) {
			if got := l.Bytes(row.category, row.kind); got != row.limit {
				t.Errorf("Bytes = %d, want %d", got, row.limit)
			}
			for _, size := range []int64{0, row.limit - 1, row.limit} {
				if err := l.Check("total_bytes", row.category, row.kind, size); err != nil {
					t.Errorf("%d bytes: %v", size, err)
				}
			}
			err := l.Check("total_bytes", row.category, row.kind, row.limit+1)
			var e *Error
			if !errors.As(err, &e) || e.Code != CodeInvalid || e.Field != "total_bytes" || e.Value != fmt.Sprint(row.limit+1) {
				t.Fatalf("%d bytes: %#v", row.limit+1, err)
			}
			words := e.Message()
			for _, want := range []string{row.what, fmt.Sprint(row.limit + 1)} {
				if !strings.Contains(words, want) {
					t.Errorf("%q lacks %q", words, want)
				}
			}
			if !strings.HasPrefix(words, fmt.Sprintf("File size exceeds %d bytes.", row.limit)) {
				t.Errorf("%q does not begin with X's words", words)
			}
		})
	}
}

// Without limits of its own, everything has the contract's.
func TestNoLimits(t *testing.T) {
	for _, c := range append(Categories(), Model, "") {
		if got := (Limits{}).Bytes(c, ""); got != MaxTotalBytes {
			t.Errorf("%q: %d", c, got)
		}
	}
}
