package xapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// Config is what the API works with.
type Config struct {
	Sessions *upload.Sessions
	Catalog  *catalog.Catalog
	Gate     *auth.Gate
	Process  Processing
	Handout  delivery.Handout
	Now      func() time.Time
	Log      *slog.Logger

	Faults     bool // requests may ask for faults; else those that do are refused
	RateLimits bool // refuse what is past X's rate limits; else they are only shown
}

// API is X's media API over one server's rooms.
type API struct {
	sessions *upload.Sessions
	catalog  *catalog.Catalog
	gate     *auth.Gate
	process  Processing
	handout  delivery.Handout
	now      func() time.Time
	log      *slog.Logger
	fail     func(http.ResponseWriter, *http.Request, error)
	rates    *rates
	faults   bool
	pools    *pools
	mux      *http.ServeMux
}

// Processing starts what follows finalize.
type Processing struct {
	// Now runs one media to its end while the client waits. CodeBusy means that
	// too many are waiting already, or that this one has waited too long.
	Now func(ctx context.Context, id media.ID) error
	// Make makes one media that is not recorded yet, as upload.Make says. nil
	// leaves all to Now.
	Make upload.Make
	// Later hands the media to the workers.
	Later func(ctx context.Context, m media.Media) error
}

// New makes the API's handler. Serve it behind Patience.Handler: it waits for
// bodies as long as they come.
func New(c Config) *API {
	a := &API{
		sessions: c.Sessions, catalog: c.Catalog, gate: c.Gate, process: c.Process, handout: c.Handout, now: c.Now, log: c.Log,
		fail:   WriteProblem(c.Log, c.Sessions.MaxSegment()),
		rates:  newRates(c.RateLimits, c.Now),
		faults: c.Faults,
		pools:  newPools(),
		mux:    http.NewServeMux(),
	}
	write := func(l limit) need { return need{scope: auth.MediaWrite, limit: l} }
	read := func(l limit) need { return need{scope: auth.TweetRead, appOnly: true, limit: l} }
	a.mux.Handle("POST /2/media/upload/initialize", a.endpoint(write(limitInitialize), a.initialize))
	a.mux.Handle("POST /2/media/upload/{id}/append", a.endpoint(write(limitAppend), a.append))
	a.mux.Handle("POST /2/media/upload/{id}/finalize", a.endpoint(write(limitFinalize), a.finalize))
	a.mux.Handle("GET /2/media/upload", a.endpoint(write(limitStatus), a.status))
	a.mux.Handle("POST /2/media/upload", a.endpoint(write(limitUpload), a.command(v2())))
	a.mux.Handle("POST /2/media/metadata", a.endpoint(write(limitMetadata), a.metadata))
	a.mux.Handle("POST /2/media/subtitles", a.endpoint(write(limitSubtitles), a.subtitlesCreate))
	a.mux.Handle("DELETE /2/media/subtitles", a.endpoint(write(limitNoSubtitles), a.subtitlesDelete))
	a.mux.Handle("GET /2/media", a.endpoint(read(limitLookupList), a.lookupList))
	a.mux.Handle("GET /2/media/analytics", a.endpoint(need{scope: auth.TweetRead, limit: limitAnalytics}, a.analytics))
	a.mux.Handle("GET /2/media/{media_key}", a.endpoint(read(limitLookup), a.lookup))
	a.mux.Handle("POST "+v1UploadPath, a.endpoint(write(limitUpload), a.command(v1())))
	a.mux.Handle("GET "+v1UploadPath, a.endpoint(write(limitStatus), a.v1Status))
	a.mux.Handle("POST /1.1/media/metadata/create.json", a.endpoint(write(limitMetadata), a.v1Metadata))
	a.mux.Handle("POST /1.1/media/subtitles/create.json", a.endpoint(write(limitSubtitles), a.v1SubtitlesCreate))
	a.mux.Handle("POST /1.1/media/subtitles/delete.json", a.endpoint(write(limitNoSubtitles), a.v1SubtitlesDelete))
	a.mux.HandleFunc("/", a.unknown)
	return a
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

// need is what an endpoint asks of a caller.
type need struct {
	scope   string
	appOnly bool // an app-only token will do
	limit   limit
}

// handler answers one request of an identified caller, or returns why not.
type handler func(w http.ResponseWriter, r *http.Request, who auth.Identity) error

// endpoint makes an http.Handler of a handler: it identifies the caller, counts
// the request against the caller's limits, and answers errors.
func (a *API) endpoint(n need, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, done, err := a.gate.Request(r)
		defer done()
		if err == nil {
			err = who.Need(n.scope, n.appOnly)
		}
		if err == nil {
			err = a.rates.take(w.Header(), n.limit, who)
		} else {
			a.rates.show(w.Header(), n.limit, who)
		}
		if err == nil {
			err = asItIs(w, r)
		}
		if err == nil {
			w, r, err = a.inject(w, r, n.limit)
		}
		if err == nil {
			err = h(w, r, who)
		}
		if err != nil {
			a.fail(w, r, err)
		}
	})
}

// unknown answers for what no route takes: 405 where another method would do,
// else 404.
func (a *API) unknown(w http.ResponseWriter, r *http.Request) {
	a.rates.show(w.Header(), limitOfNoEndpoint, auth.Identity{})
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		a.fail(w, r, media.Errorf(media.CodeNoMethod, "%s is not possible here; %s is.", r.Method, strings.Join(allowed, " or ")))
		return
	}
	a.fail(w, r, media.Errorf(media.CodeNotFound, "There is nothing at %s %s.", r.Method, r.URL.Path))
}

// answer sends a successful body.
func (a *API) answer(w http.ResponseWriter, r *http.Request, status int, body any) error {
	writeJSON(r.Context(), a.log, w, status, body)
	return nil
}

// envelope is how v2 wraps every answer.
type envelope struct {
	Data   any        `json:"data,omitempty"`
	Errors []notFound `json:"errors,omitempty"`
}
