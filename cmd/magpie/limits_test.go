package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// The same limits by flag, by environment and by file, on top of either
// profile's.
func TestLimitsByHand(t *testing.T) {
	const rules = "tweet_video.max_bytes=1GiB,tweet_video.max_seconds=600.5,dm_image.max_width=4096,amplify_video.plain=false,subtitles.max_bytes=100"
	file := settingsFile(t, `
limits:
  tweet_video: {max_bytes: 1GiB, max_seconds: 600.5}
  dm_image:
    max_width: 4096
    max_height:
  amplify_video: {plain: false}
  subtitles: {max_bytes: 100}
  dm_gif:
`)
	for _, name := range profiles() {
		want := profileOf(t, "--profile", name).limits
		want.TweetVideo.MaxBytes, want.TweetVideo.MaxDuration = 1<<30, 600*time.Second+500*time.Millisecond
		want.DMImage.MaxWidth, want.AmplifyVideo.Plain, want.Subtitles.MaxBytes = 4096, false, 100
		check := func(how string, args ...string) {
			t.Helper()
			if diff := cmp.Diff(want, profileOf(t, append(args, "--profile", name)...).limits); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", name, how, diff)
			}
		}
		check("by file", file)
		check("by flag", "--limits="+rules)
		first, rest, _ := strings.Cut(rules, ",")
		check("by two flags", "--limits", first, "--limits", rest)
		check("by flag before the file", "--limits="+rules, settingsFile(t, "limits: {tweet_gif: {max_frames: 1}}"))
		t.Setenv("MAGPIE_LIMITS", rules)
		check("by environment", settingsFile(t, "limits: {tweet_gif: {max_frames: 1}}"))
		check("as a list in the file", settingsFile(t, "limits: ["+rules+"]"))
		t.Setenv("MAGPIE_LIMITS", "")
	}
}

// Large numbers in YAML are not written with an exponent.
func TestLargeLimitInFile(t *testing.T) {
	l := profileOf(t, settingsFile(t, "limits: {tweet_image: {max_bytes: 16000000000, max_pixels: 1000000000}, tweet_video: {max_seconds: 900000.0}}")).limits
	if l.TweetImage.MaxBytes != 16_000_000_000 || l.TweetImage.MaxPixels != 1_000_000_000 || l.TweetVideo.MaxDuration != 900_000*time.Second {
		t.Errorf("%+v", l)
	}
}

// Every key sets what it says, and only for the categories that have it.
func TestEveryLimitKey(t *testing.T) {
	values := map[string]string{"max_bytes": "7", "turned": "true", "plain": "true"}
	for _, k := range limitKeys() {
		for _, c := range limited() {
			value, ok := values[k.name]
			if !ok {
				value = "7"
			}
			var l media.Limits
			err := setLimit(&l, fmt.Sprintf("%s.%s=%s", c, k.name, value))
			if has := slices.Contains(k.kinds, c.Kind()); (err == nil) != has {
				t.Errorf("%s.%s: %v", c, k.name, err)
			} else if has == (l == media.Limits{}) || has != (l.Of(c, "") != media.Limit{}) {
				t.Errorf("%s.%s gives %+v", c, k.name, l)
			}
		}
	}
}

func TestLimitsRefused(t *testing.T) {
	for rule, want := range map[string]string{
		"tweet_video":                     "is not category.key=value",
		"max_bytes=5":                     "is not category.key=value",
		"tweet_film.max_bytes=5":          `"tweet_film" is not one of amplify_video, `,
		"tweet_video.max_size=5":          `tweet_video has no limit "max_size", but max_bytes, max_pixels, `,
		"tweet_image.max_seconds=5":       `tweet_image has no limit "max_seconds"`,
		"subtitles.max_pixels=5":          `subtitles has no limit "max_pixels", but max_bytes`,
		"tweet_video.max_bytes=much":      "is not a size, such as 64MiB",
		"tweet_video.max_bytes=0":         "from 1 to 16GiB",
		"tweet_video.max_bytes=17GiB":     "from 1 to 16GiB",
		"tweet_video.max_pixels=0":        "from 1 to 1099511627776",
		"tweet_video.max_width=-1":        "from 0 to 1048576",
		"tweet_video.max_rate=29.97":      "a whole number",
		"tweet_video.max_seconds=10m":     "a number of seconds",
		"tweet_video.max_seconds=NaN":     "a number of seconds",
		"tweet_video.max_seconds=1e300":   "a number of seconds",
		"tweet_video.turned=yes":          "true or false",
		"tweet_gif.max_frames=5000000000": "from 0 to 1073741824",
	} {
		_, err := parseServe(t, "--limits", rule)
		if err == nil || !strings.Contains(err.Error(), "--limits: ") || !strings.Contains(err.Error(), rule) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rule, err, want)
		}
	}
	for yaml, want := range map[string]string{
		"limits: {tweet_video: 5}":                  "limits: tweet_video has 5, and must have a mapping",
		"limits: {tweet_video: {max_bytes: [1]}}":   "tweet_video.max_bytes",
		"limits: {tweet_video: {max_secs: 5}}":      `tweet_video has no limit "max_secs"`,
		"limits: tweet_video\n":                     "is not category.key=value",
		"limits: {tweet_video: {max_rate: {a: 1}}}": "a whole number",
	} {
		if _, err := parseServe(t, settingsFile(t, yaml)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
}

// docs/configuration.md lists every key, in order, with the kinds that have it.
func TestLimitsPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "### Limits")
	section, _, _ = strings.Cut(section, "\n## ")
	var got, want []string
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "| "), " | ")
		if len(cells) == 3 && strings.HasPrefix(cells[0], "`") {
			got = append(got, strings.Trim(cells[0], "`")+" "+cells[1])
		}
	}
	for _, k := range limitKeys() {
		kinds := names(k.kinds)
		switch len(k.kinds) {
		case 5:
			kinds = "all"
		case 3:
			kinds = "images, GIFs, videos"
		case 2:
			kinds = "GIFs, videos"
		case 1:
			kinds = "videos"
		}
		want = append(want, k.name+" "+kinds)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the page and the program differ (-program +page):\n%s", diff)
	}
}
