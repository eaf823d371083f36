package xapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"magpie/internal/media"
)

// Patience is how long clients may keep the server waiting, on every route: for
// the bytes of a body, and until they take in an answer.
//
// A client begins with Stall to spare. Waiting for it costs that time, and every
// byte that comes wins some back, a second for each MinRate of them, never more
// than Stall in all. So one that is faster than MinRate may pause for Stall
// whenever it likes, one that is slower is let go after a while, and what the
// server itself takes, to write to disk or to process, costs nobody anything.
//
// An answer that nothing is taken of for Stall, or less than MinRate on average,
// is broken off. Neither bounds how long a whole request takes.
type Patience struct {
	Stall   time.Duration
	MinRate int64            // bytes a second; with 0 any byte wins all of Stall back
	Now     func() time.Time // by which deadlines are set

	// Sleep lets bytes of slow clients gather before they are read: a thousand of
	// them would cost a fast one a tenth of its speed in small reads and writes.
	// nil reads at once.
	Sleep func(time.Duration)
}

// A client is slow whose bytes of a period came at less than slowRate. It is
// read from once in a gathering, unless the last read left something.
const (
	slowPeriod = 2 * time.Second
	slowRate   = 64 << 10 // bytes a second
	gathering  = time.Second
)

// Handler is next with that patience. What next sets as a deadline by
// http.ResponseController holds beside it: the earlier one counts.
func (p Patience) Handler(next http.Handler) http.Handler {
	buffers := &sync.Pool{New: func() any { b := make([]byte, copyBuffer); return &b }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A copy: how the server ends a request that nobody read depends on what
		// its own has for a body.
		r = r.WithContext(r.Context())
		pw := p.take(w, r)
		pw.buffers = buffers
		next.ServeHTTP(pw, r)
		pw.arm() // for what the server still has to send
	})
}

// take makes a request and its response patient ones.
func (p Patience) take(w http.ResponseWriter, r *http.Request) *patientWriter {
	control := http.NewResponseController(w)
	pw := &patientWriter{
		ResponseWriter: w, p: p, control: control,
		kernel: r.TLS == nil && r.ProtoMajor == 1,
		body:   &patientBody{p: p, control: control, spare: p.Stall},
	}
	_ = control.SetWriteDeadline(time.Time{}) // of the request before; not every connection has one
	if r.Body == nil || r.Body == http.NoBody {
		pw.body.ended = true
		return pw
	}
	pw.body.ReadCloser = r.Body
	pw.body.arm(p.Now()) // also for a body that nobody reads: the server reads on before it closes
	r.Body = pw.body
	return pw
}

// patientBody moves the read deadline forward as bytes come in.
type patientBody struct {
	io.ReadCloser
	p       Patience
	control *http.ResponseController
	spare   time.Duration // for which the client may still be waited for
	armed   time.Time     // the deadline that is set
	limit   time.Time     // another's deadline, zero for none
	began   bool
	ended   bool
	broke   error // what ended it before its end

	since time.Time // when the period began
	came  int       // bytes of it
	slow  bool      // as of the last period
	empty bool      // whether the last read took all that was there
}

func (b *patientBody) Read(p []byte) (int, error) {
	b.began = true
	if b.broke != nil {
		return 0, b.broke
	}
	before := b.p.Now()
	if b.spare <= 0 {
		return 0, b.end(b.p.tooSlow())
	}
	b.arm(before)
	if b.slow && b.empty && b.p.Sleep != nil {
		b.p.Sleep(min(gathering, b.spare))
	}
	n, err := b.ReadCloser.Read(p)
	after := b.p.Now()
	b.spare = b.p.spare(b.spare, n, after.Sub(before))
	b.judge(n, len(p), after)
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		b.ended = true
		// Past the body, a deadline would take the client for gone. One that
		// stalled keeps it: the server reads on before it closes.
		_ = b.control.SetReadDeadline(time.Time{})
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = b.p.tooSlow()
		if !b.limit.IsZero() && !b.p.Now().Before(b.limit) {
			err = media.Errorf(media.CodeTooSlow, "The request body came too slowly: a small one must come within some seconds. Send the request again.")
		}
	}
	return n, b.end(err)
}

// judge tells slow clients from fast ones, after a read of n bytes into most.
func (b *patientBody) judge(n, most int, now time.Time) {
	b.came += n
	b.empty = n < most
	if period := now.Sub(b.since); period >= slowPeriod {
		b.slow = !b.since.IsZero() && float64(b.came) < slowRate*period.Seconds()
		b.since, b.came = now, 0
	}
}

func (b *patientBody) end(err error) error {
	b.ended, b.broke = true, err
	return err
}

// arm sets the deadline, unless the one that is set is nearly as late: a timer
// for every read would cost more than small reads do. It is never too late.
func (b *patientBody) arm(now time.Time) {
	until := now.Add(b.spare)
	if !b.limit.IsZero() && b.limit.Before(until) {
		until = b.limit
	}
	near := min(b.p.Stall/10, b.spare/8)
	if late := until.Sub(b.armed); !b.armed.IsZero() && late >= 0 && late <= near {
		return
	}
	b.armed = until
	_ = b.control.SetReadDeadline(until) // not every connection has one
}

// spare is what is left of the time for which a client may be waited for, once
// n bytes of it took as long as waited.
func (p Patience) spare(before time.Duration, n int, waited time.Duration) time.Duration {
	switch {
	case p.MinRate > 0:
		won := time.Duration(float64(n) / float64(p.MinRate) * float64(time.Second))
		return min(before-waited+won, p.Stall)
	case n > 0:
		return p.Stall
	}
	return before - waited
}

func (p Patience) tooSlow() error {
	if p.MinRate > 0 {
		return media.Errorf(media.CodeTooSlow, "The request body came too slowly: it may stand still for %s, and must bring %d bytes a second on average. Send the request again, on a better connection or in smaller pieces.", p.Stall, p.MinRate)
	}
	return media.Errorf(media.CodeTooSlow, "The request body came too slowly: it may stand still for %s. Send the request again.", p.Stall)
}

// patientOf finds the patient writer below a response, nil where there is none.
func patientOf(w http.ResponseWriter) *patientWriter {
	for {
		switch t := w.(type) {
		case *patientWriter:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// minDrain is how much of a refused body is read at least, whatever the
// server's limits: the client did not know them.
const minDrain = 64 << 20

// drain reads what the client still sends, a segment of maxSegment bytes or
// minDrain, before it is told of an error: a connection closed in the middle of
// a body is reset, and the answer lost with it. A client that waits for
// 100-continue is not told to go on.
func drain(w http.ResponseWriter, r *http.Request, maxSegment int64) {
	began := false
	if p := patientOf(w); p != nil {
		if p.body.ended {
			return
		}
		began = p.body.began
	}
	if r.Body == nil || r.Header.Get("Expect") != "" && !began {
		return
	}
	const envelope = 1 << 20 // around the segment
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, max(maxSegment, minDrain)+envelope))
}
