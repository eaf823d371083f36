package processing

import (
	"errors"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

func xVideo() FormLimits {
	return FormLimits{
		MinSide: 32, MaxWidth: 1280, MaxHeight: 1024, Turned: true, MaxRatio: 3, MaxRate: 60,
		MinDuration: 500 * time.Millisecond, MaxDuration: 140 * time.Second, MaxGOP: 512, Plain: true,
	}
}

func xGIF() FormLimits {
	return FormLimits{MaxWidth: 1280, MaxHeight: 1080, MaxFrames: 350, MaxFramePixels: 300_000_000}
}

func sides(w, h int) Form { return Form{Width: w, Height: h} }

func TestFormLimits(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		what   string
		limits FormLimits
		form   Form
		want   string // "" passes
	}{
		{"nothing known", xVideo(), Form{}, ""},
		{"no limits", FormLimits{}, Form{Width: 1, Height: 9000, Rate: 999, Frames: 9999, Duration: 99 * time.Hour, GOP: 9999, Interlaced: true, PixelFormat: "rgb24", Sound: Sound{"opus", "", 6}}, ""},
		{"the smallest", xVideo(), sides(32, 32), ""},
		{"a column less", xVideo(), sides(31, 32), "it is 31×32 pixels, and 32×32 is the least"},
		{"a row less", xVideo(), sides(32, 31), "it is 32×31 pixels, and 32×32 is the least"},
		{"the largest", xVideo(), sides(1280, 1024), ""},
		{"the largest on its side", xVideo(), sides(1024, 1280), ""},
		{"a column more", xVideo(), sides(1281, 1024), "it is 1281×1024 pixels, and 1280×1024 or 1024×1280 is the most"},
		{"a row more", xVideo(), sides(1280, 1025), "it is 1280×1025 pixels, and 1280×1024"},
		{"on its side, a row more", xVideo(), sides(1024, 1281), "it is 1024×1281"},
		{"a GIF is not turned", xGIF(), sides(1080, 1280), "it is 1080×1280 pixels, and 1280×1080 is the most"},
		{"the largest GIF", xGIF(), sides(1280, 1080), ""},
		{"3:1", xVideo(), sides(960, 320), ""},
		{"1:3", xVideo(), sides(320, 960), ""},
		{"wider than 3:1", xVideo(), sides(961, 320), "its sides are 3:1 (961×320 pixels), and from 1:3 to 3:1 is taken"},
		{"taller than 1:3", xVideo(), sides(320, 962), "its sides are 0.333:1 (320×962 pixels)"},
		{"60 a second", xVideo(), Form{Rate: 60}, ""},
		{"60 as a container rounds it", xVideo(), Form{Rate: 60.02}, ""},
		{"61 a second", xVideo(), Form{Rate: 61}, "it has 61 frames a second, and 60 are the most"},
		{"350 frames", xGIF(), Form{Frames: 350}, ""},
		{"351 frames", xGIF(), Form{Frames: 351}, "it has 351 frames or more, and 350 are the most"},
		{"300 million pixels", xGIF(), Form{Width: 1000, Height: 1000, Frames: 300}, ""},
		{"one frame more", xGIF(), Form{Width: 1000, Height: 1000, Frames: 301}, "1000×1000 pixels in 301 frames or more are over 300000000"},
		{"half a second", xVideo(), Form{Duration: 500 * ms}, ""},
		{"less than half a second", xVideo(), Form{Duration: 499 * ms}, "it lasts 0.499 s, and 0.5 s is the least"},
		{"140 s", xVideo(), Form{Duration: 140 * time.Second}, ""},
		{"a millisecond more", xVideo(), Form{Duration: 140*time.Second + ms}, "Duration 2.minutes+20.seconds+1.milliseconds exceeds max duration of 2.minutes+20.seconds: it lasts 140.001 s, and 140 s is the most."},
		{"a GOP of 512", xVideo(), Form{GOP: 512}, ""},
		{"a GOP of 513", xVideo(), Form{GOP: 513}, "Video GOP is too large. Largest number of frames allowed in one GOP: 512. This video has one of 513."},
		{"plain", xVideo(), Form{PixelRatio: 1, PixelFormat: "yuv420p", Sound: Sound{"aac", "LC", 2}}, ""},
		{"full range", xVideo(), Form{PixelFormat: "yuvj420p", Sound: Sound{"aac", "", 1}}, ""},
		{"wide pixels", xVideo(), Form{PixelRatio: 4.0 / 3}, "its pixels are 1.33:1, and only square ones"},
		{"interlaced", xVideo(), Form{Interlaced: true}, "it is interlaced"},
		{"4:4:4", xVideo(), Form{PixelFormat: "yuv444p"}, "its colours are yuv444p, and only YUV 4:2:0"},
		{"5.1", xVideo(), Form{Sound: Sound{"aac", "LC", 6}}, "its sound has 6 channels"},
		{"HE-AAC", xVideo(), Form{Sound: Sound{"aac", "HE-AAC", 2}}, "its sound is aac HE-AAC, and only AAC-LC is taken"},
		{"MP3", xVideo(), Form{Sound: Sound{"mp3", "", 2}}, "its sound is mp3, and only AAC-LC is taken"},
	} {
		err := c.limits.Check(c.form)
		var f *media.Failure
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.what, err)
		case c.want == "":
		case !errors.As(err, &f) || f.Name != media.UnsupportedMedia || f.Code != 3 || !strings.Contains(f.Message, c.want):
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		case !strings.HasPrefix(f.Message, "file is currently unsupported: ") && !strings.HasPrefix(f.Message, "Duration ") && !strings.HasPrefix(f.Message, "Video GOP is too large. "):
			t.Errorf("%s: %q does not begin with X's words", c.what, f.Message)
		}
	}
}

func TestFormOfACategory(t *testing.T) {
	l := Limits{Video: FormLimits{MaxRate: 1}, Amplify: FormLimits{MaxRate: 2}, GIF: FormLimits{MaxRate: 3}}
	for c, want := range map[media.Category]int{
		media.TweetVideo: 1, media.DMVideo: 1, media.AmplifyVideo: 2, media.TweetGIF: 3, media.DMGIF: 3,
	} {
		if got := l.Form(c).MaxRate; got != want {
			t.Errorf("%s has the limits number %d, want %d", c, got, want)
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
