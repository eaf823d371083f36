package ownapi

import (
	"net/http"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
)

// API is magpie's own surface over one server's rooms.
type API struct {
	catalog   *catalog.Catalog
	gate      *auth.Gate
	originals *delivery.Originals
	fail      delivery.ErrorWriter
	mux       *http.ServeMux
}

// New makes the API's handler. fail answers errors.
func New(c *catalog.Catalog, g *auth.Gate, o *delivery.Originals, fail delivery.ErrorWriter) *API {
	a := &API{catalog: c, gate: g, originals: o, fail: fail, mux: http.NewServeMux()}
	a.mux.HandleFunc("GET /magpie/v1/media/{id}/original", a.original)
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s.", r.Method, r.URL.Path))
	})
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }
