package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Refusal is an error answer of the server.
type Refusal struct {
	Status int
	Words  string        // the server's, on one line and without control characters
	After  time.Duration // how long the server asks to wait; 0 where it does not
}

// Error gives the status and the server's words.
func (r *Refusal) Error() string {
	return strings.TrimSuffix(fmt.Sprintf("%d %s: %s", r.Status, http.StatusText(r.Status), r.Words), ": ")
}

// mostAsked bounds what a server may ask to wait: X's windows are 15 minutes.
const mostAsked = 16 * time.Minute

// newRefusal reads an error answer in the shapes of X's versions 2 and 1.1.
func newRefusal(a *http.Response, body []byte, now time.Time) *Refusal {
	var problem struct {
		Message, Detail string
		Errors          []struct{ Message, Detail string }
	}
	words := ""
	if json.Unmarshal(body, &problem) == nil {
		words = problem.Message
		if words == "" {
			words = problem.Detail
		}
		if len(problem.Errors) > 0 && words == "" {
			words = problem.Errors[0].Message + problem.Errors[0].Detail
		}
	}
	if words == "" {
		words = string(body[:min(len(body), 300)])
	}
	if to := a.Header.Get("Location"); a.StatusCode/100 == 3 && to != "" {
		words = "the server sends elsewhere, to " + to + "; name that server"
	}
	return &Refusal{Status: a.StatusCode, Words: plain(words), After: asked(a.Header, a.StatusCode, now)}
}

// asked is how long the server asks to wait: Retry-After in seconds or as a
// date (RFC 9110 §10.2.3), or the end of X's window of rate limits.
func asked(h http.Header, status int, now time.Time) time.Duration {
	var d time.Duration
	text := h.Get("Retry-After")
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		d = time.Duration(n) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		d = at.Sub(now)
	} else if n, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64); err == nil && status == http.StatusTooManyRequests {
		d = time.Unix(n, 0).Sub(now)
	}
	return min(max(d, 0), mostAsked)
}

// plain makes one line of what a server said, without anything that a terminal
// would act on.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
