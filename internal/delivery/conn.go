package delivery

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

// connKey is where a request's connection is in its context.
type connKey struct{}

// ConnContext is for http.Server. It lets delivery see the connections that came
// from a Listener; those in TLS it doesn't.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if c, ok := c.(*conn); ok {
		return context.WithValue(ctx, connKey{}, c)
	}
	return ctx
}

// Listener is l, with connections on which the header of an answer can wait for
// the file behind it, and that have less to do for viewers who ask for one range
// after the other, if ConnState is told of them.
func Listener(l net.Listener) net.Listener { return listener{l, new(atomic.Int32)} }

type listener struct {
	net.Listener
	polling *atomic.Int32 // how many connections do
}

// Accept implements net.Listener.
func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return c, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &conn{TCPConn: tcp, raw: raw, polling: l.polling}, nil
}

// conn is a TCP connection. What is written while more follows stays in the
// kernel until that comes, and then goes out in the same packet (MSG_MORE,
// send(2)): the viewer is not woken for a header. A cork (TCP_CORK) would hold back
// the end of a short file as well, until it is pulled, and the viewer would sleep and be
// woken for that: it is for long ones.
type conn struct {
	*net.TCPConn
	raw   syscall.RawConn
	more  bool  // of the goroutine that answers
	sent  bool  // a file, or some of one, by this answer
	since int64 // how much of files was sent since the last turn

	// Of reading, see connread.go.
	polling   *atomic.Int32
	next      bool        // what comes is the request after one that got a file
	unwatched atomic.Bool // whether the request's viewer is, while it is answered; who watches may read it just then
	slow      int         // how many requests are not polled for
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	if !c.more {
		return c.TCPConn.Write(p)
	}
	total := 0
	var failed error
	err := c.raw.Write(func(fd uintptr) bool {
		for total < len(p) && failed == nil {
			n, err := unix.SendmsgN(int(fd), p[total:], nil, nil, unix.MSG_MORE)
			total += max(n, 0)
			switch err {
			case unix.EAGAIN:
				return false
			case unix.EINTR:
			default:
				failed = err
			}
		}
		return true
	})
	if failed != nil {
		err = &net.OpError{Op: "write", Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: failed}
	}
	return total, err
}

// ReadFrom has the kernel send a stretch of a file (io.ReaderFrom).
func (c *conn) ReadFrom(src io.Reader) (int64, error) {
	if limited, ok := src.(*io.LimitedReader); ok {
		if file, ok := limited.R.(blob.Sender); ok {
			c.sent = true
			return c.sendFile(file, limited)
		}
	}
	return c.TCPConn.ReadFrom(src)
}

// cork has the kernel fill each packet of what an answer sends of its many files, as
// one file would, until uncork is called (TCP_CORK, tcp(7)).
func cork(ctx context.Context) (uncork func()) {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return func() {}
	}
	set := func(on int) {
		// If it fails, packets are shorter, or so is the connection's life.
		_ = c.raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK, on) })
	}
	set(1)
	return func() { set(0) }
}

// flushHeader sends an answer's header, to which a file's bytes are added at once.
// Else the HTTP server would read the file's beginning to write it itself.
// It reports whether the kernel can send them.
func flushHeader(ctx context.Context, w http.ResponseWriter) bool {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		return false
	}
	c.more = true
	_ = http.NewResponseController(w).Flush() // if it fails, so does what follows
	c.more = false
	return true
}
