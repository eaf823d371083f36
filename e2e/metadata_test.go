package e2e

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

func (a answer) decode(into any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, into); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
}

// describe sets metadata, given as JSON, and gives all that is set then.
func (c client) describe(id, metadata string) map[string]any {
	c.t.Helper()
	d := c.curl("/2/media/metadata", asJSON(`{"id":"`+id+`","metadata":`+metadata+`}`)...).data()
	if d["id"] != id {
		c.t.Errorf("metadata answered %v", d)
	}
	associated, _ := d["associated_metadata"].(map[string]any)
	return associated
}

// The example of X's documentation, which breaks X's own stricter schema.
const documentedMetadata = `{
    "allow_download_status": {
      "allow_download": true
    },
    "audience_policy": {
      "creator_subscriptions": [],
      "x_subscriptions": []
    },
    "geo_restrictions": {
      "blacklisted_country_codes": [
        "us"
      ],
      "whitelisted_country_codes": [
        "us"
      ]
    },
    "sensitive_media_warning": {
      "adult_content": true,
      "graphic_violence": true,
      "other": false
    }
  }`

// All thirteen groups, each as it comes back. IMAGE is put in by the test.
const allMetadata = `{
  "allow_download_status": {"allow_download": false},
  "alt_text": {"text": "A dancing cat <b>&amp; 猫 \ud83d\udc08"},
  "audience_policy": {"creator_subscriptions": ["Any"], "x_subscriptions": []},
  "content_expiration": {"timestamp_sec": 4102444800},
  "domain_restrictions": {"whitelist": ["www.example.com"]},
  "found_media_origin": {"id": "u5BzatR15TZ04", "provider": "giphy"},
  "geo_restrictions": {"blacklisted_country_codes": [], "whitelisted_country_codes": ["US", "de"]},
  "management_info": {"managed": true},
  "preview_image": {"media_key": {"media": "IMAGE", "media_category": "TweetImage"}},
  "sensitive_media_warning": {"adult_content": false, "graphic_violence": true, "other": false},
  "shared_info": {"shared": true},
  "sticker_info": {"stickers": [{"aspect_ratio": 1.78, "group_annotation_id": 987654321098765, "id": "12345",
    "sticker_set_annotation_id": 123456789012345, "transform_a": 1, "transform_b": 0, "transform_c": 0,
    "transform_d": 1, "transform_tx": 10.5, "transform_ty": -5.2}]},
  "upload_source": {"upload_source": "gallery"}
}`

func TestMetadata(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	movie := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	c.succeeded(movie)
	var documented, all map[string]any
	filled := strings.ReplaceAll(allMetadata, "IMAGE", image)
	for text, into := range map[string]*map[string]any{documentedMetadata: &documented, filled: &all} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.describe(movie, documentedMetadata); !reflect.DeepEqual(got, documented) {
		t.Errorf("the documentation's example: %v", got)
	}
	poster := shownPoster(c.lookup("7_" + movie))
	if got := c.describe(movie, filled); !reflect.DeepEqual(got, all) || len(got) != 13 {
		t.Errorf("all thirteen groups: %v", got)
	}
	seen := c.lookup("7_" + movie)
	if words := all["alt_text"].(map[string]any)["text"]; seen["alt_text"] != words {
		t.Errorf("alt_text %q, want %q", seen["alt_text"], words)
	}
	if url := c.lookup("3_" + image)["url"]; shownPoster(seen) != url || url == poster {
		t.Errorf("preview_image_url %v, want the image's %v", seen["preview_image_url"], url)
	}
	// A call says nothing about the groups that it does not name.
	all["alt_text"] = map[string]any{"text": "Another cat"}
	if got := c.describe(movie, `{"alt_text":{"text":"Another cat"}}`); !reflect.DeepEqual(got, all) {
		t.Errorf("one group changed: %v", got)
	}
	delete(all, "alt_text")
	delete(all, "preview_image")
	if got := c.describe(movie, `{"alt_text":null,"preview_image":null}`); !reflect.DeepEqual(got, all) {
		t.Errorf("two groups cleared: %v", got)
	}
	if seen := c.lookup("7_" + movie); seen["alt_text"] != nil || shownPoster(seen) != poster {
		t.Errorf("after clearing: %v", seen)
	}
	if got := c.curl("/2/media/metadata", asJSON(`{"id":"`+movie+`"}`)...).data()["associated_metadata"]; !reflect.DeepEqual(got, any(all)) {
		t.Errorf("only the id: %v", got)
	}
}

