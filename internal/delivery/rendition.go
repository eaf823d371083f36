package delivery

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/policy"
)

// ErrorWriter answers a request with an error, in the shape of the surface it
// came by.
type ErrorWriter func(w http.ResponseWriter, r *http.Request, err error)

// Config is what Renditions work with.
type Config struct {
	Catalog *catalog.Catalog
	Blobs   *blob.Store
	Access  Access
	Now     func() time.Time
	Fail    ErrorWriter
	Log     *slog.Logger

	// Redirect sends viewers of media that nothing restricts to the store itself,
	// which must be one that presigns.
	Redirect bool
	// Pages is the origin of this server's own pages where it is not that of its
	// media, or "". They may load nothing from the store.
	Pages string
}

// Renditions serves GET and HEAD /media/{slug}/{name} to whoever policy lets. On
// the URL of an image, ?name=thumb|small|medium|large|orig picks another size, as
// on X. So it serves an image's /media/{slug}, with or without an ending, as X has
// it. ?ticket= shows what the viewer may, and ?download=1 asks for a file to keep.
type Renditions struct {
	catalog *catalog.Catalog
	blobs   *blob.Store
	access  Access
	notes   *notes
	found   *recent[asking, finding]
	now     func() time.Time
	fail    ErrorWriter
	log     *slog.Logger

	redirect bool
	pages    string // host of the server's own pages, or ""
}

// NewRenditions makes the handler.
func NewRenditions(c Config) *Renditions {
	pages := ""
	if u, err := url.Parse(c.Pages); err == nil {
		pages = u.Host
	}
	return &Renditions{
		catalog: c.Catalog, blobs: c.Blobs, access: c.Access, notes: newNotes(c.Catalog, c.Now),
		found: newRecentOf[asking, finding](c.Catalog, c.Now),
		now:   c.Now, fail: c.Fail, log: c.Log, redirect: c.Redirect, pages: pages,
	}
}

// ServeHTTP sends one rendition, or one of the playlists and texts that a
// video's subtitles add to it.
func (h *Renditions) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	slug, name := asked(r)
	if l, ext, ok := parseCaptionName(name); ok {
		h.caption(w, r, l, ext)
		return
	}
	query := r.URL.Query()
	m, rendition, err := h.find(r.Context(), slug, name, query)
	use := useOf(rendition, query.Get("download") == "1")
	ticket, ok := h.shown(w, r, m, use, policy.Verdict{}, err)
	if !ok {
		return
	}
	switch rendition.Role {
	case media.RoleMaster:
		h.master(w, r, m, rendition, ticket)
		return
	case media.RolePlaylist, media.RoleThumbnails:
		if ticket != "" {
			h.rewritten(w, r, m, rendition, ticket)
			return
		}
	}
	if query.Get("download") == "1" && use == policy.Download {
		attach(w.Header(), m, rendition.Name)
	}
	if h.sentAway(w, r, m, rendition) {
		return
	}
	w.Header().Set("Content-Type", rendition.ContentType)
	if err := serve(w, r, h.blobs, media.Manifest{rendition.Blob}, m, blobTag(rendition.Blob), h.log); err != nil {
		h.fail(w, r, err)
	}
}

// attach has browsers save what comes, under a name that says which media it is.
func attach(h http.Header, m media.Media, name string) {
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=\"%s-%s\"", m.ID, name))
}

// shown asks whether a media that was looked up, or not, may be shown to this
// viewer, and sets the headers that go with the answer, for which part is the
// verdict on what is sent of another media. If not, it has answered why. ticket is
// what the viewer brought, for the URLs inside of what is sent; "" for none.
func (h *Renditions) shown(w http.ResponseWriter, r *http.Request, m media.Media, u policy.Use, part policy.Verdict, err error) (ticket string, ok bool) {
	var e *media.Error
	if errors.As(err, &e) && e.Code == media.CodeNotFound && e.Field == "" {
		err = media.Errorf(media.CodeNotFound, "There is no media at this address.")
	}
	open(w.Header())
	var verdict policy.Verdict
	if err == nil {
		verdict, ticket, err = h.decide(r, m, u)
	}
	if err != nil {
		h.fail(w, r, err)
		return "", false
	}
	cacheAs(w.Header(), both(verdict, part), ticket, h.now())
	return ticket, true
}

// blobTag is the ETag of a stored file.
func blobTag(b media.Blob) string { return fmt.Sprintf("\"%08x-%x\"", b.CRC, b.Size) }

// Preflight answers OPTIONS for a rendition: any page's script may ask. Whether it
// gets something is decided then.
func (h *Renditions) Preflight(w http.ResponseWriter, _ *http.Request) {
	open(w.Header())
	w.Header().Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	w.Header().Set("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match, If-Modified-Since")
	w.Header().Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// open sets the headers of all media: readable by the scripts of every page that
// gets it, and never an active document.
func open(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'")
}
