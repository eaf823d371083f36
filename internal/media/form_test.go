package media

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func sides(w, h int) Form { return Form{Width: w, Height: h} }

func TestLimitCheck(t *testing.T) {
	x := XLimits()
	const ms = time.Millisecond
	for _, c := range []struct {
		what   string
		limits Limit
		form   Form
		want   string // "" passes
	}{
		{"nothing known", x.TweetVideo, Form{}, ""},
		{"no limits", Limit{}, Form{Width: 1, Height: 9000, Rate: 999, Frames: 9999, Duration: 99 * time.Hour, GOP: 9999, Interlaced: true, PixelFormat: "rgb24", Sound: Sound{"opus", "", 6}}, ""},
		{"the smallest", x.TweetVideo, sides(32, 32), ""},
		{"a column less", x.TweetVideo, sides(31, 32), "it is 31×32 pixels, and 32×32 is the least"},
		{"a row less", x.TweetVideo, sides(32, 31), "it is 32×31 pixels, and 32×32 is the least"},
		{"the largest", x.TweetVideo, sides(1280, 1024), ""},
		{"the largest on its side", x.TweetVideo, sides(1024, 1280), ""},
		{"a column more", x.TweetVideo, sides(1281, 1024), "it is 1281×1024 pixels, and 1280×1024 or 1024×1280 is the most"},
		{"a row more", x.TweetVideo, sides(1280, 1025), "it is 1280×1025 pixels, and 1280×1024"},
		{"on its side, a row more", x.TweetVideo, sides(1024, 1281), "it is 1024×1281"},
		{"a GIF is not turned", x.TweetGIF, sides(1080, 1280), "it is 1080×1280 pixels, and 1280×1080 is the most"},
		{"the largest GIF", x.TweetGIF, sides(1280, 1080), ""},
		{"3:1", x.TweetVideo, sides(960, 320), ""},
		{"1:3", x.TweetVideo, sides(320, 960), ""},
		{"wider than 3:1", x.TweetVideo, sides(961, 320), "its sides are 3:1 (961×320 pixels), and from 1:3 to 3:1 is taken"},
		{"taller than 1:3", x.TweetVideo, sides(320, 962), "its sides are 0.333:1 (320×962 pixels)"},
		{"60 a second", x.TweetVideo, Form{Rate: 60}, ""},
		{"60 as a container rounds it", x.TweetVideo, Form{Rate: 60.02}, ""},
		{"61 a second", x.TweetVideo, Form{Rate: 61}, "it has 61 frames a second, and 60 are the most"},
		{"350 frames", x.TweetGIF, Form{Frames: 350}, ""},
		{"a width alone", Limit{MaxWidth: 10}, sides(11, 999), "it is 11×999 pixels, and a width of 10 is the most"},
		{"a height alone", Limit{MaxHeight: 10}, sides(999, 11), "and a height of 10 is the most"},
		{"a width alone, kept", Limit{MaxWidth: 10}, sides(10, 999), ""},
		{"351 frames", x.TweetGIF, Form{Frames: 351}, "it has 351 frames or more, and 350 are the most"},
		{"300 million pixels", x.TweetGIF, Form{Width: 1000, Height: 1000, Frames: 300}, ""},
		{"one frame more", x.TweetGIF, Form{Width: 1000, Height: 1000, Frames: 301}, "1000×1000 pixels in 301 frames or more are over 300000000"},
		{"half a second", x.TweetVideo, Form{Duration: 500 * ms}, ""},
		{"less than half a second", x.TweetVideo, Form{Duration: 499 * ms}, "it lasts 0.499 s, and 0.5 s is the least"},
		{"140 s", x.TweetVideo, Form{Duration: 140 * time.Second}, ""},
		{"a millisecond more", x.TweetVideo, Form{Duration: 140*time.Second + ms}, "Duration 2.minutes+20.seconds+1.milliseconds exceeds max duration of 2.minutes+20.seconds: it lasts 140.001 s, and 140 s is the most."},
		{"a GOP of 512", x.TweetVideo, Form{GOP: 512}, ""},
		{"a GOP of 513", x.TweetVideo, Form{GOP: 513}, "Video GOP is too large. Largest number of frames allowed in one GOP: 512. This video has one of 513."},
		{"plain", x.TweetVideo, Form{PixelRatio: 1, PixelFormat: "yuv420p", Sound: Sound{"aac", "LC", 2}}, ""},
		{"full range", x.TweetVideo, Form{PixelFormat: "yuvj420p", Sound: Sound{"aac", "", 1}}, ""},
		{"wide pixels", x.TweetVideo, Form{PixelRatio: 4.0 / 3}, "its pixels are 1.33:1, and only square ones"},
		{"interlaced", x.TweetVideo, Form{Interlaced: true}, "it is interlaced"},
		{"4:4:4", x.TweetVideo, Form{PixelFormat: "yuv444p"}, "its colours are yuv444p, and only YUV 4:2:0"},
		{"5.1", x.TweetVideo, Form{Sound: Sound{"aac", "LC", 6}}, "its sound has 6 channels"},
		{"HE-AAC", x.TweetVideo, Form{Sound: Sound{"aac", "HE-AAC", 2}}, "its sound is aac HE-AAC, and only AAC-LC is taken"},
		{"MP3", x.TweetVideo, Form{Sound: Sound{"mp3", "", 2}}, "its sound is mp3, and only AAC-LC is taken"},
	} {
		err := c.limits.Check(c.form)
		var f *Failure
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.want == "":
		case !errors.As(err, &f) || f.Name != UnsupportedMedia || f.Code != 3 || !strings.Contains(f.Message, c.want):
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		case !strings.HasPrefix(f.Message, "file is currently unsupported: ") && !strings.HasPrefix(f.Message, "Duration ") && !strings.HasPrefix(f.Message, "Video GOP is too large. "):
			t.Errorf("%s: %q does not begin with X's words", c.what, f.Message)
		}
	}
}

func TestSpelled(t *testing.T) {
	for d, want := range map[time.Duration]string{
		2*time.Minute + 29*time.Second + 350*time.Millisecond: "2.minutes+29.seconds+350.milliseconds",
		26 * time.Hour:                  "1.days+2.hours",
		300 * time.Millisecond:          "300.milliseconds",
		0:                               "0.seconds",
		2*time.Second - time.Nanosecond: "2.seconds",
	} {
		if got := spelled(d); got != want {
			t.Errorf("%s is spelled %q, want %q", d, got, want)
		}
	}
}
