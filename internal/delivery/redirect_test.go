package delivery

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// signing is a store that gives addresses of its own.
type signing struct {
	*blobtest.Memory
	ttl  time.Duration // of the last one
	fail error
}

func (s *signing) Presign(_ context.Context, key string, ttl time.Duration, contentType, disposition string) (string, error) {
	s.ttl = ttl
	return "https://store.example/" + key + "?" + url.Values{"type": {contentType}, "as": {disposition}}.Encode(), s.fail
}

// Files of public media are at the store for those who can go there; all else, and
// for all others, comes from here.
func TestRedirect(t *testing.T) {
	driver := &signing{Memory: blobtest.NewMemory(nil)}
	store, c := blob.New(driver), openCatalog(t)
	video := published(t, c, store, media.Media{
		ID: 7, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "video-video-vide",
		Manifest: media.Manifest{{Key: "segments/7/000", Size: 1}},
	},
		media.Rendition{Role: media.RoleMaster, Name: "master.m3u8", ContentType: "application/x-mpegURL"},
		media.Rendition{Role: media.RolePlaylist, Name: "640x360.m3u8", ContentType: "application/x-mpegURL"},
		media.Rendition{Role: media.RoleMP4, Name: "640x360.mp4", ContentType: "video/mp4"})
	published(t, c, store, media.Media{
		ID: 8, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "brief-brief-brie", ExpiresAt: touched().Add(2 * time.Minute),
		Manifest: media.Manifest{{Key: "segments/8/000", Size: 1}},
	}, media.Rendition{Role: media.RolePoster, Name: "poster.jpg", ContentType: "image/jpeg"})
	published(t, c, store, media.Media{
		ID: 9, Owner: "1", Category: media.TweetImage, Type: media.PNG, Slug: "locked-locked-lo",
		Manifest: media.Manifest{{Key: "segments/9/000", Size: 1}},
	}, media.Rendition{Role: media.RoleImage, Name: "large.jpg", ContentType: "image/jpeg"})
	describe(t, c, 9, `{"geo_restrictions": {"whitelisted_country_codes": ["CH"], "blacklisted_country_codes": []}}`)
	h := NewRenditions(Config{
		Catalog: c, Blobs: store, Access: access(), Now: touched, Fail: plain, Redirect: true, Pages: "https://pages.example:8443", Log: logTo(t.Output()),
	})
	mux := http.NewServeMux()
	mux.Handle("GET /media/{slug}/{name}", h)
	get := func(method, path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://magpie.example"+path, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}

	const mp4 = "/media/video-video-vide/640x360.mp4"
	for _, headers := range [][]string{
		nil,
		{"Range", "bytes=2-4"},
		{"Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site", "Referer", "https://blog.example/"},
		{"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none"},
		{"Referer", "https://blog.example/magpie.example"},
	} {
		w := get("GET", mp4, headers...)
		want := "https://store.example/renditions/7/1/640x360.mp4?as=&type=video%2Fmp4"
		if w.Code != http.StatusFound || w.Header().Get("Location") != want || w.Header().Get("Cache-Control") != "no-store" || w.Body.Len() > 0 {
			t.Errorf("%q: %d %v %q", headers, w.Code, w.Header(), w.Body)
		}
	}
	if w := get("GET", mp4+"?download=1"); !strings.Contains(w.Header().Get("Location"), url.QueryEscape(`attachment; filename="7-640x360.mp4"`)) {
		t.Errorf("to be saved: %v", w.Header())
	}
	for _, headers := range [][]string{
		{"Origin", "https://blog.example"},
		{"Sec-Fetch-Mode", "cors"},
		{"Sec-Fetch-Site", "same-origin"},
		{"Authorization", "Bearer x"},
		{"Referer", "http://magpie.example/magpie/v1/embed/7_7"},
		{"Referer", "https://pages.example:8443/"},
	} {
		if w := get("GET", mp4, headers...); w.Code != http.StatusOK || w.Body.String() != "640x360.mp4" {
			t.Errorf("%q: %d %v", headers, w.Code, w.Header())
		}
	}
	if w := get("HEAD", mp4); w.Code != http.StatusOK || w.Header().Get("Content-Length") != "11" {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
	for path, code := range map[string]int{
		"/media/video-video-vide/master.m3u8": 200, "/media/video-video-vide/640x360.m3u8": 200,
		"/media/locked-locked-lo/large.jpg": http.StatusTeapot, "/media/video-video-vide/none.mp4": http.StatusTeapot,
	} {
		if w := get("GET", path); w.Code != code || w.Header().Get("Location") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := get("GET", "/media/locked-locked-lo/large.jpg", "X-Country", "CH"); w.Code != http.StatusOK || w.Body.String() != "large.jpg" {
		t.Errorf("restricted, to one who may: %d %v", w.Code, w.Header())
	}
	get("GET", mp4)
	if want := signedFor + 2*video.Duration; driver.ttl != want {
		t.Errorf("signed for %s, want %s", driver.ttl, want)
	}
	if w := get("GET", "/media/brief-brief-brie/poster.jpg"); w.Code != http.StatusFound || driver.ttl != 2*time.Minute {
		t.Errorf("of a media that ends soon: %d, signed for %s", w.Code, driver.ttl)
	}
	driver.fail = errors.New("no credentials")
	if w := get("GET", mp4); w.Code != http.StatusOK || w.Body.String() != "640x360.mp4" {
		t.Errorf("where the store gives none: %d %v", w.Code, w.Header())
	}
}
