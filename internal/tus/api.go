package tus

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/upload"
)

// Path is where uploads are begun. An upload has its id behind it.
const Path = "/magpie/v1/tus/"

const (
	version    = "1.0.0"
	extensions = "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation"
	bytesType  = "application/offset+octet-stream"
)

// ExposedHeaders is what scripts of other origins may read of answers.
const ExposedHeaders = "Location, Magpie-Media-Id, Magpie-Media-Key, Magpie-State, Tus-Checksum-Algorithm, Tus-Extension, Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Concat, Upload-Defer-Length, Upload-Expires, Upload-Length, Upload-Metadata, Upload-Offset"

// Config is what the API works with.
type Config struct {
	Catalog  *catalog.Catalog
	Sessions *upload.Sessions
	Gate     *auth.Gate
	Public   string // the server's own address, without a path, in front of Location; "" for none
	Now      func() time.Time
	Log      *slog.Logger

	// Start brings on its way what a finalized media needs, and gives the media as
	// it is then: images are done, videos in line.
	Start func(context.Context, media.Media) (media.Media, error)
	// Count counts an upload that somebody begins, and returns an error where these
	// are too many; it may set headers of the answer.
	Count func(http.Header, auth.Identity) error
	// Fail answers errors.
	Fail func(http.ResponseWriter, *http.Request, error)
}

// API is tus over one server's rooms.
type API struct {
	Config
	buffers sync.Pool
}

// New makes the API's handler.
func New(c Config) *API {
	return &API{Config: c, buffers: sync.Pool{New: func() any { return new([bufferSize]byte) }}}
}

// ServeHTTP answers one request, at Path or at an upload's URL below it. A client
// that can send only POST names the method in X-HTTP-Method-Override.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Tus-Resumable", version)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	method := r.Method
	if asked := r.Header.Get("X-HTTP-Method-Override"); asked != "" && method == http.MethodPost {
		method = strings.ToUpper(asked)
	}
	if method == http.MethodOptions {
		a.options(w)
		return
	}
	if err := a.serve(w, r, method); err != nil {
		a.Fail(w, r, err)
	}
}

func (a *API) serve(w http.ResponseWriter, r *http.Request, method string) error {
	if got := r.Header.Get("Tus-Resumable"); got != version && method != http.MethodGet {
		w.Header().Set("Tus-Version", version)
		return &media.Error{
			Code: media.CodePrecondition, Field: "Tus-Resumable", Value: got,
			Detail: "The header Tus-Resumable must be " + version + ", the version that this server speaks.",
		}
	}
	who, done, err := a.Gate.Request(r)
	defer done()
	if err == nil {
		err = who.Need(auth.MediaWrite, false)
	}
	if err != nil {
		return err
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(Path, "/")), "/")
	if name == "" {
		if method != http.MethodPost {
			return media.Errorf(media.CodeNoMethod, "Uploads are begun with POST; %s needs the URL of one.", method)
		}
		return a.create(w, r, who)
	}
	id, err := media.ParseID(name)
	if err != nil {
		return media.Errorf(media.CodeNotFound, "There is no upload at %s; its URL is what Location said when it was begun.", r.URL.Path)
	}
	switch method {
	case http.MethodHead:
		return a.head(w, r, who, id)
	case http.MethodPatch:
		return a.patch(w, r, who, id)
	case http.MethodDelete:
		return a.terminate(w, r, who, id)
	case http.MethodGet:
		return a.get(w, r, who, id)
	}
	return media.Errorf(media.CodeNoMethod, "An upload takes HEAD, PATCH, DELETE and GET, not %s.", method)
}

// number reads a header that is a whole number of bytes. There is none where it is
// missing.
func number(h http.Header, name string) (n int64, found bool, err error) {
	values := h.Values(name)
	if len(values) == 0 {
		return 0, false, nil
	}
	u, err := strconv.ParseUint(values[0], 10, 63) // no signs
	if err != nil || len(values) > 1 {
		e := media.Invalid(name, "The header %s must be there once, and be a whole number from 0 on.", name)
		e.Value = shorten(values[0])
		return 0, true, e
	}
	return int64(u), true, nil
}

// location is the URL of an upload.
func (a *API) location(id media.ID) string { return a.Public + Path + id.String() }
