package delivery

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// Whatever is asked of a media, and however, the same rule is asked.
func TestAudience(t *testing.T) {
	h := newHouse(t)
	h.attach()
	h.describe(7, `{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`)
	for _, name := range everyFile() {
		path := "video-video-vide/" + name
		h.refuses(media.CodeForbidden, path)
		h.refuses(media.CodeForbidden, path, "X-User", "3")
		h.refuses(media.CodeForbidden, path+"?"+h.sign(policy.Ticket{Media: 7}))
		h.refuses(media.CodeForbidden, path+"?"+h.sign(policy.Ticket{Media: 3, Creator: true}))
		h.refuses(media.CodeForbidden, path+"?"+h.sign(policy.Ticket{Owner: "9", Creator: true}))
		h.refuses(media.CodeForbidden, path+"?"+h.sign(policy.Ticket{Expires: h.now, Creator: true}))
		h.refuses(media.CodeForbidden, path+"?ticket=forged")
		h.opens(path + "?" + h.sign(policy.Ticket{Media: 7, Creator: true}))
		h.opens(path + "?" + h.sign(policy.Ticket{Creator: true}))
		h.opens(path + "?" + h.sign(policy.Ticket{Media: 7, Full: true}))
		h.opens(path, "X-User", "1")
		h.opens(path, "X-User", "2")
	}
	h.opens("photophotophoto_/large.jpg") // another media
	h.describe(7, `{"audience_policy":null}`)
	h.opens("video-video-vide/master.m3u8")
	h.opens("video-video-vide/master.m3u8?ticket=forged") // asked by nobody now
}

func TestGeoAndDomain(t *testing.T) {
	h := newHouse(t)
	h.attach()
	h.describe(7, `{"geo_restrictions":{"blacklisted_country_codes":["us"],"whitelisted_country_codes":["us","jp"]}}`)
	h.describe(3, `{"domain_restrictions":{"whitelist":["example.com"]}}`)
	for _, name := range everyFile() {
		h.opens("video-video-vide/"+name, "X-Country", "JP")
		h.refuses(media.CodeWithheld, "video-video-vide/"+name, "X-Country", "US")
		h.refuses(media.CodeWithheld, "video-video-vide/"+name)
	}
	for _, path := range []string{"photophotophoto_/large.jpg", "photophotophoto_/large.jpg?name=orig", "photophotophoto_?format=jpg&name=large", "photophotophoto_.jpg:large"} {
		h.opens(path, "X-Site", "www.example.com")
		h.refuses(media.CodeForbidden, path, "X-Site", "evil.example")
		h.refuses(media.CodeForbidden, path)
	}
}

func TestDownload(t *testing.T) {
	h := newHouse(t)
	const video, photo = "video-video-vide/", "photophotophoto_/"
	for path, name := range map[string]string{
		video + "640x360.mp4": "7-640x360.mp4", photo + "large.jpg?name=orig": "3-orig.png", photo + "large.jpg": "3-large.jpg", "model-model-mode/model.glb": "5-model.glb",
	} {
		more := path + "?download=1"
		if strings.Contains(path, "?") {
			more = path + "&download=1"
		}
		if got := h.get("GET", more).Header().Get("Content-Disposition"); got != `attachment; filename="`+name+`"` {
			t.Errorf("%s: %q", more, got)
		}
		if got := h.get("GET", path).Header().Get("Content-Disposition"); got != "" {
			t.Errorf("%s: %q", path, got)
		}
	}
	for _, id := range []media.ID{3, 5, 7} {
		h.describe(id, `{"allow_download_status":{"allow_download":false}}`)
	}
	plays := "?" + h.sign(policy.Ticket{})
	for _, path := range []string{video + "640x360.mp4", video + "master.m3u8", video + "640x360.m3u8", "model-model-mode/model.glb"} {
		h.refuses(media.CodeForbidden, path)
		h.opens(path + plays)
	}
	for _, path := range []string{video + "640x360.mp4", photo + "large.jpg", photo + "orig.png", video + "poster.jpg", "model-model-mode/model.glb"} {
		h.refuses(media.CodeForbidden, path+"?download=1")
		h.refuses(media.CodeForbidden, path+plays+"&download=1")
		h.opens(path+"?download=1", "X-User", "2")
		h.opens(path + "?download=1&" + h.sign(policy.Ticket{Full: true}))
	}
	for _, path := range []string{photo + "orig.png", photo + "large.jpg:orig", photo + "large.jpg?name=4096x4096", "photophotophoto_?format=png&name=orig"} {
		h.refuses(media.CodeForbidden, path)
		h.opens(path, "X-User", "1")
	}
	h.opens(photo + "large.jpg")
	h.opens(video + "poster.jpg")
}

func TestContentExpiration(t *testing.T) {
	h := newHouse(t)
	h.attach()
	h.describe(7, fmt.Sprintf(`{"content_expiration":{"timestamp_sec":%d}}`, h.now.Add(61*time.Second).Unix()))
	for _, name := range everyFile() {
		h.opens("video-video-vide/" + name)
		if got := h.get("GET", "video-video-vide/"+name).Header(); got.Get("Cache-Control") != "public, max-age=60" || got.Get("Vary") != "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	h.now = h.now.Add(time.Minute - 1)
	h.opens("video-video-vide/master.m3u8")
	h.now = h.now.Add(1)
	for _, name := range everyFile() {
		h.refuses(media.CodeGone, "video-video-vide/"+name)
		h.refuses(media.CodeGone, "video-video-vide/"+name, "X-User", "1")
		h.refuses(media.CodeGone, "video-video-vide/"+name+"?"+h.sign(policy.Ticket{Full: true}))
	}
}

// A change acts within a second, and no sooner than it must.
func TestChangesActWithinASecond(t *testing.T) {
	h := newHouse(t)
	const path = "photophotophoto_/large.jpg"
	h.opens(path)
	describe(t, h.catalog, 3, `{"audience_policy":{"creator_subscriptions":[],"x_subscriptions":["Any"]}}`)
	h.now = h.now.Add(recentFor - 1)
	h.opens(path)
	h.now = h.now.Add(1)
	h.refuses(media.CodeForbidden, path)
	describe(t, h.catalog, 3, `{"audience_policy":null}`)
	h.now = h.now.Add(-time.Hour) // a clock that was put back
	h.opens(path)
}

func TestCacheControl(t *testing.T) {
	h := newHouse(t)
	is := func(path, cache, vary, referrer string, headers ...string) {
		t.Helper()
		got := h.get("GET", path, headers...).Header()
		if got.Get("Cache-Control") != cache || got.Get("Vary") != vary || got.Get("Referrer-Policy") != referrer {
			t.Errorf("%s %v: %v", path, headers, got)
		}
	}
	const path, who = "photophotophoto_/large.jpg", "Authorization, Origin, Referer"
	is(path, "public, max-age=300", "", "")
	is(path, "public, max-age=300", "", "", "X-User", "1")
	is(path+"?"+h.sign(policy.Ticket{}), "public, max-age=300", "", "")
	h.describe(3, `{"geo_restrictions":{"blacklisted_country_codes":[],"whitelisted_country_codes":["JP"]}}`)
	is(path, "private, no-cache", who, "", "X-Country", "JP")
	is(path, "private, no-cache", who, "", "X-User", "1")
	is(path+"?"+h.sign(policy.Ticket{}), "private, max-age=60", who, "no-referrer", "X-Country", "JP")
	is(path+"?"+h.sign(policy.Ticket{Expires: h.now.Add(30500 * time.Millisecond)}), "private, max-age=30", who, "no-referrer", "X-Country", "JP")
	is(path, "", "", "") // a refusal
}

// What is set on a subtitle file acts under every video that it is attached to.
func TestSubtitleFileWithRulesOfItsOwn(t *testing.T) {
	h := newHouse(t)
	h.attach()
	const path = "video-video-vide/subtitles-en.vtt"
	h.describe(21, `{"geo_restrictions":{"blacklisted_country_codes":[],"whitelisted_country_codes":["JP"]}}`)
	h.refuses(media.CodeWithheld, path)
	h.opens(path, "X-Country", "JP")
	if got := h.get("GET", path, "X-Country", "JP").Header().Get("Cache-Control"); got != "private, no-cache" {
		t.Errorf("Cache-Control: %q", got)
	}
	h.describe(21, `{"geo_restrictions":null,"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]}}`)
	h.refuses(media.CodeForbidden, path)
	h.opens(path + "?" + h.sign(policy.Ticket{Media: 7, Creator: true}))
	h.refuses(media.CodeForbidden, path+"?"+h.sign(policy.Ticket{Media: 3, Creator: true}))
	h.opens("video-video-vide/master.m3u8")
	h.describe(21, fmt.Sprintf(`{"audience_policy":null,"content_expiration":{"timestamp_sec":%d}}`, h.now.Unix()))
	h.refuses(media.CodeGone, path)
}

var uris = regexp.MustCompile(`(?m)^[^#\s].*$|URI="[^"]+"`)

// Each URI that the answer to a ticket names opens as it stands, and none
// without its ticket.
func TestEveryURIOfAPlaylistOpens(t *testing.T) {
	h := newHouse(t)
	h.describe(7, `{"audience_policy":{"creator_subscriptions":["Any"],"x_subscriptions":[]},"allow_download_status":{"allow_download":false}}`)
	rapid.Check(t, func(t *rapid.T) {
		c := &cinema{t: h.t, catalog: h.catalog, now: h.now}
		for _, l := range rapid.SliceOfNDistinct(rapid.SampledFrom([]media.Language{"en", "pt-BR", "zh-Hant"}), 0, 3, rapid.ID).Draw(t, "languages") {
			c.attach(7, 21, l, rapid.StringMatching(`[A-Za-z,="#]{1,10}`).Draw(t, "name"))
		}
		who := policy.Ticket{Creator: true, Media: rapid.SampledFrom([]media.ID{0, 7}).Draw(t, "media"), Viewer: rapid.String().Draw(t, "viewer")}
		query := h.sign(who)
		seen := map[string]bool{}
		var walk func(name string)
		walk = func(name string) {
			bare, _, _ := strings.Cut(name, "?")
			if seen[name] {
				return
			}
			seen[name] = true
			if !strings.HasSuffix(name, "?"+query) {
				t.Fatalf("%s has no ticket, or another", name)
			}
			w := h.get("GET", "video-video-vide/"+name)
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", name, w.Code, w.Body)
			}
			if w := h.get("GET", "video-video-vide/"+bare); w.Code == 200 {
				t.Fatalf("%s opens without a ticket", bare)
			}
			if strings.HasSuffix(bare, ".m3u8") {
				for _, u := range uris.FindAllString(w.Body.String(), -1) {
					walk(strings.TrimSuffix(strings.TrimPrefix(u, `URI="`), `"`))
				}
			}
			if bare == "thumbnails.vtt" {
				sheet, _, _ := strings.Cut(strings.Split(w.Body.String(), "\n")[3], "#")
				walk(sheet)
			}
		}
		walk("master.m3u8?" + query)
		walk("thumbnails.vtt?" + query)
		if len(seen) < 7 {
			t.Fatalf("only %d files", len(seen))
		}
	})
}
