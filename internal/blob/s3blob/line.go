package s3blob

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"magpie/internal/media"
)

// How patient the driver is. Every figure about trying again is here.
const (
	tries      = 4                      // of one request
	firstPause = 100 * time.Millisecond // before the second, and doubled before each further one
	maxPause   = 2 * time.Second
	patience   = 30 * time.Second // no further try is begun so long after the first

	// After so many failed tries in a row, of whatever requests, the endpoint is
	// taken to be away: requests fail at once, but for one at a time that tries it
	// again, after restFirst, twice that, and so on up to restMax.
	failuresToBreak = 8
	restFirst       = time.Second
	restMax         = 15 * time.Second
)

// line is the way to the endpoint: it tries again what failed for a reason that
// may pass, and doesn't ask at all while nothing answers.
type line struct {
	now    func() time.Time
	random func() float64 // in [0, 1)

	mu      sync.Mutex
	failed  int           // tries in a row
	until   time.Time     // no request before then, if failed says so
	rest    time.Duration // how long the last rest was
	probing bool          // somebody tries whether the endpoint is back
}

func newLine(now func() time.Time) *line {
	return &line{now: now, random: rand.Float64}
}

// do calls try until it succeeds, fails for good, or has failed often enough.
// The error is try's own if it is for good, the context's if that ended, and else
// media.CodeBusy. try must be fit to be called again.
func (l *line) do(ctx context.Context, try func(context.Context) error) error {
	began := l.now()
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		probe, err := l.enter()
		if err != nil {
			return err
		}
		err = try(ctx)
		if ended := ctx.Err(); ended != nil && err != nil {
			l.leave(probe, false)
			return ended
		}
		if !passing(err) {
			l.leave(probe, true)
			return err
		}
		l.fail(probe)
		if n == tries || probe || l.now().Sub(began) >= patience {
			return away(err)
		}
		if err := l.pause(ctx, n); err != nil {
			return err
		}
	}
}

// enter says whether a request may be made now, and if it is the one that tries
// whether the endpoint is back.
func (l *line) enter() (probe bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed < failuresToBreak {
		return false, nil
	}
	if wait := l.until.Sub(l.now()); wait > 0 || l.probing {
		return false, away(errors.New("the endpoint does not answer; it is tried again soon"))
	}
	l.probing = true
	return true, nil
}

// leave ends a request that was answered, or that its caller gave up.
func (l *line) leave(probe, answered bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if probe {
		l.probing = false
	}
	if answered {
		l.failed, l.rest = 0, 0
	}
}

func (l *line) fail(probe bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if probe {
		l.probing = false
	}
	l.failed++
	if l.failed >= failuresToBreak && (probe || l.failed == failuresToBreak) {
		l.rest = min(max(2*l.rest, restFirst), restMax)
		// Processes that lost the same endpoint don't come back in step.
		l.until = l.now().Add(l.rest/2 + time.Duration(l.random()*float64(l.rest)/2))
	}
}

// pause waits before try n+1, for somewhere between half of the time and all.
func (l *line) pause(ctx context.Context, n int) error {
	wait := min(firstPause<<(n-1), maxPause)
	wait = wait/2 + time.Duration(l.random()*float64(wait)/2)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// away is what a caller is told when the endpoint can't be used now.
func away(cause error) error {
	e := media.Busy(2*time.Second, "The store that keeps uploads can't be reached now; try again.")
	e.Cause = cause
	return e
}

// errRaced is a PUT that was told that there is no such key, as stores over a
// filesystem say while a folder that emptied is removed.
var errRaced = errors.New("the store lost the object's folder")

// raced gives what a PUT says that can't be meant an error that passes.
func raced(err error) error {
	if answer := answerOf(err); answer.Code == minio.NoSuchKey || answer.Code == "ExistingObjectIsDirectory" {
		return errors.Join(errRaced, err)
	}
	return err
}

// passing says whether an error may be gone when the request is made again:
// there was no answer, or one that says so. Bytes that arrived damaged are sent
// again too.
func passing(err error) bool {
	if err == nil {
		return false
	}
	var local *fs.PathError // of the spool
	var known *media.Error
	if errors.As(err, &local) || errors.As(err, &known) || errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if errors.Is(err, errRaced) {
		return true
	}
	answer := answerOf(err)
	switch answer.Code {
	case "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
		"BadDigest", "XAmzContentChecksumMismatch", "IncompleteBody", "ExpiredToken":
		return true
	}
	switch answer.StatusCode {
	case 0, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return answer.StatusCode >= 500 && answer.StatusCode != http.StatusNotImplemented
}

// answerOf is what the endpoint said; its StatusCode is 0 if it said nothing.
func answerOf(err error) minio.ErrorResponse {
	var answer minio.ErrorResponse
	errors.As(err, &answer)
	return answer
}
