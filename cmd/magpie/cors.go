package main

import (
	"net/http"
	"slices"
	"strings"

	"magpie/internal/tus"
)

// crossOrigin lets pages of the allowed origins call the API (WHATWG Fetch,
// CORS): their preflights are answered without a token, since browsers send
// none, and every answer says what their scripts may read. "*" allows all,
// which is safe where nothing goes by cookies. Media have rules of their own.
func crossOrigin(next http.Handler, origins []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		all := slices.Contains(origins, "*")
		if !all {
			w.Header().Add("Vary", "Origin")
		}
		if origin == "" || !(all || slices.Contains(origins, origin)) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		if all {
			origin = "*"
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After, X-Magpie-Fault, X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Reset, X-Transaction-Id, "+tus.ExposedHeaders)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", allowedHeaders(r))
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

// allowedHeaders is whatever the page asks to send: uploaders bring headers of
// their own, and the API passes over those that it doesn't know.
func allowedHeaders(r *http.Request) string {
	asked := strings.Join(r.Header.Values("Access-Control-Request-Headers"), ", ")
	if asked == "" {
		return "Authorization, Content-Type"
	}
	return asked
}
