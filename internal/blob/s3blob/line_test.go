package s3blob

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"

	"magpie/internal/media"
)

// clocked gives a line over a clock that stands, and the way to move it.
func clocked() (l *line, move func(time.Duration)) {
	now := time.Unix(1_000_000, 0)
	l = newLine(func() time.Time { return now })
	l.random = func() float64 { return 1 }
	return l, func(d time.Duration) { now = now.Add(d) }
}

// TestLineRests: after so many failures in a row nobody asks for a while, then
// one does; its answer decides for all.
func TestLineRests(t *testing.T) {
	l, move := clocked()
	asked := 0
	var answer error
	ask := func() error {
		return l.do(t.Context(), func(context.Context) error { asked++; return answer })
	}
	answer = errors.New("connection refused")
	for range failuresToBreak / tries {
		if err := ask(); media.CodeOf(err) != media.CodeBusy {
			t.Fatalf("got %v, want media.CodeBusy", err)
		}
	}
	if asked != failuresToBreak {
		t.Fatalf("asked %d times, want %d", asked, failuresToBreak)
	}
	for rest := restFirst; rest <= restMax/2; rest *= 2 {
		asked = 0
		move(rest - 1)
		if err := ask(); media.CodeOf(err) != media.CodeBusy || asked != 0 {
			t.Fatalf("while it rests for %s: %v after asking %d times", rest, err, asked)
		}
		move(1)
		if err := ask(); media.CodeOf(err) != media.CodeBusy || asked != 1 {
			t.Fatalf("after a rest of %s: %v after asking %d times, want 1", rest, err, asked)
		}
	}
	move(restMax)
	answer, asked = nil, 0
	for range 3 {
		if err := ask(); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times once it is back, want 3", asked)
	}
}

// TestLineProbesAlone: while one tries whether the endpoint is back the others
// don't wait for it, and one that is given up lets the next try.
func TestLineProbesAlone(t *testing.T) {
	l, move := clocked()
	l.failed = failuresToBreak
	move(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	err := l.do(ctx, func(context.Context) error {
		err := l.do(t.Context(), func(context.Context) error { t.Error("a second one asks"); return nil })
		if media.CodeOf(err) != media.CodeBusy {
			t.Errorf("the second one gets %v, want media.CodeBusy", err)
		}
		cancel()
		return errors.New("broken off")
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the first one gets %v, want context.Canceled", err)
	}
	if err := l.do(t.Context(), func(context.Context) error { return nil }); err != nil {
		t.Errorf("the next one gets %v", err)
	}
}

// TestLineGivesUpInTime: after patience no further try is begun.
func TestLineGivesUpInTime(t *testing.T) {
	l, move := clocked()
	asked := 0
	err := l.do(t.Context(), func(context.Context) error {
		asked++
		move(patience)
		return errors.New("timeout")
	})
	if media.CodeOf(err) != media.CodeBusy || asked != 1 {
		t.Errorf("%v after asking %d times, want media.CodeBusy after 1", err, asked)
	}
}

func TestPassing(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("connection reset"), true},
		{minio.ErrorResponse{StatusCode: http.StatusServiceUnavailable, Code: "SlowDown"}, true},
		{minio.ErrorResponse{StatusCode: http.StatusInternalServerError}, true},
		{minio.ErrorResponse{StatusCode: http.StatusOK, Code: "InternalError"}, true},
		{minio.ErrorResponse{StatusCode: http.StatusTooManyRequests}, true},
		{minio.ErrorResponse{StatusCode: http.StatusBadRequest, Code: "BadDigest"}, true},
		{minio.ErrorResponse{StatusCode: http.StatusConflict, Code: "ConditionalRequestConflict"}, true},
		{raced(minio.ErrorResponse{StatusCode: http.StatusNotFound, Code: minio.NoSuchKey}), true},
		{minio.ErrorResponse{StatusCode: http.StatusNotImplemented}, false},
		{minio.ErrorResponse{StatusCode: http.StatusForbidden, Code: "AccessDenied"}, false},
		{minio.ErrorResponse{StatusCode: http.StatusNotFound, Code: "NoSuchBucket"}, false},
		{minio.ErrorResponse{StatusCode: http.StatusPreconditionFailed}, false},
		{&fs.PathError{Op: "write", Err: fs.ErrPermission}, false},
		{full(nil), false},
	} {
		if got := passing(c.err); got != c.want {
			t.Errorf("%#v passes: %v, want %v", c.err, got, c.want)
		}
	}
}
