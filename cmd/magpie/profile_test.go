package main

import (
	"testing"
	"time"

	"magpie/internal/media"
)

func profileOf(t *testing.T, args ...string) profile {
	t.Helper()
	s, err := parseServe(t, args...)
	if err != nil {
		t.Fatal(err)
	}
	return s.profile()
}

func TestProfiles(t *testing.T) {
	const day = 24 * time.Hour
	own := profileOf(t)
	if want := (profile{maxSegment: 64 << 20, lifetime: day, brief: day, limits: media.DefaultLimits()}); own != want {
		t.Errorf("the default profile is %+v, want %+v", own, want)
	}
	x := profileOf(t, "--profile=x")
	if x.maxSegment != 5_242_880 || x.lifetime != 1_295_999*time.Second || x.brief != 86_400*time.Second || x.retention != 86_400*time.Second {
		t.Errorf("X's profile is %+v", x)
	}
	for c, want := range map[media.Category]int64{
		media.TweetImage: 5_242_880, media.DMImage: 5_242_880, media.TweetGIF: 15_728_640, media.DMGIF: 15_728_640,
		media.TweetVideo: 536_870_912, media.DMVideo: 536_870_912, media.AmplifyVideo: media.MaxTotalBytes,
		media.Subtitles: 10_485_760,
	} {
		if got := x.limits.Bytes(c, ""); got != want {
			t.Errorf("a %s may have %d bytes, want %d", c, got, want)
		}
	}
	for _, row := range []struct {
		what     string
		category media.Category
		form     media.Form
		ok       bool
	}{
		{"the smallest", media.TweetVideo, media.Form{Width: 32, Height: 32}, true},
		{"smaller", media.TweetVideo, media.Form{Width: 31, Height: 32}, false},
		{"the largest", media.DMVideo, media.Form{Width: 1280, Height: 1024}, true},
		{"the largest upright", media.TweetVideo, media.Form{Width: 1024, Height: 1280}, true},
		{"larger", media.TweetVideo, media.Form{Width: 1280, Height: 1026}, false},
		{"full HD", media.TweetVideo, media.Form{Width: 1920, Height: 1080}, false},
		{"full HD for subscribers", media.AmplifyVideo, media.Form{Width: 1920, Height: 1080}, true},
		{"4K for subscribers", media.AmplifyVideo, media.Form{Width: 3840, Height: 2160}, false},
		{"3:1", media.TweetVideo, media.Form{Width: 1200, Height: 400}, true},
		{"4:1", media.TweetVideo, media.Form{Width: 1200, Height: 300}, false},
		{"the shortest", media.TweetVideo, media.Form{Duration: 500 * time.Millisecond}, true},
		{"shorter", media.TweetVideo, media.Form{Duration: 499 * time.Millisecond}, false},
		{"the longest", media.TweetVideo, media.Form{Duration: 140 * time.Second}, true},
		{"longer", media.TweetVideo, media.Form{Duration: 140*time.Second + time.Millisecond}, false},
		{"four hours", media.AmplifyVideo, media.Form{Duration: 4 * time.Hour}, true},
		{"more than four hours", media.AmplifyVideo, media.Form{Duration: 4*time.Hour + time.Millisecond}, false},
		{"60 a second", media.TweetVideo, media.Form{Rate: 60}, true},
		{"61 a second", media.TweetVideo, media.Form{Rate: 61}, false},
		{"350 frames", media.TweetGIF, media.Form{Width: 480, Height: 480, Frames: 350}, true},
		{"351 frames", media.DMGIF, media.Form{Width: 480, Height: 480, Frames: 351}, false},
		{"1280×1080", media.TweetGIF, media.Form{Width: 1280, Height: 1080, Frames: 217}, true},
		{"1280×1080 in 218 frames", media.TweetGIF, media.Form{Width: 1280, Height: 1080, Frames: 218}, false},
	} {
		if err := x.limits.Of(row.category, "").Check(row.form); (err == nil) != row.ok {
			t.Errorf("%s, %s: %v", row.what, row.category, err)
		}
	}
}

// What is set by hand counts, with either profile, and be it zero.
func TestProfileByHand(t *testing.T) {
	for _, name := range profiles() {
		p := profileOf(t, "--profile", name, "--max-segment=1MiB", "--session-lifetime=1h", "--retention=0s")
		if p.maxSegment != 1<<20 || p.lifetime != time.Hour || p.brief != time.Hour || p.retention != 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
	t.Setenv("MAGPIE_RETENTION", "5m")
	if p := profileOf(t, settingsFile(t, "profile: x\nmax-segment: 8MiB\n")); p.maxSegment != 8<<20 || p.retention != 5*time.Minute || p.limits.TweetImage.MaxBytes != 5<<20 {
		t.Errorf("%+v", p)
	}
	if _, err := parseServe(t, "--profile=y"); err == nil {
		t.Error("a profile that is none is taken")
	}
}
