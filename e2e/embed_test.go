package e2e

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// oembedOf is what oEmbed says of an address.
type oembedOf struct {
	XMLName      xml.Name `json:"-"`
	Type         string   `json:"type" xml:"type"`
	URL          string   `json:"url" xml:"url"`
	Title        string   `json:"title" xml:"title"`
	Width        int      `json:"width" xml:"width"`
	Height       int      `json:"height" xml:"height"`
	HTML         string   `json:"html" xml:"html"`
	ThumbnailURL string   `json:"thumbnail_url" xml:"thumbnail_url"`
}

var alternate = regexp.MustCompile(`<link rel="alternate" type="([a-z]+/[a-z]+)\+oembed" href="([^"]+)"`)

// TestEmbedPage fetches the page without a browser, follows its links to oEmbed,
// and the frame in there back to a page.
func TestEmbedPage(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	up := c.upload("video/mp4", "tweet_video", film(t, "mp4", slices.Concat(picture("320x180", 2), h264())...), 1<<20)
	id, key := up["id"].(string), up["media_key"].(string)
	c.succeeded(id)
	c.describe(id, `{"alt_text": {"text": "Bars & a tone"}}`)
	anyone := c.as("")
	page := anyone.call("GET", "/magpie/v1/embed/"+key, nil)
	if page.status != http.StatusOK || !strings.Contains(string(page.body), `aria-label="Bars &amp; a tone"`) {
		t.Fatalf("%d %s", page.status, page.body)
	}
	links := alternate.FindAllStringSubmatch(string(page.body), -1)
	if len(links) != 2 {
		t.Fatalf("links to oEmbed: %q", links)
	}
	for _, l := range links {
		a := anyone.call("GET", strings.ReplaceAll(l[2], "&amp;", "&"), nil)
		var said oembedOf
		var err error
		if l[1] == "text/xml" {
			err = xml.Unmarshal(a.body, &said)
		} else {
			err = json.Unmarshal(a.body, &said)
		}
		if err != nil || a.status != http.StatusOK || said.Type != "video" || said.Title != "Bars & a tone" || said.Width != 320 || said.Height != 180 {
			t.Errorf("%s: %v %d %s", l[1], err, a.status, a.body)
		}
		if poster := anyone.call("GET", said.ThumbnailURL, nil); poster.header.Get("Content-Type") != "image/jpeg" {
			t.Errorf("the thumbnail %q: %d", said.ThumbnailURL, poster.status)
		}
		if !strings.HasPrefix(said.HTML, `<iframe src="`+c.embedURL(key, "")+`"`) {
			t.Errorf("no frame of the page in %s", said.HTML)
		}
	}
	image := c.upload("image/png", "tweet_image", tinyPNG(t, 1), 1<<20)
	show := c.lookup(image["media_key"].(string))["url"].(string)
	var photo oembedOf
	anyone.call("GET", "/magpie/v1/oembed?url="+url.QueryEscape(show), nil).decode(&photo)
	if photo.Type != "photo" || anyone.call("GET", photo.URL, nil).header.Get("Content-Type") != "image/png" {
		t.Errorf("%+v", photo)
	}
	address := url.QueryEscape(c.embedURL(key, ""))
	anyone.call("GET", "/magpie/v1/oembed?format=yaml&url="+address, nil).refused(http.StatusNotImplemented, "yaml", "json")
	anyone.call("GET", "/magpie/v1/oembed?maxwidth=-1&url="+address, nil).refused(http.StatusBadRequest, "maxwidth")
	anyone.call("GET", "/magpie/v1/oembed", nil).refused(http.StatusBadRequest, "url")
	anyone.call("GET", "/magpie/v1/oembed?url="+url.QueryEscape("https://x.com/a"), nil).refused(http.StatusNotFound, "https://x.com/a")
}

// TestEmbedActsAtOnce: what is set acts on the page, and on what an open page
// asks for, within a second.
func TestEmbedActsAtOnce(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	up := c.upload("image/png", "tweet_image", tinyPNG(t, 2), 1<<20)
	id, path := up["id"].(string), "/magpie/v1/embed/"+up["media_key"].(string)
	anyone := c.as("")
	for _, step := range []struct {
		set     string
		status  int
		words   string
		headers []string
	}{
		{`{"alt_text": {"text": "Seen"}}`, 200, "Seen", nil},
		{`{"audience_policy": {"creator_subscriptions": ["Any"], "x_subscriptions": []}}`, 403, "subscribers", nil},
		{`{"audience_policy": null, "domain_restrictions": {"whitelist": ["a.example"]}}`, 403, "some sites only", nil},
		{`{"alt_text": {"text": "Seen"}}`, 403, "b.example", []string{"Referer", "https://b.example/page"}},
		{`{"alt_text": {"text": "Seen"}}`, 200, "Seen", []string{"Referer", "https://www.a.example/"}},
		{`{"domain_restrictions": null, "geo_restrictions": {"blacklisted_country_codes": ["US"], "whitelisted_country_codes": []}}`, 451, "countries", nil},
		{fmt.Sprintf(`{"geo_restrictions": null, "content_expiration": {"timestamp_sec": %d}}`, time.Now().Unix()-1), 410, "not available any more", nil},
		{`{"content_expiration": null}`, 200, "Seen", nil},
	} {
		c.describe(id, step.set)
		a := anyone.call("GET", path, nil, step.headers...)
		if a.status != step.status || !strings.Contains(string(a.body), step.words) || a.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("after %s: %d %s\n%s", step.set, a.status, a.header.Get("Content-Type"), a.body)
		}
	}
}

// TestEmbedGrant opens a subscribers' video by a grant, which its page carries into
// the playlist and every file that is named there.
func TestEmbedGrant(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	up := c.upload("video/mp4", "tweet_video", film(t, "mp4", slices.Concat(picture("320x180", 2), h264())...), 1<<20)
	id, path := up["id"].(string), "/magpie/v1/embed/"+up["media_key"].(string)
	c.succeeded(id)
	c.describe(id, `{"audience_policy": {"creator_subscriptions": ["Any"], "x_subscriptions": []}}`)
	var signed struct{ Data struct{ Grant string } }
	c.call("POST", "/magpie/v1/grants", map[string]any{"viewer": "vera", "subscriptions": []string{"creator"}}).decode(&signed)
	anyone := c.as("")
	page := anyone.call("GET", path+"?grant="+signed.Data.Grant, nil)
	var told struct{ Master string }
	data := regexp.MustCompile(`id="data">(.*)</script>`).FindSubmatch(page.body)
	if data == nil {
		t.Fatalf("%d %s", page.status, page.body)
	}
	if err := json.Unmarshal(data[1], &told); err != nil {
		t.Fatal(err)
	}
	master := anyone.call("GET", told.Master, nil)
	if master.status != http.StatusOK || !strings.Contains(string(master.body), ".m3u8?ticket=") {
		t.Errorf("%d %s", master.status, master.body)
	}
	bare, _, _ := strings.Cut(told.Master, "?")
	anyone.call("GET", bare, nil).refused(http.StatusForbidden, "subscribers")
	if other := anyone.call("GET", path, nil); other.status != http.StatusForbidden || strings.Contains(string(other.body), "ticket") {
		t.Errorf("without the grant: %d %s", other.status, other.body)
	}
}
