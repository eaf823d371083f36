package xapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/media"
)

// timed is a response that notes the read deadline.
type timed struct {
	*httptest.ResponseRecorder
	deadline time.Time
}

func (w *timed) SetReadDeadline(t time.Time) error { w.deadline = t; return nil }

func TestPatientBodyHasNoDeadlineAfterItsEnd(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	body := patient(w, io.NopCloser(strings.NewReader("segment")))
	if _, err := io.ReadFull(body, make([]byte, 3)); err != nil || w.deadline.IsZero() {
		t.Errorf("within the body: deadline %v, %v", w.deadline, err)
	}
	if _, err := io.ReadAll(body); err != nil || !w.deadline.IsZero() {
		t.Errorf("behind the body: deadline %v, %v", w.deadline, err)
	}
}

// counted is an endless body that counts what is read of it.
type counted struct{ n int64 }

func (c *counted) Read(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }
func (*counted) Close() error                 { return nil }

func TestErrorsComeAfterTheBodyWithinBounds(t *testing.T) {
	const segment = 80 << 20
	for expect, most := range map[string]int64{"": segment + 1<<20, "100-continue": 0} {
		body := &counted{}
		r := httptest.NewRequest(http.MethodPost, "/2/media/upload", body)
		r.Header.Set("Expect", expect)
		w := httptest.NewRecorder()
		WriteProblem(slog.New(slog.DiscardHandler), segment)(w, r, media.Invalid("media", "is wrong"))
		if w.Code != http.StatusBadRequest || body.n < most || body.n > most+1<<20 {
			t.Errorf("Expect %q: status %d after %d bytes, want about %d", expect, w.Code, body.n, most)
		}
	}
}

// A client that stalled keeps its deadline: the server reads what is left of
// the body before it closes the connection, and would wait for ever.
func TestPatientBodyKeepsTheDeadlineOfAStalledOne(t *testing.T) {
	w := &timed{ResponseRecorder: httptest.NewRecorder()}
	body := patient(w, io.NopCloser(iotest.ErrReader(os.ErrDeadlineExceeded)))
	if _, err := io.ReadAll(body); !errors.Is(err, os.ErrDeadlineExceeded) || w.deadline.IsZero() || !body.ended {
		t.Errorf("deadline %v, ended %v, %v", w.deadline, body.ended, err)
	}
}

// A body that breaks off takes the connection's context with it. What then fails
// for want of the context is the client's doing.
func TestABrokenBodyIsTheClientsFault(t *testing.T) {
	for broken, status := range map[error]int{io.ErrUnexpectedEOF: http.StatusBadRequest, io.EOF: http.StatusServiceUnavailable} {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/2/media/upload", nil)
		w := httptest.NewRecorder()
		r.Body = patient(w, io.NopCloser(iotest.ErrReader(broken)))
		_, _ = io.ReadAll(r.Body)
		cancel()
		WriteProblem(slog.New(slog.DiscardHandler), maxSegment)(w, r, fmt.Errorf("begin: %w", ctx.Err()))
		if w.Code != status {
			t.Errorf("after %v: %d %s, want %d", broken, w.Code, w.Body, status)
		}
	}
}
