package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

// silence is a request that brought no whole answer.
type silence struct{ err error }

func (s *silence) Error() string {
	var u *url.Error
	if errors.As(s.err, &u) { // without the URL, which says nothing new
		return "no answer: " + u.Err.Error()
	}
	return "no answer: " + s.err.Error()
}

func (s *silence) Unwrap() error { return s.err }

// errShort is a file that has become shorter while it was read.
var errShort = errors.New("the file has become shorter while it was sent")

// passing reports whether what went wrong may be over soon.
func passing(err error) bool {
	var refused *Refusal
	var quiet *silence
	var wrong *tls.CertificateVerificationError
	var name *net.DNSError
	switch {
	case errors.As(err, &refused):
		switch refused.Status {
		case http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	case !errors.As(err, &quiet), errors.Is(err, errShort), errors.As(err, &wrong):
		return false
	case errors.As(err, &name):
		return !name.IsNotFound
	}
	return true
}

// longest is the longest wait between two tries that no server asked for.
const longest = 20 * time.Second

// pause is the wait after a try that failed: twice as long each time, and
// between half of that and all of it.
func (s *Server) pause(try int) time.Duration {
	d := min(s.c.First<<min(try, 20), longest)
	return d/2 + time.Duration(s.c.Random()*float64(d/2))
}

// sleep waits, or ends with the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
