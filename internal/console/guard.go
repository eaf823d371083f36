package console

import (
	"net/http"
	"slices"
	"strings"
)

// guard says what the pages may do: run and load what this server sends, show
// media, also from where those are, and be shown in no other page's frame.
func (s *Server) guard(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy(s.Origins))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin") // media at an origin of their own know that it is this page that asks
	h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), serial=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// policy is the Content-Security-Policy of pages whose media may come from other
// origins as well.
func policy(origins []string) string {
	from := "'self'"
	seen := []string{""}
	for _, o := range origins {
		if !slices.Contains(seen, o) {
			seen = append(seen, o)
			from += " " + o
		}
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src " + strings.Replace(from, "'self'", "'self' blob: data:", 1),
		"media-src " + strings.Replace(from, "'self'", "'self' blob:", 1),
		"connect-src " + from,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; ")
}
