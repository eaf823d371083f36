package ownapi

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// describeURL asks for oEmbed of a URL and gives what came, with its status.
func (s *embedRig) describeURL(address, more string) (oembedAnswer, int) {
	s.t.Helper()
	w := s.call(http.MethodGet, "/magpie/v1/oembed?url="+url.QueryEscape(address)+more)
	var out oembedAnswer
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
			s.t.Fatal(err)
		}
	}
	if w.Code == http.StatusTeapot { // what the tests' fail answers
		status := map[media.Code]int{media.CodeNotFound: 404, media.CodeUnauthorized: 401, media.CodeInvalid: 400}
		return out, status[media.Code(w.Header().Get("X-Code"))]
	}
	return out, w.Code
}

const here = "http://example.com" // the host of httptest's requests

func TestOEmbed(t *testing.T) {
	s := newEmbedRig(t)
	s.say(s.video, "alt_text", `{"text":"A <b>\"cat\""}`)
	page := here + "/magpie/v1/embed/" + string(s.video.Key())
	video, status := s.describeURL(page, "&maxwidth=320")
	if status != http.StatusOK || video.Type != "video" || video.Version != "1.0" || video.Width != 320 || video.Height != 180 ||
		video.Title != `A <b>"cat"` || video.ThumbnailURL != "" || video.URL != "" || video.ProviderName != "magpie" || video.ProviderURL != here+"/" {
		t.Errorf("%d %+v", status, video)
	}
	if !strings.HasPrefix(video.HTML, `<iframe src="`+page+`" width="320" height="180" title="A &lt;b&gt;&#34;cat&#34;"`) {
		t.Error(video.HTML)
	}
	if same, _ := s.describeURL(here+"/media/"+s.video.Slug+"/master.m3u8", "&maxwidth=320"); same != video {
		t.Errorf("by a file: %+v", same)
	}
	whole, _ := s.describeURL(page, "")
	if whole.ThumbnailURL != here+"/media/"+s.video.Slug+"/poster.jpg" || whole.ThumbnailWidth != 640 || whole.ThumbnailHeight != 360 {
		t.Errorf("%+v", whole)
	}

	photo := s.photo()
	at := here + "/media/" + photo.Slug
	for _, c := range []struct {
		more, file    string
		width, height int
	}{
		{"", "medium.png", 1000, 500}, {"&maxwidth=800", "small.png", 680, 340}, {"&maxheight=100", "small.png", 200, 100},
	} {
		got, status := s.describeURL(at+".jpg:large", c.more)
		if status != http.StatusOK || got.Type != "photo" || got.URL != at+"/"+c.file || got.Width != c.width || got.Height != c.height || got.HTML != "" {
			t.Errorf("%s: %d %+v", c.more, status, got)
		}
	}
	s.say(photo, "sensitive_media_warning", `{"adult_content":true,"graphic_violence":false,"other":false}`)
	if got, _ := s.describeURL(at, ""); got.Type != "rich" || got.URL != "" || got.ThumbnailURL != "" || !strings.Contains(got.HTML, "<iframe") {
		t.Errorf("a sensitive photo: %+v", got)
	}
}

func TestOEmbedXML(t *testing.T) {
	s := newEmbedRig(t)
	s.say(s.video, "alt_text", `{"text":"A <b> & ]]>"}`)
	w := s.call(http.MethodGet, "/magpie/v1/oembed?format=xml&url="+url.QueryEscape(here+"/magpie/v1/embed/"+string(s.video.Key())))
	var out oembedAnswer
	if err := xml.Unmarshal(w.Body.Bytes(), &out); err != nil || out.XMLName.Local != "oembed" || out.Title != "A <b> & ]]>" || out.Width != 640 {
		t.Errorf("%v: %s", err, w.Body)
	}
	if w.Header().Get("Content-Type") != "text/xml; charset=utf-8" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%v", w.Header())
	}
}

func TestOEmbedRefuses(t *testing.T) {
	s := newEmbedRig(t)
	page := here + "/magpie/v1/embed/" + string(s.video.Key())
	waiting := s.pending(media.TweetVideo)
	for address, want := range map[string]int{
		"": 400, "x": 404, "ftp://example.com/media/x": 404, "http://elsewhere.example/magpie/v1/embed/" + string(s.video.Key()): 404,
		here: 404, here + "/media/": 404, here + "/media/nothing": 404, here + "/magpie/v1/embed/7_1": 404, "http://%zz": 404,
		here + "/magpie/v1/embed/" + string(waiting.Key()): 404,
	} {
		if _, status := s.describeURL(address, ""); status != want {
			t.Errorf("%q: %d, want %d", address, status, want)
		}
	}
	for more, want := range map[string]int{
		"&format=yaml": http.StatusNotImplemented, "&maxwidth=0": 400, "&maxwidth=x": 400, "&maxheight=-1": 400, "&format=json": http.StatusOK,
	} {
		if _, status := s.describeURL(page, more); status != want {
			t.Errorf("%s: %d, want %d", more, status, want)
		}
	}

	s.say(s.video, "audience_policy", `{"creator_subscriptions":["Any"],"x_subscriptions":[]}`)
	ticket := testRing.SignTicket(policy.Ticket{Owner: owner, Expires: s.clock.Add(time.Hour), Creator: true, Country: "JP"})
	if _, status := s.describeURL(page, ""); status != http.StatusUnauthorized {
		t.Errorf("for subscribers: %d", status)
	}
	if got, status := s.describeURL(page+"?ticket="+ticket, ""); status != http.StatusOK || got.ThumbnailURL != "" || !strings.Contains(got.HTML, "ticket="+ticket) {
		t.Errorf("with a subscriber's ticket: %d %+v", status, got)
	}
	if _, status := s.describeURL(page+"?ticket=x"+ticket, ""); status != http.StatusUnauthorized {
		t.Errorf("with a forged ticket: %d", status)
	}
	s.say(s.video, "content_expiration", `{"timestamp_sec":1}`)
	if _, status := s.describeURL(page+"?ticket="+ticket, ""); status != http.StatusNotFound {
		t.Errorf("expired: %d", status)
	}
}

// Where and by whom a frame may be shown is decided when it is opened.
func TestOEmbedOfWhatSomeSitesShow(t *testing.T) {
	s := newEmbedRig(t)
	s.say(s.video, "domain_restrictions", `{"whitelist":["a.example"]}`)
	s.say(s.video, "geo_restrictions", `{"blacklisted_country_codes":["US"],"whitelisted_country_codes":[]}`)
	got, status := s.describeURL(here+"/magpie/v1/embed/"+string(s.video.Key()), "")
	if status != http.StatusOK || got.ThumbnailURL != "" || !strings.Contains(got.HTML, "<iframe") || strings.Contains(got.HTML, "ticket") {
		t.Errorf("%d %+v", status, got)
	}
}
