package media

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCheckBytes(t *testing.T) {
	l := Limits{
		TweetImage: Limit{MaxBytes: 10}, DMImage: Limit{MaxBytes: 11}, TweetGIF: Limit{MaxBytes: 20}, DMGIF: Limit{MaxBytes: 21},
		TweetVideo: Limit{MaxBytes: 30}, DMVideo: Limit{MaxBytes: 31}, AmplifyVideo: Limit{MaxBytes: 40}, Subtitles: Limit{MaxBytes: 5},
	}
	for _, row := range []struct {
		category Category
		kind     Type
		limit    int64
		what     string
	}{
		{TweetImage, "", 10, "tweet_image"},
		{TweetImage, PNG, 10, "tweet_image"},
		{DMImage, GIF, 11, "dm_image"},
		{"", JPEG, 10, "image/jpeg"},
		{"", GIF, 10, "a GIF without"},
		{TweetGIF, GIF, 20, "tweet_gif"},
		{DMGIF, MP4, 21, "dm_gif"},
		{TweetVideo, MP4, 30, "tweet_video"},
		{DMVideo, "", 31, "dm_video"},
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
				if err := l.CheckBytes("total_bytes", row.category, row.kind, size); err != nil {
					t.Errorf("%d bytes: %v", size, err)
				}
			}
			err := l.CheckBytes("total_bytes", row.category, row.kind, row.limit+1)
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

// Every category has a row of its own, and what has no category the row of what
// its type stands for.
func TestRows(t *testing.T) {
	var l Limits
	for i, c := range append(Categories(), Model) {
		l.Row(c).MaxRate = i + 1
	}
	for i, c := range append(Categories(), Model) {
		if got := l.Of(c, "").MaxRate; got != i+1 {
			t.Errorf("%s has the limits number %d, want %d", c, got, i+1)
		}
	}
	for _, kind := range Types() {
		if got, want := l.Of("", kind), l.Of(kind.DefaultCategory(), ""); got != want || got == (Limit{}) {
			t.Errorf("%s has %+v, want %+v", kind, got, want)
		}
	}
	if l.Row("") != nil || l.Of("", "") != (Limit{}) {
		t.Error("what nobody knows has limits")
	}
}

// The default profile takes what X does, and each profile bounds the pixels of
// whatever is decoded.
func TestProfiles(t *testing.T) {
	l, x := DefaultLimits(), XLimits()
	for what, err := range map[string]error{
		"a photo of 8192×8192": l.TweetImage.CheckPixels("An image", 8192, 8192),
		"a video frame in 8K":  l.TweetVideo.CheckPixels("A video frame", 7680, 4320),
		"350 frames":           l.TweetGIF.Check(Form{Frames: 350}),
		"four hours":           l.AmplifyVideo.Check(Form{Duration: 4 * time.Hour}),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, c := range Categories() {
		if c == Subtitles {
			continue
		}
		if l.Of(c, "").MaxPixels == 0 || x.Of(c, "").MaxPixels == 0 {
			t.Errorf("%s has no limit of pixels", c)
		}
	}
	for c, want := range map[Category]int64{
		TweetImage: 5_242_880, DMImage: 5_242_880, TweetGIF: 15_728_640, DMGIF: 15_728_640,
		TweetVideo: 536_870_912, DMVideo: 536_870_912, AmplifyVideo: MaxTotalBytes, Subtitles: 10_485_760,
	} {
		if got := x.Bytes(c, ""); got != want {
			t.Errorf("on X a %s may have %d bytes, want %d", c, got, want)
		}
	}
}

// Pixels are counted as in school, however large the numbers.
func TestCheckPixels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		side := rapid.OneOf(rapid.IntRange(-2, 20_000), rapid.Int())
		w, h := side.Draw(t, "width"), side.Draw(t, "height")
		limit := rapid.OneOf(rapid.Int64Range(1, 200_000_000), rapid.Int64Range(1, math.MaxInt64)).Draw(t, "limit")
		pixels := new(big.Int).Mul(big.NewInt(int64(w)), big.NewInt(int64(h)))
		fits := w > 0 && h > 0 && pixels.Cmp(big.NewInt(limit)) <= 0
		if err := (Limit{MaxPixels: limit}).CheckPixels("An image", w, h); (err == nil) != fits {
			t.Fatalf("%d×%d of %d: %v", w, h, limit, err)
		}
	})
	l := Limit{MaxPixels: 1_000_000}
	for _, c := range []struct {
		err        error
		name, want string
	}{
		{l.CheckPixels("An image", 1000, 1001), UnsupportedMedia, "An image of 1000×1001 has more than 1000000 pixels, the most that is accepted."},
		{l.CheckPixels("A video frame", math.MaxInt, math.MaxInt), UnsupportedMedia, "A video frame of 9223372036854775807×9223372036854775807 has more than 1000000 pixels, the most that is accepted."},
		{l.CheckPixels("An image", 0, 5), InvalidMedia, "The file says that it is 0×5 pixels."},
		{Limit{}.CheckPixels("An image", 5, -5), InvalidMedia, "The file says that it is 5×-5 pixels."},
	} {
		var f *Failure
		if !errors.As(c.err, &f) || f.Name != c.name || f.Message != c.want {
			t.Errorf("%v, want %s: %s", c.err, c.name, c.want)
		}
	}
	if err := (Limit{}).CheckPixels("An image", 1_000_000, 1_000_000); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}
