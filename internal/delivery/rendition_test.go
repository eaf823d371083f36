package delivery

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// gallery is a server of two media: a photo that is kept for ten minutes and a
// video.
func gallery(t *testing.T) (get func(method, path string, headers ...string) *httptest.ResponseRecorder, clock *time.Time, remove func()) {
	t.Helper()
	memory := blobtest.NewMemory(nil)
	store, c := blob.New(memory), openCatalog(t)
	photo := media.Media{
		ID: 3, Owner: "1", Category: media.TweetImage, Type: media.PNG, Slug: "photophotophoto_", ExpiresAt: touched().Add(10 * time.Minute),
		Manifest: media.Manifest{{Key: "segments/3/000", Size: 1}},
	}
	published(t, c, store, photo,
		media.Rendition{Role: media.RoleImage, Name: "large.jpg", ContentType: "image/jpeg"},
		media.Rendition{Role: media.RoleImage, Name: "thumb.jpg", ContentType: "image/jpeg"},
		media.Rendition{Role: media.RoleImage, Name: "orig.png", ContentType: "image/png"})
	video := media.Media{ID: 7, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "video-video-vide", Manifest: photo.Manifest}
	published(t, c, store, video,
		media.Rendition{Role: media.RoleMaster, Name: "master.m3u8", ContentType: "application/x-mpegURL"},
		media.Rendition{Role: media.RoleMP4, Name: "640x360.mp4", ContentType: "video/mp4"})
	now := touched()
	h := NewRenditions(Config{Catalog: c, Blobs: store, Access: access(), Now: func() time.Time { return now }, Fail: plain})
	mux := http.NewServeMux()
	for _, path := range []string{"/media/{slug}/{name}", "/media/{slug}"} {
		mux.Handle("GET "+path, h)
		mux.HandleFunc("OPTIONS "+path, h.Preflight)
	}
	get = func(method, path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		return w
	}
	remove = func() {
		t.Helper()
		if _, err := c.DeleteMedia(t.Context(), video.ID, now); err != nil {
			t.Fatal(err)
		}
		memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpOpen, os.ErrNotExist)})
	}
	return get, &now, remove
}

func TestRenditions(t *testing.T) {
	get, _, _ := gallery(t)
	for _, c := range []struct{ path, name, kind string }{
		{"/media/photophotophoto_/large.jpg", "large.jpg", "image/jpeg"},
		{"/media/photophotophoto_/large.jpg?name=large", "large.jpg", "image/jpeg"},
		{"/media/photophotophoto_/large.jpg?name=thumb", "thumb.jpg", "image/jpeg"},
		{"/media/photophotophoto_/thumb.jpg?name=large&format=jpg", "large.jpg", "image/jpeg"},
		{"/media/photophotophoto_/orig.png", "orig.png", "image/png"},
		{"/media/photophotophoto_/large.jpg?name=orig", "orig.png", "image/png"},
		{"/media/photophotophoto_/large.jpg:orig", "orig.png", "image/png"},
		{"/media/photophotophoto_/large.jpg:thumb", "thumb.jpg", "image/jpeg"},
		{"/media/photophotophoto_/large?format=jpg&name=orig", "orig.png", "image/png"},
		{"/media/photophotophoto_/anything?format=webp&name=large", "large.jpg", "image/jpeg"},
		{"/media/photophotophoto_/large?format=webp", "large.jpg", "image/jpeg"},
		{"/media/photophotophoto_/orig.png?name=thumb", "thumb.jpg", "image/jpeg"},
		{"/media/photophotophoto_/large.jpg?name=4096x4096", "orig.png", "image/png"},
		{"/media/video-video-vide/640x360.mp4?format=mp4", "640x360.mp4", "video/mp4"},
		{"/media/video-video-vide/master.m3u8", "master.m3u8", "application/x-mpegURL"},
		{"/media/video-video-vide/640x360.mp4?tag=12", "640x360.mp4", "video/mp4"},
	} {
		w := get("GET", c.path)
		if w.Code != http.StatusOK || w.Body.String() != c.name {
			t.Errorf("%s: %d %q", c.path, w.Code, w.Body)
		}
		changed := "Sat, 21 Nov 2026 10:00:00 GMT"
		if c.name == "master.m3u8" {
			changed = "" // it may go back to what it was
		}
		for name, want := range map[string]string{
			"Content-Type":                  c.kind,
			"Content-Length":                fmt.Sprint(len(c.name)),
			"ETag":                          fmt.Sprintf(`"%08x-%x"`, crc([]byte(c.name)), len(c.name)),
			"Last-Modified":                 changed,
			"Accept-Ranges":                 "bytes",
			"Cache-Control":                 "public, max-age=300",
			"Access-Control-Allow-Origin":   "*",
			"Access-Control-Expose-Headers": "Accept-Ranges, Content-Length, Content-Range, ETag",
			"Cross-Origin-Resource-Policy":  "cross-origin",
			"X-Content-Type-Options":        "nosniff",
			"Content-Security-Policy":       "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'",
			"Content-Disposition":           "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", c.path, name, got, want)
			}
		}
		if w := get("HEAD", c.path); w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("Content-Length") != fmt.Sprint(len(c.name)) {
			t.Errorf("HEAD %s: %d %q %v", c.path, w.Code, w.Body, w.Header())
		}
		if w := get("GET", c.path, "If-None-Match", w.Header().Get("ETag")); w.Code != http.StatusNotModified || w.Header().Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("%s again: %d %v", c.path, w.Code, w.Header())
		}
		if w := get("GET", c.path, "Range", "bytes=1-2"); w.Code != http.StatusPartialContent || w.Body.String() != c.name[1:3] {
			t.Errorf("two bytes of %s: %d %q", c.path, w.Code, w.Body)
		}
	}
}

func TestRenditionsThatAreNotThere(t *testing.T) {
	get, _, remove := gallery(t)
	const nothing = "not_found"
	check := func(path, code string) {
		t.Helper()
		w := get("GET", path)
		if w.Code != http.StatusTeapot || w.Header().Get("X-Code") != code {
			t.Errorf("%s: %d %v %q", path, w.Code, w.Header(), w.Body)
		}
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Cache-Control": "", "ETag": "", "Last-Modified": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s: %q, want %q", path, name, got, want)
			}
		}
	}
	for _, path := range []string{
		"/media/photophotophoto_/medium.jpg", "/media/photophotophoto_/large.png", "/media/photophotophoto_/LARGE.JPG",
		"/media/photophotophoto_/large.jpg?name=medium", "/media/photophotophoto_/large.jpg?name=../large", "/media/photophotophoto_/large.jpg:huge",
		"/media/photophotophoto_/large.jpg:", "/media/photophotophoto_/anything?format=jpg", "/media/photophotophoto_/large.jpg?name=900x900", "/media/photophotophoto_/large.jpg?format=exe", "/media/nobody/large.jpg?name=orig",
		"/media/video-video-vide/640x360.mp4?name=large", "/media/photophotophoto_/640x360.mp4",
		"/media/nobody/large.jpg", "/media/3/large.jpg", "/media/photophotophoto_/%2e%2e%2flarge.jpg", "/media/photophotophoto_/large.jpg%00",
	} {
		check(path, nothing)
	}
	remove()
	check("/media/video-video-vide/640x360.mp4", nothing)
	check("/media/video-video-vide/none.mp4", nothing)
}

// A cache never keeps a media for longer than it is kept here.
func TestRenditionsThatExpire(t *testing.T) {
	get, clock, _ := gallery(t)
	for after, want := range map[time.Duration]string{
		0: "300", 5 * time.Minute: "300", 9 * time.Minute: "60", 10*time.Minute - time.Millisecond: "0", 10 * time.Minute: "0", time.Hour: "0",
	} {
		*clock = touched().Add(after)
		if got := get("GET", "/media/photophotophoto_/large.jpg").Header().Get("Cache-Control"); got != "public, max-age="+want {
			t.Errorf("after %v: %q, want %s", after, got, want)
		}
		if got := get("GET", "/media/video-video-vide/640x360.mp4").Header().Get("Cache-Control"); got != "public, max-age=300" {
			t.Errorf("after %v: %q of one that is kept", after, got)
		}
	}
}

func TestPreflight(t *testing.T) {
	get, _, _ := gallery(t)
	w := get("OPTIONS", "/media/photophotophoto_/large.jpg", "Origin", "https://player.example", "Access-Control-Request-Method", "GET")
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":  "*",
		"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
		"Access-Control-Allow-Headers": "Range, If-Range, If-None-Match, If-Modified-Since",
		"Access-Control-Max-Age":       "86400",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("%d %q", w.Code, w.Body)
	}
}
