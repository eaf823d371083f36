package media

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// everyCategory is X's eight and magpie's own.
func everyCategory() []Category { return append(Categories(), Model) }

func TestParseCategory(t *testing.T) {
	for _, c := range Categories() {
		if got, err := ParseCategory(string(c)); err != nil || got != c {
			t.Errorf("ParseCategory(%q) = %q, %v", c, got, err)
		}
	}
	for want, spellings := range map[Category][]string{
		TweetImage:   {"TWEET_IMAGE", "TweetImage", "tweetimage", "Tweet_Image", "tweetImage"},
		TweetVideo:   {"TWEET_VIDEO", "TweetVideo", "tweetvideo", "TWEETVIDEO"},
		TweetGIF:     {"TWEET_GIF", "TweetGif", "TweetGIF", "tweetgif"},
		AmplifyVideo: {"AMPLIFY_VIDEO", "AmplifyVideo", "amplifyvideo"},
		DMImage:      {"DM_IMAGE", "DmImage", "DMImage", "dmimage"},
		DMVideo:      {"DM_VIDEO", "DmVideo", "dmvideo"},
		DMGIF:        {"DM_GIF", "DmGif", "dmgif"},
		Subtitles:    {"SUBTITLES", "Subtitles"},
	} {
		for _, text := range spellings {
			if got, err := ParseCategory(text); err != nil || got != want {
				t.Errorf("ParseCategory(%q) = %q, %v", text, got, err)
			}
		}
	}
	for _, text := range []string{
		"", "model", "tweet_image ", "image", "tweet-image", "tweet__image", "t_weetimage", "tweet_image_", "tweet", "sub_titles",
		"tweetv\u0130deo", "\u017fubtitles", "tweet\x00image", "TweetVideo2", "broadcast_video",
	} {
		got, err := ParseCategory(text)
		e, ok := err.(*Error)
		if !ok || got != "" || e.Code != CodeInvalid || e.Field != "media_category" || e.Value != text {
			t.Errorf("ParseCategory(%q) = %q, %+v", text, got, err)
		}
	}
	_, err := ParseCategory("photo")
	want := "media_category is not one of [amplify_video, tweet_gif, tweet_image, tweet_video, dm_gif, dm_image, dm_video, subtitles]"
	if got := err.(*Error).Message(); got != want {
		t.Errorf("the words are %q, want %q", got, want)
	}
}

func TestCategoryFacts(t *testing.T) {
	want := map[Category]struct {
		kind Kind
		key  Key
	}{
		TweetImage:   {KindImage, "3_5"},
		TweetVideo:   {KindVideo, "7_5"},
		AmplifyVideo: {KindVideo, "13_5"},
		TweetGIF:     {KindGIF, "16_5"},
		DMImage:      {KindImage, "1003_5"},
		DMVideo:      {KindVideo, "1007_5"},
		DMGIF:        {KindGIF, "1016_5"},
		Subtitles:    {KindSubtitle, "1020_5"},
		Model:        {KindModel, "1021_5"},
		"":           {"", ""},
		"photo":      {"", ""},
	}
	for c, w := range want {
		if c.Kind() != w.kind || KeyOf(c, 5) != w.key {
			t.Errorf("%q: kind %q, key %q", c, c.Kind(), KeyOf(c, 5))
		}
	}
	for _, c := range everyCategory() {
		if _, ok := want[c]; !ok {
			t.Errorf("%s is not in this table", c)
		}
	}
}

// A key tells its id, and no two media have the same key.
func TestKeyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, d := rapid.SampledFrom(everyCategory()).Draw(t, "c"), rapid.SampledFrom(everyCategory()).Draw(t, "d")
		id, other := ID(rapid.Int64Range(1, 1<<63-1).Draw(t, "id")), ID(rapid.Int64Range(1, 1<<63-1).Draw(t, "other"))
		if got, err := ParseKey(string(KeyOf(c, id))); err != nil || got != id {
			t.Fatalf("ParseKey(%q) = %s, %v", KeyOf(c, id), got, err)
		}
		if (KeyOf(c, id) == KeyOf(d, other)) != (c == d && id == other) {
			t.Fatalf("%s %s and %s %s have the keys %s and %s", c, id, d, other, KeyOf(c, id), KeyOf(d, other))
		}
	})
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{
		"7_1146654567674912769", "3_1", "99999999999_1", "7_9223372036854775808", "", "_", "7_", "_7", "7", "7_7_7",
		"-7_7", "7_-7", "7_0", " 7_7", "7_7\n", "٧_7", "7/../_7", "0000000003_0001",
	} {
		f.Add(seed)
	}
	key := regexp.MustCompile(`^[0-9]{1,10}_[0-9]{1,19}$`)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseKey(text)
		if err == nil && (id <= 0 || !key.MatchString(text)) {
			t.Errorf("ParseKey(%q) = %s", text, id)
		}
		if err != nil && (id != 0 || CodeOf(err) != CodeInvalid) {
			t.Errorf("ParseKey(%q) = %s, %v", text, id, err)
		}
	})
}
