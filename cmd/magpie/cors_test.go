package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestCrossOrigin(t *testing.T) {
	const page = "https://app.example"
	for _, c := range []struct {
		name    string
		origins []string
		method  string
		headers []string
		status  int
		allowed string
	}{
		{"no browser", []string{"*"}, "POST", nil, 418, ""},
		{"any page", []string{"*"}, "POST", []string{"Origin", page}, 418, "*"},
		{"a listed page", []string{"https://b.example", page}, "GET", []string{"Origin", page}, 418, page},
		{"another page", []string{"https://b.example"}, "GET", []string{"Origin", page}, 418, ""},
		{"no page at all", nil, "GET", []string{"Origin", page}, 418, ""},
		{"a preflight", []string{"*"}, "OPTIONS", []string{"Origin", page, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,x-mine"}, 204, "*"},
		{"a preflight of another page", []string{"https://b.example"}, "OPTIONS", []string{"Origin", page, "Access-Control-Request-Method", "POST"}, 418, ""},
		{"OPTIONS that is no preflight", []string{"*"}, "OPTIONS", []string{"Origin", page}, 418, "*"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, "/2/media/upload", nil)
			for i := 0; i < len(c.headers); i += 2 {
				r.Header.Set(c.headers[i], c.headers[i+1])
			}
			w := httptest.NewRecorder()
			teapot := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
			crossOrigin(teapot, c.origins).ServeHTTP(w, r)
			h := w.Header()
			if w.Code != c.status || h.Get("Access-Control-Allow-Origin") != c.allowed {
				t.Errorf("status %d, %v", w.Code, h)
			}
			if preflight := c.status == http.StatusNoContent; preflight && h.Get("Access-Control-Allow-Headers") != "authorization,x-mine" {
				t.Errorf("%v", h)
			}
			if listed := len(c.origins) != 1 || c.origins[0] != "*"; listed != (h.Get("Vary") == "Origin") {
				t.Errorf("Vary: %q", h.Get("Vary"))
			}
		})
	}
}