// shownPoster is the poster of a lookup, without the ticket that it needs where
// the media is restricted.
func shownPoster(o map[string]any) string {
	url, _ := o["preview_image_url"].(string)
	url, _, _ = strings.Cut(url, "?")
	return url
}

func TestMetadataBeforeFinalize(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	id := c.initialize("image/png", "tweet_image", len(file))
	c.describe(id, `{"alt_text":{"text":"early"}}`)
	c.append(id, 0, file).data()
	c.finalize(id).data()
	if got := c.lookup("3_" + id)["alt_text"]; got != "early" {
		t.Errorf("alt_text %v", got)
	}
}

func TestMetadataRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	c.describe(id, `{"alt_text":{"text":"stays"}}`)
	long := strings.Repeat("ä", 1001)
	rows := []struct {
		body   string
		status int
		words  string
	}{
		{`{"metadata":{}}`, 400, "id"},
		{`{"id":12,"metadata":{}}`, 400, "string expected"},
		{`{"id":"x","metadata":{}}`, 400, "id"},
		{`{"media_id":"` + id + `"}`, 400, "media_id"},
		{`{"id":"` + id + `","alt_text":{"text":"no wrapper"}}`, 400, "alt_text"},
		{`{"id":"` + id + `","metadata":[]}`, 400, "metadata"},
		{`{"id":"` + id + `","metadata":"x"}`, 400, "metadata"},
		{`{"id":"` + id + `","metadata":{"alt_text":"plain"}}`, 400, "alt_text"},
		{`{"id":"` + id + `","metadata":{"alt_text":{}}}`, 400, "alt_text.text"},
		{`{"id":"` + id + `","metadata":{"alt_text":{"text":"` + long + `"}}}`, 400, "1000"},
		{`{"id":"` + id + `","metadata":{"colour":{}}}`, 400, "colour"},
		{`{"id":"` + id + `","metadata":{"alt_text":{"text":"x","lang":"en"}}}`, 400, "lang"},
		{`{"id":"` + id + `","metadata":{"geo_restrictions":{"whitelisted_country_codes":["USA"]}}}`, 400, "whitelisted_country_codes[0]"},
		{`{"id":"` + id + `","metadata":{"content_expiration":{"timestamp_sec":-1}}}`, 400, "timestamp_sec"},
		{`{"id":"` + id + `","metadata":{"preview_image":{"media_key":{"media":"1146654567674912769"}}}}`, 400, "preview_image"},
		{`{"id":"` + id + `","metadata":{"alt_text":{"text":"x"},"management_info":{"managed":"yes"}}}`, 400, "managed"},
		{`{"id":"1146654567674912769","metadata":{}}`, 404, "1146654567674912769"},
		{`{"id":"` + id + `","metadata":{`, 400, "JSON"},
		{``, 400, "JSON"},
		{`[]`, 400, "object"},
		{`null`, 400, "object"},
	}
	for _, row := range rows {
		c.call("POST", "/2/media/metadata", row.body, "Content-Type", "application/json").refused(row.status, row.words)
	}
	c.call("POST", "/2/media/metadata", `{}`, "Content-Type", "text/plain").refused(http.StatusBadRequest, "application/json")
	mine := map[string]any{"id": id, "metadata": map[string]any{}}
	c.as(s.token("7")).call("POST", "/2/media/metadata", mine).refused(http.StatusNotFound, id)
	if got := c.lookup("3_" + id)["alt_text"]; got != "stays" {
		t.Errorf("a refused call changed alt_text to %v", got)
	}
}
