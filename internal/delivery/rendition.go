package delivery

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// ErrorWriter answers a request with an error, in the shape of the surface it
// came by.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, err error)

// Renditions serves GET and HEAD /media/{slug}/{name} to anyone. On the URL of
// an image, ?name=thumb|small|medium|large|orig picks another size, as on X. So
// it serves an image's /media/{slug}, with or without an ending, as X has it.
type Renditions struct {
	catalog *catalog.Catalog
	blobs   *blob.Store
	now     func() time.Time
	fail    ErrorWriter
	log     *slog.Logger
}

// NewRenditions makes the handler.
func NewRenditions(c *catalog.Catalog, b *blob.Store, now func() time.Time, fail ErrorWriter, log *slog.Logger) *Renditions {
	return &Renditions{catalog: c, blobs: b, now: now, fail: fail, log: log}
}

// ServeHTTP sends one rendition, or one of the playlists and texts that a
// video's subtitles add to it.
func (h *Renditions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	slug, name := asked(r)
	if l, ext, ok := parseCaptionName(name); ok {
		h.caption(w, r, l, ext)
		return
	}
	m, rendition, err := h.find(r.Context(), slug, name, r.URL.Query())
	if !h.shown(w, r, m, err) {
		return
	}
	if rendition.Role == media.RoleMaster {
		h.master(w, r, m, rendition)
		return
	}
	w.Header().Set("Content-Type", rendition.ContentType)
	extend(w, rendition.Blob.Size)
	serve(w, r, h.blobs, media.Manifest{rendition.Blob}, m, blobTag(rendition.Blob), h.log)
}

// shown sets the headers of public media and reports whether a media that was
// looked up, or not, may be shown. If not, it has answered why.
func (h *Renditions) shown(w http.ResponseWriter, r *http.Request, m media.Media, err error) bool {
	var e *media.Error
	if errors.As(err, &e) && e.Code == media.CodeNotFound && e.Field == "" {
		err = media.Errorf(media.CodeNotFound, "There is no media at this address.")
	}
	if err == nil && !m.GoneAt.IsZero() {
		err = media.Errorf(media.CodeGone, "This media is not available any more.")
	}
	open(w.Header())
	if err != nil {
		h.fail(w, r, err)
		return false
	}
	w.Header().Set("Cache-Control", maxAge(m, h.now()))
	return true
}

// blobTag is the ETag of a stored file.
func blobTag(b media.Blob) string { return fmt.Sprintf("\"%08x-%x\"", b.CRC, b.Size) }

// Preflight answers OPTIONS for a rendition: any page may play public media.
func (h *Renditions) Preflight(w http.ResponseWriter, _ *http.Request) {
	open(w.Header())
	w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	w.Header().Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match, If-Modified-Since")
	w.Header().Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// open sets the headers of public media: readable by every page's scripts, and
// never an active document.
func open(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'")
}

// publicTTL is how long a cache may show public media without asking again, and
// so how long a deletion may take to reach every viewer.
const publicTTL = 5 * time.Minute

func maxAge(m media.Media, now time.Time) string {
	ttl := publicTTL
	if !m.ExpiresAt.IsZero() {
		ttl = max(0, min(ttl, m.ExpiresAt.Sub(now)))
	}
	return "public, max-age=" + strconv.Itoa(int(ttl.Seconds()))
}

// extend gives the connection time to send size bytes to a slow viewer, and no
// longer: a minute, and a second for every 16 KiB.
func extend(w http.ResponseWriter, size int64) {
	wait := time.Minute + time.Duration(size>>14)*time.Second
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait)) // not every writer has one
}
