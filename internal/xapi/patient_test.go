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

// A body that breaks off, or a client that closes its side, takes the
// connection's context along. What then fails for want of it is their doing.
func TestABrokenBodyIsTheClientsFault(t *testing.T) {
	for broken, words := range map[error]string{
		io.ErrUnexpectedEOF: "The request body broke off before its end",
		io.EOF:              "keep your side open until the answer has come",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/2/media/upload", nil)
		w := httptest.NewRecorder()
		r.Body = patient(w, io.NopCloser(iotest.ErrReader(broken)))
		_, _ = io.ReadAll(r.Body)
		cancel()
		WriteProblem(slog.New(slog.DiscardHandler), maxSegment)(w, r, fmt.Errorf("begin: %w", ctx.Err()))
		answer{w, t}.refused(http.StatusBadRequest, words)
	}
}
