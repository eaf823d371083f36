package reference

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"strings"
	"sync"

	"magpie/api"
	"magpie/internal/media"
)

//go:embed page
var assets embed.FS

// policy lets the page load its own style and script, and ask its own server.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler answers GET /docs and what is below it.
type Handler struct {
	made func() (map[string]file, error)
	fail func(http.ResponseWriter, *http.Request, error) // answers errors
}

// file is a part of the reference as it is sent.
type file struct {
	kind, tag    string
	text, zipped []byte
}

// New makes the handler. Nothing is made before it is asked for. fail answers errors.
func New(fail func(http.ResponseWriter, *http.Request, error)) *Handler {
	return &Handler{made: sync.OnceValues(makeFiles), fail: fail}
}

// Route puts the reference under /docs.
func (h *Handler) Route(mux *http.ServeMux) {
	mux.Handle("GET /docs", h)
	mux.Handle("GET /docs/{file}", h)
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	files, err := h.made()
	if err != nil {
		h.fail(w, r, err)
		return
	}
	f, ok := files[r.PathValue("file")]
	if !ok {
		h.fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s; the reference is at /docs.", r.Method, r.URL.Path))
		return
	}
	head := w.Header()
	head.Set("Content-Type", f.kind)
	head.Set("Content-Security-Policy", policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cache-Control", "no-cache")
	head.Set("Vary", "Accept-Encoding")
	body, tag := f.text, f.tag
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		head.Set("Content-Encoding", "gzip")
		body, tag = f.zipped, f.tag+"-gzip"
	}
	head.Set("ETag", `"`+tag+`"`)
	if r.Header.Get("If-None-Match") == `"`+tag+`"` {
		head.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// makeFiles makes the page and what belongs to it, by name; the page's is "".
func makeFiles() (map[string]file, error) {
	d, err := parse(api.Document)
	if err != nil {
		return nil, err
	}
	v, err := newView(d)
	if err != nil {
		return nil, err
	}
	t, err := template.New("page.html").ParseFS(assets, "page/page.html")
	if err != nil {
		return nil, err
	}
	var page bytes.Buffer
	if err := t.Execute(&page, v); err != nil {
		return nil, err
	}
	text, err := encode(d.root, "  ")
	if err != nil {
		return nil, err
	}
	style, err := assets.ReadFile("page/style.css")
	if err != nil {
		return nil, err
	}
	script, err := assets.ReadFile("page/script.js")
	if err != nil {
		return nil, err
	}
	files := map[string]file{}
	for name, f := range map[string]file{
		"":             {kind: "text/html; charset=utf-8", text: page.Bytes()},
		"openapi.json": {kind: "application/json", text: text},
		"openapi.yaml": {kind: "application/yaml", text: api.Document},
		"style.css":    {kind: "text/css; charset=utf-8", text: style},
		"script.js":    {kind: "text/javascript; charset=utf-8", text: script},
	} {
		sum := sha256.Sum256(f.text)
		f.tag = hex.EncodeToString(sum[:8])
		var b bytes.Buffer
		z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // a level that there is
		_, _ = z.Write(f.text)
		if err := z.Close(); err != nil {
			return nil, err
		}
		f.zipped = b.Bytes()
		files[name] = f
	}
	return files, nil
}
