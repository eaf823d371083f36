package xapi

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// bodyPatience is how long a request body may stand still.
const bodyPatience = 60 * time.Second

// patientBody moves the read deadline forward with every read, so that a slow
// client may take as long as it likes and a dead one may not.
type patientBody struct {
	io.ReadCloser
	control *http.ResponseController
	began   bool
	ended   bool
	broke   error // what ended it before its end
}

// patient makes a request's body a patientBody, once.
func patient(w http.ResponseWriter, body io.ReadCloser) *patientBody {
	if b, ok := body.(*patientBody); ok {
		return b
	}
	return &patientBody{ReadCloser: body, control: http.NewResponseController(w)}
}

func (b *patientBody) Read(p []byte) (int, error) {
	b.began = true
	_ = b.control.SetReadDeadline(time.Now().Add(bodyPatience)) // not every connection has one
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	if err != nil && !errors.Is(err, io.EOF) {
		b.broke = err
	}
	if errors.Is(err, io.EOF) {
		// Past the body, a deadline would take the client for gone. One that
		// stalled keeps it: the server reads on before it closes.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// minDrain is how much of a refused body is read at least, whatever the
// server's limits: the client did not know them.
const minDrain = 64 << 20

// drain reads what the client still sends, a segment of maxSegment bytes or
// minDrain, before it is told of an error: a connection closed in the middle of
// a body is reset, and the answer lost with it. A client that waits for
// 100-continue is not told to go on.
func drain(w http.ResponseWriter, r *http.Request, maxSegment int64) {
	body := patient(w, r.Body)
	if body.ended || (r.Header.Get("Expect") != "" && !body.began) {
		return
	}
	const envelope = 1 << 20 // around the segment
	_, _ = io.Copy(io.Discard, io.LimitReader(body, max(maxSegment, minDrain)+envelope))
}
