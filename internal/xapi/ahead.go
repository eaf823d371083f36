package xapi

import "io"

// ahead reads a body through a buffer that begins small and grows while the
// client keeps filling it: one that sends slowly costs little memory, and one
// that is fast few reads. It is what bufio.Reader is, for readers that look for
// something in all that is there.
type ahead struct {
	r      io.Reader
	buf    []byte
	start  int // buf[start:end] was read and not yet consumed
	end    int
	at     int                // how far into a file what comes next goes, see aligned
	larger func(n int) []byte // gives a buffer of more than n bytes; nil where there is none
	full   int                // how many reads in a row left no room
	err    error              // what r ended with
}

const (
	firstAhead = 4 << 10 // how large a buffer begins
	fastAfter  = 4       // reads in a row that fill one
)

// newAhead reads r, and asks larger for the buffers after the first.
func newAhead(r io.Reader, larger func(n int) []byte) *ahead {
	return &ahead{r: r, buf: make([]byte, firstAhead), larger: larger}
}

// peek gives what was read and not yet consumed, once that is n bytes at least;
// with less comes r's error, and io.ErrShortBuffer where n is more than the
// largest buffer has. It is valid until the next call.
func (a *ahead) peek(n int) ([]byte, error) {
	for idle := 0; a.end-a.start < n; {
		if a.err != nil {
			return a.buf[a.start:a.end], a.err
		}
		if !a.room() {
			return a.buf[a.start:a.end], io.ErrShortBuffer
		}
		k, err := a.r.Read(a.buf[a.end:])
		a.end += k
		a.err = err
		if a.full++; a.end < len(a.buf) {
			a.full = 0
		}
		if k > 0 {
			idle = 0
		} else if idle++; idle == 100 && err == nil {
			a.err = io.ErrNoProgress
		}
	}
	return a.buf[a.start:a.end], nil
}

// room makes room to read into, and reports whether there is any.
func (a *ahead) room() bool {
	to := a.buf
	tight := a.start == 0 && a.end == len(a.buf)
	if a.full >= fastAfter || tight {
		if b := a.larger(len(to)); b != nil {
			to, a.full = b, 0
		}
	}
	left := a.buf[a.start:a.end]
	front := a.at % pageSize
	if len(left) > pageSize || len(to) < 2*pageSize {
		front = 0
	}
	a.start, a.end = front, front+copy(to[front:], left)
	a.buf = to
	return a.end < len(a.buf)
}

// aligned is where to put what becomes of the bytes that come next, and is no more than
// they are: as far into a page as in the file, if there is such a place before them. The
// kernel copies more slowly to where pages begin elsewhere, at times half as fast.
func (a *ahead) aligned() []byte {
	back := (a.start - a.at) & (pageSize - 1)
	if back > a.start {
		back = 0
	}
	return a.buf[a.start-back:]
}

// skip consumes n bytes of what peek gave.
func (a *ahead) skip(n int) { a.start += n }

// ReadByte gives and consumes one byte. It may be followed by one unread.
func (a *ahead) ReadByte() (byte, error) {
	if a.start == a.end {
		if _, err := a.peek(1); err != nil {
			return 0, err
		}
	}
	a.start++
	return a.buf[a.start-1], nil
}

// unread takes back the byte that ReadByte gave just now.
func (a *ahead) unread() { a.start-- }
