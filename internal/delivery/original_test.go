package delivery

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

func TestOriginals(t *testing.T) {
	for name, store := range stores(t) {
		manifest, whole := file(t, store, 10, 90_000, 1)
		c := openCatalog(t)
		o := NewOriginals(c, store, time.Now, nil)
		get := func(m media.Media, headers ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/", nil)
			for i := 0; i+1 < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			if err := o.Serve(w, r, m); err != nil {
				t.Fatal(err)
			}
			return w
		}
		published(t, c, store, original(1146654567674912769, manifest))
		m, err := o.Media(t.Context(), 1146654567674912769)
		if err != nil || m.Manifest != nil {
			t.Fatal(m, err)
		}
		w := get(m)
		if w.Code != http.StatusOK || !bytes.Equal(w.Body.Bytes(), whole) {
			t.Errorf("%s: %d, %d bytes", name, w.Code, w.Body.Len())
		}
		for header, want := range map[string]string{
			"Content-Type":                "video/quicktime",
			"Content-Disposition":         `attachment; filename="1146654567674912769.mov"`,
			"X-Content-Type-Options":      "nosniff",
			"Content-Security-Policy":     "default-src 'none'; sandbox",
			"Cache-Control":               "private, no-cache",
			"Accept-Ranges":               "bytes",
			"Content-Length":              "90011",
			"Access-Control-Allow-Origin": "",
		} {
			if got := w.Header().Get(header); got != want {
				t.Errorf("%s: %s: %q, want %q", name, header, got, want)
			}
		}
		tag := w.Header().Get("ETag")
		if a := get(m, "If-None-Match", tag); a.Code != http.StatusNotModified || a.Body.Len() > 0 {
			t.Errorf("%s: If-None-Match: %d", name, a.Code)
		}
		if a := get(m, "Range", "bytes=9-10", "If-Range", tag); a.Code != http.StatusPartialContent || !bytes.Equal(a.Body.Bytes(), whole[9:11]) {
			t.Errorf("%s: If-Range: %d %q", name, a.Code, a.Body)
		}
		if other := get(published(t, c, store, original(2, manifest[:2]))).Header().Get("ETag"); other == tag || !strings.HasPrefix(other, `"`) {
			t.Errorf("%s: other blobs have the tag %s, too", name, other)
		}
	}
}

// original is a media of the given bytes.
func original(id media.ID, manifest media.Manifest) media.Media {
	return media.Media{
		ID: id, Owner: "1", Category: media.TweetVideo, Type: media.QuickTime, Slug: "original-" + id.String(), Manifest: manifest,
	}
}

// Of an original that is asked for again the catalogue is asked nothing, until
// something changes.
func TestOriginalsAskOnce(t *testing.T) {
	store, c, now := onDisk(t), openCatalog(t), touched()
	manifest, whole := file(t, store, 10, 20)
	o := NewOriginals(c, store, func() time.Time { return now }, nil)
	published(t, c, store, original(7, manifest))
	get := func() (string, error) {
		m, err := o.Media(t.Context(), 7)
		if err != nil || !m.GoneAt.IsZero() {
			return "", err
		}
		w := httptest.NewRecorder()
		err = o.Serve(w, httptest.NewRequest("GET", "/", nil), m)
		return w.Body.String(), err
	}
	for range 2 {
		if got, err := get(); err != nil || got != string(whole) {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if _, err := c.DeleteMedia(t.Context(), 7, now); err != nil {
		t.Fatal(err)
	}
	if got, err := get(); err != nil || got != "" {
		t.Errorf("after it was deleted: %q, %v", got, err)
	}
	if _, err := c.RestoreMedia(t.Context(), 7, catalog.Actor{User: "1"}, now.Add(-time.Hour), now); err != nil {
		t.Fatal(err)
	}
	if got, err := get(); err != nil || got != string(whole) {
		t.Errorf("after it was restored: %q, %v", got, err)
	}
	_ = c.Close()
	now = now.Add(recentFor - 1)
	if got, err := get(); err != nil || got != string(whole) {
		t.Errorf("from memory: %q, %v", got, err)
	}
	now = now.Add(1)
	if got, err := get(); err == nil {
		t.Errorf("%v later it is not asked again: %q", recentFor, got)
	}
	if err := o.Serve(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), original(8, nil)); err == nil {
		t.Error("a layout from a catalogue that is closed")
	}
}

func TestOriginalThatIsNotThere(t *testing.T) {
	o := NewOriginals(openCatalog(t), onDisk(t), time.Now, nil)
	if _, err := o.Media(t.Context(), 404); media.CodeOf(err) != media.CodeNotFound {
		t.Error(err)
	}
	w := httptest.NewRecorder()
	if err := o.Serve(w, httptest.NewRequest("GET", "/", nil), original(404, nil)); media.CodeOf(err) != media.CodeNotFound || len(w.Header()) > 0 {
		t.Error(err, w.Header())
	}
}

func TestExtension(t *testing.T) {
	want := ".mp4 .webm .ts .mov .srt .vtt .jpg .gif .bmp .png .webp .jpg .tiff .glb .usdz .bin .bin"
	var got []string
	for _, typ := range append(media.Types(), "", "text/html") {
		got = append(got, extension(typ))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", strings.Join(got, " "), want)
	}
}
