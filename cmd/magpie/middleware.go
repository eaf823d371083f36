package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"magpie/internal/auth"
	"magpie/internal/delivery"
	"magpie/internal/media"
	"magpie/internal/trace"
)

// requestKey is where a request's recorder is in its context.
type requestKey struct{}

// newLogger makes the logger that every room gets. What is logged with a
// request's context carries the request's id and its trace, with a job's context
// the trace.
func newLogger(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, err
	}
	options := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(withRequest{slog.NewJSONHandler(w, options)}), nil
	}
	return slog.New(withRequest{slog.NewTextHandler(w, options)}), nil
}

// withRequest adds the request's id and the trace to records.
type withRequest struct{ slog.Handler }

func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	var more [2]slog.Attr // at once: each time is room made for what is added
	n := 0
	if rec := requestOf(ctx); rec != nil {
		more[n] = slog.String("request", rec.id)
		n++
	}
	if t := trace.From(ctx); !t.IsZero() {
		more[n] = slog.String("trace", t.ID())
		n++
	}
	r.AddAttrs(more[:n]...)
	return h.Handler.Handle(ctx, r)
}

func (h withRequest) WithAttrs(a []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(a)}
}

func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}

// observing is what observed works with.
type observing struct {
	log    *slog.Logger
	access bool // log every request
	meters *meters
	now    func() time.Time
	fail   delivery.ErrorWriter
}

// observed gives every request an id, which the answer carries as
// x-transaction-id and which is the request's step in its trace, logs and counts
// how it went, and turns a panic into an answer.
func observed(next http.Handler, o observing) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w, trace: stepOf(r)}
		rec.id = rec.trace.Span()
		r = r.WithContext(trace.With(context.WithValue(r.Context(), requestKey{}, rec), &rec.trace))
		if r.Body != nil && r.Body != http.NoBody {
			rec.body.ReadCloser = r.Body
			r.Body = &rec.body
		}
		rec.request = r
		w.Header().Set("x-transaction-id", rec.id)
		began := o.now()
		o.meters.inFlight.Inc()
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				o.log.ErrorContext(r.Context(), "handler panicked", "panic", p, "stack", string(debug.Stack()))
				if rec.status == 0 {
					o.fail(rec, r, media.Errorf(media.CodeInternal, ""))
					p = nil
				}
			}
			if p == nil && rec.status == 0 {
				rec.status = http.StatusOK // which the server says for it
			}
			o.done(rec, o.now().Sub(began))
			if p != nil {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// stepOf is the step of a trace that a request is: of the trace that it says, or of
// a new one where it says none or what can't be read.
func stepOf(r *http.Request) trace.Context {
	var t trace.Context
	if said, ok := trace.Read(r.Header[trace.ParentHeader], r.Header[trace.StateHeader]); ok {
		t, _ = said.Child(rand.Reader) // never fails
	} else {
		t, _ = trace.New(rand.Reader)
	}
	return t
}

// done counts and logs a request that is over.
func (o observing) done(rec *recorder, took time.Duration) {
	route := routeOf(rec.request.Pattern)
	o.meters.inFlight.Dec()
	o.meters.answered(route, rec.status, rec.body.bytes, rec.bytes, took)
	ctx := rec.request.Context()
	if o.access {
		// The path and not the URL: its query may hold tickets and signatures.
		o.log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("method", rec.request.Method), slog.String("path", rec.request.URL.Path),
			slog.String("route", route), slog.Int("status", rec.status), slog.Int64("bytes_in", rec.body.bytes), slog.Int64("bytes", rec.bytes),
			slog.Duration("took", took), slog.String("from", rec.request.RemoteAddr), slog.String("user", rec.who.User), slog.String("client", rec.who.Client))
	}
	if route = withMethod(route, rec.request); audited(route) && rec.status < http.StatusBadRequest && rec.status != 0 {
		o.log.LogAttrs(ctx, slog.LevelInfo, "audit", slog.String("route", route), slog.String("path", rec.request.URL.Path),
			slog.Int("status", rec.status), slog.String("user", rec.who.User), slog.String("client", rec.who.Client), slog.String("token", rec.who.Token))
	}
}

// routeOf is the pattern that a request was routed by, which there are so many of
// and no more. What no pattern
// takes is "other".
func routeOf(pattern string) string {
	if pattern == "" || pattern == "/" || pattern == "/magpie/v1/" {
		return "other"
	}
	return pattern
}

// withMethod is a route with the method of a request, for those of tus, which are
// the same for all; it takes methods from a header, too.
func withMethod(route string, r *http.Request) string {
	if !strings.HasPrefix(route, "/") {
		return route
	}
	method := r.Method
	if asked := r.Header.Get("X-HTTP-Method-Override"); asked != "" && method == http.MethodPost {
		method = strings.ToUpper(asked)
	}
	return method + " " + route
}

// audited reports whether a route changes something beside the bytes of uploads:
// metadata, subtitles, what is deleted and restored, webhooks, and who may do what.
func audited(route string) bool {
	method, path, _ := strings.Cut(route, " ")
	switch {
	case method != http.MethodPost && method != http.MethodDelete && method != http.MethodPatch && method != http.MethodPut:
		return false
	case strings.HasPrefix(path, "/2/media/upload"), path == "/1.1/media/upload.json":
		return false
	case strings.HasPrefix(path, "/magpie/v1/tus"):
		return method == http.MethodDelete
	case path == "/magpie/v1/events", route == "POST /console/session", strings.HasSuffix(path, "/playback-token"):
		return false
	}
	return true
}

// recorder notes what a request was and what its answer is, and lets the kernel
// send files past it.
type recorder struct {
	http.ResponseWriter
	request *http.Request
	id      string
	trace   trace.Context
	who     auth.Identity // zero where nobody asked, or it isn't known
	body    countedBody
	status  int
	bytes   int64
}

// countedBody counts what is read of a request's body.
type countedBody struct {
	io.ReadCloser
	bytes int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes += int64(n)
	return n, err
}

// requestOf is the record of the request that a context is of, nil for none.
func requestOf(ctx context.Context) *recorder {
	rec, _ := ctx.Value(requestKey{}).(*recorder)
	return rec
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(p)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom hands the source to the connection as it is.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := io.Copy(r.ResponseWriter, src)
	r.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
