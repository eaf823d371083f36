package xapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"magpie/internal/media"
)

// faultHeader is how a request of somebody who tests a client asks for what can
// go wrong, and how the answer says that it was asked to.
const faultHeader = "X-Magpie-Fault"

// fault is what one request asks for.
type fault struct {
	status     int           // to answer with, in the place of doing anything; 0 for none
	retryAfter time.Duration // of a 429 or 503
	delay      time.Duration // before the answer goes out, once the work is done
	drop       drop          // cuts the connection

	upload *media.Fault // what is to happen to the upload's processing; nil for nothing
}

// drop says when a connection is cut: before any work, or in the place of the
// answer, so that the client can't know whether the work was done.
type drop string

const (
	dropBefore drop = "before"
	dropAfter  drop = "after"
)

// Bounds on what may be asked for.
const (
	maxFaultHeader    = 2000
	maxFaultMessage   = 500
	defaultRetryAfter = time.Second
)

// parseFault reads the header: parts with commas or semicolons between them,
// such as status=503 or processing="InvalidMedia:any words", delay=2s. A value
// in double quotes may hold both.
func parseFault(text string) (fault, error) {
	f := fault{}
	if len(text) > maxFaultHeader {
		return f, badFault("it has more than %d bytes", maxFaultHeader)
	}
	said := map[string]bool{}
	for rest := text; ; {
		part, more, err := cutPart(rest)
		if err != nil {
			return fault{}, err
		}
		name, value, valued := strings.Cut(part, "=")
		name, value = strings.TrimSpace(name), unquote(strings.TrimSpace(value))
		switch {
		case part == "":
		case said[name]:
			return fault{}, badFault("%s is there twice", shorten(name))
		default:
			if err := f.set(name, value, valued); err != nil {
				return fault{}, err
			}
			said[name] = true
		}
		if more == "" {
			break
		}
		rest = more[1:]
	}
	switch {
	case len(said) == 0:
		return fault{}, badFault("it asks for nothing")
	case said["retry-after"] && f.status != http.StatusTooManyRequests && f.status != http.StatusServiceUnavailable:
		return fault{}, badFault("retry-after goes with status=429 or status=503")
	case f.status != 0 && f.drop != "", f.status != 0 && f.upload != nil:
		return fault{}, badFault("with a status nothing is done, so that only delay and retry-after go with it")
	case f.drop == dropBefore && (f.upload != nil || f.delay > 0):
		return fault{}, badFault("with drop=before nothing is done, so that nothing goes with it")
	}
	if f.status == http.StatusTooManyRequests || f.status == http.StatusServiceUnavailable {
		if !said["retry-after"] {
			f.retryAfter = defaultRetryAfter
		}
	}
	return f, nil
}

// cutPart gives the first part of the header and the rest, from its separator
// on.
func cutPart(s string) (part, rest string, err error) {
	quoted := false
	for i := range len(s) {
		switch s[i] {
		case '"':
			quoted = !quoted
		case ',', ';':
			if !quoted {
				return strings.TrimSpace(s[:i]), s[i:], nil
			}
		}
	}
	if quoted {
		return "", "", badFault("a double quote is not closed")
	}
	return strings.TrimSpace(s), "", nil
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// set reads one part.
func (f *fault) set(name, value string, valued bool) (err error) {
	switch name {
	case "status":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n < 400 || n > 599 || len(value) != 3 {
			return badFault("status=%s is not a number from 400 to 599", shorten(value))
		}
		f.status = int(n)
	case "retry-after":
		f.retryAfter, err = faultTime(name, value)
	case "delay":
		f.delay, err = faultTime(name, value)
	case "drop":
		f.drop = drop(value)
		if !valued {
			f.drop = dropBefore
		}
		if f.drop != dropBefore && f.drop != dropAfter {
			return badFault("drop=%s is not drop=before or drop=after", shorten(value))
		}
	case "processing":
		return f.setFailure(value)
	case "processing-time":
		if f.upload == nil {
			f.upload = &media.Fault{}
		}
		f.upload.Processing, err = faultTime(name, value)
	default:
		return badFault("%q is not known", shorten(name))
	}
	return err
}

// setFailure reads the name of a failure, and after a colon its message.
func (f *fault) setFailure(value string) error {
	name, message, _ := strings.Cut(value, ":")
	words := map[string]string{ // X's own, where it gives any
		media.InvalidMedia:     "Unsupported video format",
		media.UnsupportedMedia: "file is currently unsupported",
		media.InternalError:    "Internal error",
	}
	usual, known := words[name]
	if !known {
		return badFault("processing=%s is not InvalidMedia, UnsupportedMedia or InternalError, with or without a colon and a message", shorten(name))
	}
	if len(message) > maxFaultMessage || !utf8.ValidString(message) {
		return badFault("the message of a failure is text of at most %d bytes", maxFaultMessage)
	}
	if message == "" {
		message = usual
	}
	if f.upload == nil {
		f.upload = &media.Fault{}
	}
	f.upload.Failure = media.NewFailure(name, message)
	return nil
}

func faultTime(name, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > media.MaxFaultTime {
		return 0, badFault("%s=%s is not a time from 0s to %s, such as 2s or 500ms", name, shorten(value), media.MaxFaultTime)
	}
	return d.Round(time.Millisecond), nil
}

func badFault(format string, args ...any) error {
	return media.Invalid(faultHeader, "The header %s can't be read: %s. It has one or more of status=503, retry-after=5s, delay=2s, "+
		"drop=before or drop=after, processing=InvalidMedia:message and processing-time=10s, with commas between them.",
		faultHeader, fmt.Sprintf(format, args...))
}
