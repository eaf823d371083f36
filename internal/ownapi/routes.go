package ownapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"magpie/internal/analytics"
	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// Config is what the API works with.
type Config struct {
	Catalog   *catalog.Catalog
	Sessions  *upload.Sessions
	Later     func(context.Context, media.Media) error // hands a media to the workers at once; nil leaves it to the sweeper
	Gate      *auth.Gate
	Originals *delivery.Originals
	Links     delivery.Links
	Handout   delivery.Handout     // makes URLs, and has the keys that tickets are signed with
	Access    delivery.Access      // tells who asks for what viewers see
	Random    io.Reader            // of playback tokens; nil for none
	Fail      delivery.ErrorWriter // answers errors
	Now       func() time.Time
	Log       *slog.Logger
	Webhooks  Webhooks
	Intake    *analytics.Intake // of playback events
	Ending    context.Context   // its end ends streams; nil for never
	Operator  Operator
}

// API is magpie's own surface over one server's rooms.
type API struct {
	catalog   *catalog.Catalog
	sessions  *upload.Sessions
	later     func(context.Context, media.Media) error
	gate      *auth.Gate
	originals *delivery.Originals
	links     delivery.Links
	handout   delivery.Handout
	access    delivery.Access
	random    io.Reader
	pages     *embedPages
	fail      delivery.ErrorWriter
	now       func() time.Time
	log       *slog.Logger
	webhooks  Webhooks
	changes   *changes
	intake    *analytics.Intake
	ending    context.Context
	operator  Operator
	mux       *http.ServeMux
}

// New makes the API's handler.
func New(c Config) *API {
	a := &API{
		catalog: c.Catalog, sessions: c.Sessions, later: c.Later, gate: c.Gate, originals: c.Originals, links: c.Links, handout: c.Handout,
		fail: c.Fail, now: c.Now, log: c.Log, mux: http.NewServeMux(),
		webhooks: c.Webhooks, changes: newChanges(c.Catalog, c.Now, c.Log), ending: c.Ending,
		intake: c.Intake, operator: c.Operator,
	}
	a.access, a.random, a.pages = c.Access, c.Random, newEmbedPages(c.Links.Media)
	if a.ending == nil {
		a.ending = context.Background()
	}
	read := need{scopes: []string{auth.TweetRead, auth.MediaWrite}, appOnly: true}
	a.mux.Handle("GET /magpie/v1/media/{id}/original", a.endpoint(read, a.original))
	write := need{scopes: []string{auth.MediaWrite}}
	a.mux.Handle("POST /magpie/v1/grants", a.endpoint(write, a.grant))
	a.mux.Handle("POST /magpie/v1/media/{id}/urls", a.endpoint(write, a.urls))
	a.mux.HandleFunc("GET /magpie/v1/embed/{media_key}", a.embed)
	a.mux.HandleFunc("GET /magpie/v1/oembed", a.oembed)
	a.routeLibrary()
	a.routeWebhooks()
	a.routePlayback()
	a.routeAdmin()
	a.mux.Handle("GET /magpie/v1/stream", a.endpoint(streamNeed(), a.stream))
	a.mux.Handle("GET /magpie/v1/media/{id}/audit", a.endpoint(read, a.audit))
	a.mux.Handle("GET /magpie/v1/media/{id}/history", a.endpoint(read, a.history))
	a.mux.Handle("GET /magpie/v1/analytics", a.endpoint(read, a.analytics))
	a.mux.Handle("GET /magpie/v1/analytics/top", a.endpoint(read, a.analyticsTop))
	a.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s.", r.Method, r.URL.Path))
	})
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }
