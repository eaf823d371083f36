package delivery

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// house is a server of a video with everything that belongs to one (7,
// video-video-vide), an image (3, photophotophoto_), a model (5) and a subtitle
// file (21), all of user 1 and with user 2 as an additional owner.
type house struct {
	t       *testing.T
	catalog *catalog.Catalog
	mux     *http.ServeMux
	now     time.Time
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, catalog: openCatalog(t), mux: http.NewServeMux(), now: touched()}
	store := blob.New(blobtest.NewMemory(nil))
	manifest := media.Manifest{{Key: "segments/3/000", Size: 1}}
	add := func(id media.ID, category media.Category, slug string, files ...media.Rendition) {
		m := media.Media{ID: id, Owner: "1", AdditionalOwners: []string{"2"}, Category: category, Type: media.MP4, Slug: slug, Manifest: manifest}
		publishedAs(t, h.catalog, store, m, contentOf, files...)
	}
	add(7, media.TweetVideo, "video-video-vide",
		media.Rendition{Role: media.RoleMaster, Name: "master.m3u8", ContentType: playlistType},
		media.Rendition{Role: media.RolePlaylist, Name: "640x360.m3u8", ContentType: playlistType},
		media.Rendition{Role: media.RolePlaylist, Name: "320x180.m3u8", ContentType: playlistType},
		media.Rendition{Role: media.RolePlaylist, Name: "iframes.m3u8", ContentType: playlistType},
		media.Rendition{Role: media.RoleMP4, Name: "640x360.mp4", ContentType: "video/mp4"},
		media.Rendition{Role: media.RolePoster, Name: "poster.jpg", ContentType: "image/jpeg"},
		media.Rendition{Role: media.RoleThumbnails, Name: "thumbnails.vtt", ContentType: vttType},
		media.Rendition{Role: media.RoleSprite, Name: "sprite-1.jpg", ContentType: "image/jpeg"})
	add(3, media.TweetImage, "photophotophoto_",
		media.Rendition{Role: media.RoleImage, Name: "large.jpg", ContentType: "image/jpeg"},
		media.Rendition{Role: media.RoleImage, Name: "orig.png", ContentType: "image/png"})
	add(5, media.Model, "model-model-mode", media.Rendition{Role: media.RoleModel, Name: "model.glb", ContentType: "model/gltf-binary"})
	add(21, media.Subtitles, "subtitle-file-21", media.Rendition{Role: media.RoleText, Name: "subtitles.vtt", ContentType: vttType})
	handler := NewRenditions(Config{Catalog: h.catalog, Blobs: store, Access: access(), Now: func() time.Time { return h.now }, Fail: plain})
	h.mux.Handle("GET /media/{slug}/{name}", handler)
	h.mux.Handle("GET /media/{slug}", handler)
	return h
}

// contentOf is what the files of a house say: playlists what theirs do, all others
// their names.
func contentOf(name string) string {
	switch {
	case name == "master.m3u8":
		return storedMaster
	case strings.HasSuffix(name, ".m3u8"):
		return mediaPlaylist
	case name == "thumbnails.vtt":
		return "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nsprite-1.jpg#xywh=0,0,160,90\n"
	}
	return name
}

// describe sets metadata that acts at once, since a second goes by.
func (h *house) describe(id media.ID, metadata string) {
	h.t.Helper()
	describe(h.t, h.catalog, id, metadata)
	h.now = h.now.Add(recentFor)
}

func (h *house) get(method, path string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequestWithContext(h.t.Context(), method, "/media/"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.mux.ServeHTTP(w, r)
	return w
}

// opens and refuses ask in every way that players and caches do.
func (h *house) opens(path string, headers ...string) {
	h.t.Helper()
	whole := h.get("GET", path, headers...)
	tag := whole.Header().Get("ETag")
	for want, w := range map[int]*httptest.ResponseRecorder{
		200: whole, 206: h.get("GET", path, append(headers, "Range", "bytes=1-2")...), 304: h.get("GET", path, append(headers, "If-None-Match", tag)...),
	} {
		if w.Code != want {
			h.t.Errorf("%s %v: %d %q, want %d", path, headers, w.Code, w.Body, want)
		}
	}
	if w := h.get("HEAD", path, headers...); w.Code != 200 || w.Body.Len() > 0 {
		h.t.Errorf("HEAD %s %v: %d", path, headers, w.Code)
	}
}

func (h *house) refuses(code media.Code, path string, headers ...string) {
	h.t.Helper()
	for _, more := range [][]string{{"GET"}, {"HEAD"}, {"GET", "Range", "bytes=0-0"}, {"GET", "If-None-Match", "*"}} {
		w := h.get(more[0], path, append(more[1:], headers...)...)
		if w.Header().Get("X-Code") != string(code) || w.Header().Get("Cache-Control") != "" || w.Header().Get("ETag") != "" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
			h.t.Errorf("%v %s %v: %d %v %q, want %s", more, path, headers, w.Code, w.Header(), w.Body, code)
		}
	}
}

// sign gives the query of a ticket of user 1 for an hour.
func (h *house) sign(t policy.Ticket) string {
	if t.Owner == "" {
		t.Owner = "1"
	}
	if t.Expires.IsZero() {
		t.Expires = h.now.Add(time.Hour)
	}
	return "ticket=" + url.QueryEscape(ring().SignTicket(t))
}

func everyFile() []string {
	return []string{"master.m3u8", "640x360.m3u8", "iframes.m3u8", "640x360.mp4", "poster.jpg", "thumbnails.vtt", "sprite-1.jpg", "subtitles-en.m3u8", "subtitles-en.vtt"}
}

func (h *house) attach() {
	h.t.Helper()
	c := &cinema{t: h.t, catalog: h.catalog, now: h.now}
	c.attach(7, 21, "en", "English")
}
