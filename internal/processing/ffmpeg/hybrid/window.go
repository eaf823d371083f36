package hybrid

import (
	"io"
)

// window is a piece of what passes from a reader to a writer. What is in it may
// be changed on its way; so nothing is copied.
type window struct {
	r       io.Reader
	w       io.Writer
	buf     []byte
	passed  int   // of buf, what next has given out
	filled  int   // of buf, what was read
	at      int64 // how much next has given out in all
	readErr error
}

const windowSize = 512 << 10

// next gives at most n of the bytes that follow, and at least one. They may be
// changed until next is called again. At the end it gives io.EOF.
func (w *window) next(n int64) ([]byte, error) {
	if w.passed == w.filled {
		if err := w.flush(); err != nil {
			return nil, err
		}
		if err := w.fill(); err != nil {
			return nil, err
		}
	}
	p := w.buf[w.passed:min(int64(w.filled), int64(w.passed)+n)]
	w.passed += len(p)
	w.at += int64(len(p))
	return p, nil
}

// fill reads until buf is full, as many small writes cost more than the wait.
func (w *window) fill() error {
	idle := 0
	for w.filled < len(w.buf) && w.readErr == nil {
		var n int
		n, w.readErr = w.r.Read(w.buf[w.filled:])
		w.filled += n
		if n > 0 {
			idle = 0
		} else if idle++; idle == 100 && w.readErr == nil {
			w.readErr = io.ErrNoProgress
		}
	}
	if w.filled == 0 {
		return w.readErr
	}
	return nil
}

// flush passes on what was given out.
func (w *window) flush() error {
	if w.passed > 0 {
		if _, err := w.w.Write(w.buf[:w.passed]); err != nil {
			return err
		}
	}
	w.passed, w.filled = 0, 0
	return nil
}

// skip passes n bytes as they are.
func (w *window) skip(n int64) error {
	for n > 0 {
		p, err := w.next(n)
		if err != nil {
			return cutShort(err)
		}
		n -= int64(len(p))
	}
	return nil
}

// read copies as many bytes as p has room for, and passes them on.
func (w *window) read(p []byte) error {
	for len(p) > 0 {
		q, err := w.next(int64(len(p)))
		if err != nil {
			return cutShort(err)
		}
		p = p[copy(p, q):]
	}
	return nil
}

// copy gives n bytes, and passes them on. What is only claimed takes no memory.
func (w *window) copy(n int64) ([]byte, error) {
	out := make([]byte, 0, min(n, windowSize))
	for int64(len(out)) < n {
		p, err := w.next(n - int64(len(out)))
		if err != nil {
			return nil, cutShort(err)
		}
		out = append(out, p...)
	}
	return out, nil
}

// cutShort is an end where there must be more.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
