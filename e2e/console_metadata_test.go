package e2e

import (
	"bytes"
	"encoding/json"
	"image/color"
	"image/jpeg"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConsoleMetadata sets and clears every group of metadata in the console, and
// attaches subtitles. The API says what came of it, and somebody who is not
// signed in sees it.
func TestConsoleMetadata(t *testing.T) {
	t.Parallel()
	s := start(t, "--trusted-proxies", "127.0.0.1", "--country-header", "X-Country")
	ann := s.newUser("ann")
	c := s.client().as(s.token(ann))
	// The picture is red for two seconds, then blue.
	film := film(t, "mp4", slices.Concat([]string{
		"-f", "lavfi", "-i", "color=c=red:size=320x180:rate=25:duration=2", "-f", "lavfi", "-i", "color=c=blue:size=320x180:rate=25:duration=2",
		"-filter_complex", "concat=n=2:v=1",
	}, h264())...)
	up := c.upload("video/mp4", "tweet_video", film, 1<<20)
	video, key := up["id"].(string), up["media_key"].(string)
	photo := c.upload("image/png", "tweet_image", plainPNG(t, 640, 320, color.RGBA{0, 0, 200, 255}), 1<<20)["id"].(string)
	sticker := c.upload("image/png", "tweet_image", plainPNG(t, 100, 100, color.RGBA{200, 0, 0, 255}), 1<<20)["id"].(string)
	c.describe(sticker, `{"alt_text":{"text":"A red square"}}`)
	c.succeeded(video)
	given := map[string]any{"video": video, "key": key, "photo": photo, "english": englishSRT + "\n2\n00:00:02,000 --> 00:00:03,500\nGood &amp; night\n", "portuguese": "WEBVTT\n\n00:00.500 --> 00:01.500\nBom dia\n"}

	var saw struct {
		Refused map[string]struct {
			Words, Field  string
			Tied, Focused bool
		}
		Seen                                          map[string]string
		Count, None, Past, Poster, Stayed, Kept, Long string
		Laid                                          int
		Asked, Axe, Complaints                        []string
		Sent                                          [][]string
	}
	given["do"] = "set"
	s.browse("metadata", given, &saw)

	for group, want := range map[string]struct{ field, words string }{
		"alt_text":            {"alt-text", "1001"},
		"preview_image":       {"preview-media", "must be the id of an image that this user may use"},
		"domain_restrictions": {"domain-hosts", "“https://example.org/page” is not a host name"},
		"sticker_info":        {"sticker-1-group_annotation_id", "“9223372036854775808” is not a whole number"},
	} {
		if got := saw.Refused[group]; got.Field != want.field || !strings.Contains(got.Words, want.words) || !got.Tied || !got.Focused {
			t.Errorf("%s: %+v, want %+v", group, got, want)
		}
	}
	if !strings.Contains(saw.Refused["found_media_origin"].Words, "At most 8") {
		t.Errorf("refused with others: %+v", saw.Refused)
	}
	wantSeen := map[string]string{
		"before": "200", "warning": "200", "elsewhere": "451", "there": "200", "download": "200", "expired": "410", "again": "200", "audience": "403",
	}
	if diff := cmp.Diff(wantSeen, saw.Seen); diff != "" {
		t.Errorf("what a viewer sees (-want +got):\n%s", diff)
	}
	if saw.Count != "11 of 1,000 characters" || saw.None != "Countries found: 0" || !strings.Contains(saw.Past, "nobody sees") || saw.Laid != 2 || saw.Long != "9223372036854775807" {
		t.Errorf("%+v", saw)
	}
	if !slices.Equal(saw.Asked, []string{"confirm", "confirm", "beforeunload"}) || saw.Stayed != "not saved" || saw.Kept != "A dancing 🐈" {
		t.Errorf("leaving: %q, then %q and %q", saw.Asked, saw.Stayed, saw.Kept)
	}
	if !slices.EqualFunc(saw.Sent, [][]string{{"found_media_origin", "upload_source"}}, slices.Equal) {
		t.Errorf("saving two groups sent %v", saw.Sent)
	}
	if len(saw.Axe) > 0 {
		t.Errorf("axe: %q", saw.Axe)
	}

	want := map[string]string{
		"alt_text":                `{"text":"A dancing 🐈"}`,
		"sensitive_media_warning": `{"adult_content":false,"graphic_violence":true,"other":false}`,
		"preview_image":           `{"media_key":{"media":"` + saw.Poster + `","media_category":"TweetImage"}}`,
		"geo_restrictions":        `{"blacklisted_country_codes":["AQ","CI"],"whitelisted_country_codes":["JP"]}`,
		"domain_restrictions":     `{"whitelist":["example.com","xn--mnchen-3ya.example"]}`,
		"audience_policy":         `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`,
		"content_expiration":      `{"timestamp_sec":1899358215}`,
		"allow_download_status":   `{"allow_download":false}`,
		"shared_info":             `{"shared":true}`,
		"found_media_origin":      `{"id":"u5BzatR15TZ04","provider":"giphy"}`,
		"upload_source":           `{"upload_source":"camera roll"}`,
		"management_info":         `{"managed":true}`,
	}
	if diff := cmp.Diff(want, c.groupsOf(video)); diff != "" {
		t.Errorf("the video's metadata (-want +got):\n%s", diff)
	}
	laid := map[string]string{"sticker_info": `{"stickers":[` +
		`{"group_annotation_id":9223372036854775807,"id":"` + sticker + `","transform_a":1,"transform_b":0,"transform_c":0,"transform_d":1,"transform_tx":100.50,"transform_ty":0},` +
		`{"id":"smile","transform_a":1,"transform_b":0,"transform_c":0,"transform_d":1,"transform_tx":0,"transform_ty":0}]}`}
	if diff := cmp.Diff(laid, c.groupsOf(photo)); diff != "" {
		t.Errorf("the photo's metadata (-want +got):\n%s", diff)
	}

	// The poster is the frame that was chosen, and lookups give it.
	image := c.lookup("3_" + saw.Poster)
	if url := c.lookup(key)["preview_image_url"]; url != image["url"] || url == nil {
		t.Errorf("the poster is %v, and the frame %v", url, image["url"])
	}
	frame := c.original(saw.Poster)
	picture, err := jpeg.Decode(bytes.NewReader(frame.body))
	if err != nil {
		t.Fatalf("the frame: %v", err)
	}
	if r, _, b, _ := picture.At(160, 90).RGBA(); picture.Bounds().Dx() != 320 || picture.Bounds().Dy() != 180 || r>>8 > 60 || b>>8 < 190 {
		t.Errorf("the frame is %v, its middle red %d and blue %d", picture.Bounds(), r>>8, b>>8)
	}

	var then struct {
		States, After                      map[string]string
		Refused, Tag, Cue, Sure            string
		List, Lines, Left, Axe, Complaints []string
	}
	given["do"] = "clear"
	given["groups"] = []string{
		"alt_text", "sensitive_media_warning", "preview_image", "geo_restrictions", "domain_restrictions", "audience_policy",
		"content_expiration", "allow_download_status", "shared_info", "found_media_origin", "upload_source", "management_info", "sticker_info",
	}
	s.browse("metadata", given, &then)
	for _, group := range given["groups"].([]string) {
		if then.States[group] != "Set" || then.After[group] != "Not set" {
			t.Errorf("%s is shown as %q, cleared as %q", group, then.States[group], then.After[group])
		}
	}
	for _, id := range []string{video, photo} {
		if left := c.groupsOf(id); len(left) > 0 {
			t.Errorf("left of %s: %v", id, left)
		}
	}
	if a := c.as("").call("GET", "/magpie/v1/embed/"+key, nil, "X-Country", "FR"); a.status != http.StatusOK {
		t.Errorf("once all is cleared a viewer gets %d", a.status)
	}
	if !strings.Contains(then.Refused, "line 2") || !strings.Contains(then.Tag, "“not a tag” is no language tag") || !strings.Contains(then.Sure, "“English”") {
		t.Errorf("%+v", then)
	}
	if !slices.Equal(then.List, []string{"English", "Brasil"}) || !slices.Equal(then.Left, []string{"Brasil"}) ||
		!slices.Equal(then.Lines, []string{"Good morning", "Good & night"}) || then.Cue != "Good &amp; night" {
		t.Errorf("%+v", then)
	}
	if len(then.Axe) > 0 {
		t.Errorf("axe: %q", then.Axe)
	}
	for _, words := range slices.Concat(saw.Complaints, then.Complaints) {
		if !strings.HasPrefix(words, "Failed to load resource: the server responded with a status of 4") { // what was refused
			t.Errorf("the browser says: %s", words)
		}
	}
	var detail struct {
		Data struct {
			Subtitles []struct {
				Language    string
				DisplayName string `json:"display_name"`
			}
		}
	}
	c.call("GET", "/magpie/v1/media/"+video, nil).decode(&detail)
	if got := detail.Data.Subtitles; len(got) != 1 || got[0].Language != "pt-BR" || got[0].DisplayName != "Brasil" {
		t.Errorf("attached: %+v", got)
	}
}

// groupsOf reads what is set of a media's metadata, each group as the API writes it.
func (c client) groupsOf(id string) map[string]string {
	c.t.Helper()
	var a struct {
		Data struct {
			Metadata map[string]json.RawMessage
		}
	}
	c.call("GET", "/magpie/v1/media/"+id, nil).is(http.StatusOK).decode(&a)
	groups := map[string]string{}
	for name, value := range a.Data.Metadata {
		groups[name] = string(value)
	}
	return groups
}
