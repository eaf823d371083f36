package xapi

import (
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"magpie/internal/blob"
)

// copyBuffer is how much is written at a time, so that what is too slow is told
// from what is large.
const copyBuffer = 32 << 10

// patientWriter moves the write deadline forward as the client takes the answer
// in.
type patientWriter struct {
	http.ResponseWriter
	p       Patience
	control *http.ResponseController
	body    *patientBody
	buffers *sync.Pool // of copyBuffer
	kernel  bool       // whether the kernel may send files by itself
	armed   time.Time  // the deadline that is set
	limit   time.Time  // another's deadline, zero for none
}

// arm gives the client Stall from now on, nearly.
func (w *patientWriter) arm() {
	until := w.p.Now().Add(w.p.Stall)
	if !w.limit.IsZero() && w.limit.Before(until) {
		until = w.limit
	}
	if late := until.Sub(w.armed); !w.armed.IsZero() && late >= 0 && late <= w.p.Stall/10 {
		return
	}
	w.armed = until
	_ = w.control.SetWriteDeadline(until) // not every connection has one
}

// WriteHeader implements http.ResponseWriter.
func (w *patientWriter) WriteHeader(status int) {
	w.arm()
	w.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer. A client that takes in copyBuffer bytes within
// Stall is waited for.
func (w *patientWriter) Write(p []byte) (int, error) {
	total := 0
	for {
		w.arm()
		n, err := w.ResponseWriter.Write(p[:min(len(p), copyBuffer)])
		total += n
		p = p[n:]
		if err != nil || len(p) == 0 {
			return total, err
		}
	}
}

// ReadFrom sends a file by the kernel where that can be, and else a buffer at a
// time.
func (w *patientWriter) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	direct, can := w.ResponseWriter.(io.ReaderFrom)
	if ok && can && w.kernel {
		switch limited.R.(type) {
		case blob.Sender, syscall.Conn:
			return w.sendFile(direct, limited)
		}
	}
	buf := w.buffers.Get().(*[]byte)
	defer w.buffers.Put(buf)
	return io.CopyBuffer(struct{ io.Writer }{w}, src, *buf)
}

// sendFile sends a stretch of a file, however long that takes: where the
// deadline passes and the client did take in what it must, there is another.
// The kernel says how far it came, so nothing is lost or doubled between them.
func (w *patientWriter) sendFile(direct io.ReaderFrom, file *io.LimitedReader) (int64, error) {
	var total int64
	for {
		began := w.p.Now()
		w.arm()
		n, err := direct.ReadFrom(file)
		total += n
		took := w.p.Now().Sub(began)
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 || float64(n) < float64(w.p.MinRate)*took.Seconds() {
			return total, err
		}
		if !w.limit.IsZero() && !w.p.Now().Before(w.limit) {
			return total, err
		}
	}
}

// SetReadDeadline bounds the body in all, beside what patience bounds. The zero
// time takes that back.
func (w *patientWriter) SetReadDeadline(t time.Time) error {
	w.body.limit = t
	if w.body.ended && w.body.broke == nil {
		return w.control.SetReadDeadline(t)
	}
	w.body.arm(w.p.Now())
	return nil
}

// SetWriteDeadline bounds the answer in all, beside what patience bounds. The
// zero time takes that back.
func (w *patientWriter) SetWriteDeadline(t time.Time) error {
	w.limit = t
	w.arm()
	return nil
}

// Unwrap is for http.ResponseController.
func (w *patientWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
