package delivery

import (
	"bytes"
	"net"
	"net/http"

	"golang.org/x/sys/unix"
)

// ConnState is for http.Server. It tells connections that came from a Listener
// where the next request begins. It does nothing to others.
func ConnState(c net.Conn, state http.ConnState) {
	if c, ok := c.(*conn); ok && state == http.StateIdle {
		c.next, c.sent = c.sent, false
		c.unwatched.Store(false)
	}
}

// Read implements net.Conn. Handing a small request from one thread to another,
// and to a third that watches whether the viewer leaves, takes half as long as
// sending it a megabyte. So for the next request of a viewer who has just got a
// file, this thread waits itself for a moment, and one for a range is not watched.
//
// While a request is answered http.Server reads one byte in a goroutine of its own,
// to end the request's context when the viewer leaves and to keep the byte when there
// is another request. Nothing read and no error ends that, as if it had never begun.
// Who sends a file learns from the connection that nobody takes it.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 1 && c.unwatched.Load() {
		return 0, nil
	}
	if !c.next || len(p) == 1 {
		return c.TCPConn.Read(p)
	}
	c.next = false
	c.poll()
	n, err := c.TCPConn.Read(p)
	c.unwatched.Store(asksRange(p[:n]))
	return n, err
}

// Unwatched has nobody watch whether the client leaves while a request is answered, of
// which the body has not been read: once that is there, the answer is worth more than
// knowing. It is for those who answer soon, and does nothing where the body was read, as
// that of a signed form is, or on a connection that came from no Listener.
func Unwatched(r *http.Request) {
	if r.Body == nil || r.Body == http.NoBody {
		return // it is being watched already
	}
	if c, ok := r.Context().Value(connKey{}).(*conn); ok {
		c.unwatched.Store(true)
	}
}

const (
	pollFor  = 1 // milliseconds
	pollMost = 16
	pollSlow = 15
)

// poll waits until there is something to read, for pollFor at most and in no more
// than pollMost threads. Of a viewer who took longer, pollSlow requests are not
// polled for: many are far away.
func (c *conn) poll() {
	if c.slow > 0 {
		c.slow--
		return
	}
	if c.polling.Add(1) <= pollMost {
		_ = c.raw.Read(func(fd uintptr) bool { // if it fails, so does what follows
			if n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, pollFor); n == 0 {
				c.slow = pollSlow
			}
			return true
		})
	}
	c.polling.Add(-1)
}

// asksRange reports whether a request that begins so is one for a range. It may miss
// some.
func asksRange(request []byte) bool {
	return bytes.HasPrefix(request, []byte("GET ")) && (bytes.Contains(request, []byte("\nRange:")) || bytes.Contains(request, []byte("\nrange:")))
}
