package reference

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"magpie/api"
)

func routed() *http.ServeMux {
	mux := http.NewServeMux()
	New(func(w http.ResponseWriter, _ *http.Request, err error) {
		http.Error(w, err.Error(), http.StatusNotFound)
	}).Route(mux)
	return mux
}

func get(t *testing.T, mux *http.ServeMux, path string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for name := range header {
		r.Header.Set(name, header.Get(name))
	}
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

// TestPage: every operation, parameter, status and schema is on the page; what it
// refers to is there, and nothing comes from elsewhere.
func TestPage(t *testing.T) {
	mux := routed()
	w := get(t, mux, "/docs", nil)
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Security-Policy") != policy {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	doc, err := openapi3.NewLoader().LoadFromData(api.Document)
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two elements have the id %s", m[1])
		}
		ids[m[1]] = true
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			i := strings.Index(page, `<article id="`+op.OperationID+`"`)
			if i < 0 {
				t.Errorf("%s %s is missing", method, path)
				continue
			}
			part, _, _ := strings.Cut(page[i:], "</article>")
			for _, p := range op.Parameters {
				if !strings.Contains(part, "<code>"+p.Value.Name+"</code>") {
					t.Errorf("%s %s: parameter %s is missing", method, path, p.Value.Name)
				}
			}
			for status := range op.Responses.Map() {
				if !strings.Contains(part, `">`+status+`</b>`) {
					t.Errorf("%s %s: status %s is missing", method, path, status)
				}
			}
		}
	}
	for name, s := range doc.Components.Schemas {
		if !ids["schema-"+name] {
			t.Errorf("schema %s is missing", name)
		}
		for field := range s.Value.Properties {
			if !strings.Contains(page, "<code>"+field+"</code>") {
				t.Errorf("schema %s: %s is missing", name, field)
			}
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if !ids[m[1]] {
			t.Errorf("a link leads to %s, which is nowhere", m[1])
		}
	}
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"#]+)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(m[1], "/docs/") && m[1] != "data:," {
			t.Errorf("the page refers to %s", m[1])
		}
	}
	if strings.Contains(page, " style=") || strings.Contains(page, "onclick") || strings.Contains(page, "ZgotmplZ") {
		t.Error("the page has what its policy forbids")
	}
}

func TestFiles(t *testing.T) {
	mux := routed()
	var doc map[string]any
	w := get(t, mux, "/docs/openapi.json", nil)
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil || doc["openapi"] == nil {
		t.Fatalf("%v", err)
	}
	if _, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(w.Body.String(), `"<=`) && strings.Contains(w.Body.String(), `\u003c`) {
		t.Error("JSON has escapes that nobody needs")
	}
	for path, kind := range map[string]string{"/docs": "text/html", "/docs/style.css": "text/css", "/docs/script.js": "text/javascript", "/docs/openapi.yaml": "application/yaml"} {
		plain := get(t, mux, path, nil)
		zipped := get(t, mux, path, http.Header{"Accept-Encoding": {"gzip"}})
		r, err := gzip.NewReader(zipped.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || string(text) != plain.Body.String() || !strings.HasPrefix(plain.Header().Get("Content-Type"), kind) {
			t.Errorf("%s: %v %v", path, err, plain.Header())
		}
		if again := get(t, mux, path, http.Header{"If-None-Match": {plain.Header().Get("ETag")}}); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("%s: %d", path, again.Code)
		}
	}
	if w := get(t, mux, "/docs/other", nil); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}
