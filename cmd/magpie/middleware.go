package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"magpie/internal/delivery"
	"magpie/internal/media"
)

// requestKey is where a request's id is in its context.
type requestKey struct{}

// newLogger makes the logger that every room gets. What is logged with a
// request's context carries the request's id.
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

// withRequest adds the request's id to records.
type withRequest struct{ slog.Handler }

func (h withRequest) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(requestKey{}).(string); ok {
		r.AddAttrs(slog.String("request", id))
	}
	return h.Handler.Handle(ctx, r)
}

func (h withRequest) WithAttrs(a []slog.Attr) slog.Handler {
	return withRequest{h.Handler.WithAttrs(a)}
}

func (h withRequest) WithGroup(name string) slog.Handler {
	return withRequest{h.Handler.WithGroup(name)}
}

// observed gives every request an id, which the answer carries as
// x-transaction-id, logs how it went, and turns a panic into an answer.
func observed(next http.Handler, log *slog.Logger, now func() time.Time, fail delivery.ErrorWriter) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		_, _ = rand.Read(b[:]) // never fails
		id := hex.EncodeToString(b[:])
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, id))
		w.Header().Set("x-transaction-id", id)
		rec := &recorder{ResponseWriter: w}
		began := now()
		defer func() {
			p := recover()
			if p != nil && p != http.ErrAbortHandler {
				log.ErrorContext(r.Context(), "handler panicked", "panic", p, "stack", string(debug.Stack()))
				if rec.status == 0 {
					fail(rec, r, media.Errorf(media.CodeInternal, ""))
					p = nil
				}
			}
			log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("path", r.URL.Path),
				slog.Int("status", rec.status), slog.Int64("bytes", rec.bytes), slog.Duration("took", now().Sub(began)), slog.String("from", r.RemoteAddr))
			if p != nil {
				panic(http.ErrAbortHandler) // half an answer must not look like a whole one
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder notes status and size of an answer, and lets the kernel send files
// past it.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
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
