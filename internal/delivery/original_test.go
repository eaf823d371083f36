package delivery

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestOriginals(t *testing.T) {
	for name, store := range stores(t) {
		manifest, whole := file(t, store, 10, 90_000, 1)
		o := NewOriginals(store, nil)
		get := func(m media.Media, headers ...string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/", nil)
			for i := 0; i+1 < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			o.Serve(w, r, m)
			return w
		}
		m := media.Media{ID: 1146654567674912769, Type: media.QuickTime, Manifest: manifest, TouchedAt: touched()}
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
		m.Manifest = manifest[:2]
		if other := get(m).Header().Get("ETag"); other == tag || !strings.HasPrefix(other, `"`) {
			t.Errorf("%s: other blobs have the tag %s, too", name, other)
		}
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
