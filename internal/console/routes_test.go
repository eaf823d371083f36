package console

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"magpie/internal/media"
)

// fail answers an error by its code.
func fail(w http.ResponseWriter, _ *http.Request, err error) {
	status := map[media.Code]int{media.CodeNotFound: 404, media.CodeNoMethod: 405, media.CodeForbidden: 403, media.CodeUnauthorized: 401}[media.CodeOf(err)]
	if status == 0 {
		status = 500
	}
	http.Error(w, err.Error(), status)
}

var script = strings.Repeat("export const a = 1;\n", 100)

func dist() fstest.MapFS {
	return fstest.MapFS{
		".keep":           {},
		"index.html":      {Data: []byte("<!doctype html><title>magpie</title>")},
		"robots.txt":      {Data: []byte("User-agent: *\n")},
		"assets/a-1.js":   {Data: []byte(script)},
		"assets/b-2.css":  {Data: []byte(strings.Repeat("p { margin: 0 }\n", 100))},
		"assets/tiny.svg": {Data: []byte("<svg/>")},
	}
}

func server(t *testing.T, c Config, dist fs.FS) *Server {
	t.Helper()
	s, err := newServer(c, dist)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ask(s *Server, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	mux := http.NewServeMux()
	s.Route(mux)
	mux.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	s := server(t, Config{Fail: fail, Origins: []string{"https://media.example", "", "https://media.example"}}, dist())
	index := "<!doctype html><title>magpie</title>"
	for _, c := range []struct {
		path, kind, cache, body string
		status                  int
	}{
		{"/console/", "text/html; charset=utf-8", "no-cache", index, 200},
		{"/console/index.html", "text/html; charset=utf-8", "no-cache", index, 200},
		{"/console/library?q=x", "text/html; charset=utf-8", "no-cache", index, 200},
		{"/console/media/1", "text/html; charset=utf-8", "no-cache", index, 200},
		{"/console/.keep", "text/html; charset=utf-8", "no-cache", index, 200},
		{"/console/robots.txt", "text/plain; charset=utf-8", "no-cache", "User-agent: *\n", 200},
		{"/console/assets/a-1.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", script, 200},
		{"/console/assets/b-2.css", "text/css; charset=utf-8", "public, max-age=31536000, immutable", strings.Repeat("p { margin: 0 }\n", 100), 200},
		{"/console/assets/tiny.svg", "image/svg+xml", "public, max-age=31536000, immutable", "<svg/>", 200},
		{"/console/assets/a-0.js", "text/plain; charset=utf-8", "", "There is no /console/assets/a-0.js in this version of the console.\n", 404},
		{"/console/assets/", "text/plain; charset=utf-8", "", "There is no /console/assets/ in this version of the console.\n", 404},
	} {
		w := ask(s, "GET", c.path)
		h := w.Header()
		if w.Code != c.status || h.Get("Content-Type") != c.kind || h.Get("Cache-Control") != c.cache || w.Body.String() != c.body {
			t.Errorf("%s: %d %v\n%s", c.path, w.Code, h, w.Body)
		}
		if c.status != 200 {
			continue
		}
		if got, want := h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'; style-src 'self'; "+
			"img-src 'self' blob: data: https://media.example; media-src 'self' blob: https://media.example; connect-src 'self' https://media.example; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"; got != want {
			t.Errorf("%s: policy %q", c.path, got)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "strict-origin-when-cross-origin" || h.Get("Permissions-Policy") == "" {
			t.Errorf("%s: %v", c.path, h)
		}
		head := ask(s, "HEAD", c.path)
		if head.Code != 200 || head.Body.Len() > 0 || head.Header().Get("Content-Length") != h.Get("Content-Length") || head.Header().Get("ETag") != h.Get("ETag") {
			t.Errorf("HEAD %s: %d %v", c.path, head.Code, head.Header())
		}
		again := ask(s, "GET", c.path, "If-None-Match", `"other", W/`+h.Get("ETag"))
		if again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%s, not modified: %d", c.path, again.Code)
		}
	}
	if w := ask(s, "GET", "/console?a=b"); w.Code != 302 || w.Header().Get("Location") != "/console/?a=b" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w := ask(s, "POST", "/console/library"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestCompressed(t *testing.T) {
	s := server(t, Config{Fail: fail}, dist())
	plain := ask(s, "GET", "/console/assets/a-1.js", "Accept-Encoding", "br, gzip;q=0")
	if plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" || plain.Body.String() != script {
		t.Errorf("%v", plain.Header())
	}
	for _, accept := range []string{"gzip", "deflate, gzip;q=0.5, br", "GZIP, gzip"} {
		w := ask(s, "GET", "/console/assets/a-1.js", "Accept-Encoding", accept)
		z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
		if err != nil {
			t.Fatalf("%s: %v", accept, err)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != script || w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("ETag") == plain.Header().Get("ETag") {
			t.Errorf("%s: %v %v", accept, err, w.Header())
		}
	}
	if w := ask(s, "GET", "/console/assets/tiny.svg", "Accept-Encoding", "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Errorf("what grows was compressed: %v", w.Header())
	}
}

// TestUnbuilt: a binary without the console says how one with it is made.
func TestUnbuilt(t *testing.T) {
	s := server(t, Config{Fail: fail}, fstest.MapFS{".keep": {}})
	w := ask(s, "GET", "/console/library")
	if w.Code != 503 || !strings.Contains(w.Body.String(), "make console") || w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}

// TestBuilt: whatever was built is part of the binary, and can be read.
func TestBuilt(t *testing.T) {
	s, err := New(Config{Fail: fail})
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(s, "GET", "/console/"); w.Code != 200 && w.Code != 503 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
