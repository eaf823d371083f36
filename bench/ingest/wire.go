package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// wire is a client's connection: a blocking socket, to which a request goes in one
// call from memory that all clients share. That is the least that a client costs
// (sendfile was tried, and costs both sides more), so that the machine is the
// server's. It is one goroutine's.
type wire struct {
	fd   int
	host string
	in   *bufio.Reader
	buf  []byte // for the next head
}

// patience is how long a server may keep a client waiting.
const patience = 2 * time.Minute

// dial connects to a server on this machine.
func dial(address string) (*wire, error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	w := &wire{fd: fd, host: address}
	w.in = bufio.NewReaderSize(w, 64<<10)
	wait := unix.NsecToTimeval(patience.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
	)
	if err == nil {
		err = connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()})
	}
	if err != nil {
		w.close()
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return w, nil
}

// connect is unix.Connect which a signal does not end: called again, Linux waits on.
func connect(fd int, to unix.Sockaddr) error {
	for {
		err := unix.Connect(fd, to)
		switch {
		case errors.Is(err, unix.EISCONN):
			return nil
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
}

func (w *wire) close() { _ = unix.Close(w.fd) }

// Read reads from the server.
func (w *wire) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(w.fd, p)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return 0, fmt.Errorf("read from the server: %w", err)
		case n == 0:
			return 0, errClosed
		default:
			return n, nil
		}
	}
}

// errClosed says that the server hung up.
var errClosed = errors.New("the server closed the connection")

// write sends bytes, all in one call if the socket takes them.
func (w *wire) write(parts ...[]byte) error {
	for len(parts) > 0 {
		n, err := unix.SendmsgBuffers(w.fd, parts, nil, nil, unix.MSG_NOSIGNAL)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("write to the server: %w", err)
		}
		for n = max(n, 0); len(parts) > 0 && n >= len(parts[0]); parts = parts[1:] {
			n -= len(parts[0])
		}
		if n > 0 {
			parts[0] = parts[0][n:]
		}
	}
	return nil
}

// request is what a client asks. The line and the header fields are written as
// they are, each with its line end; Host and Content-Length are added.
type request struct {
	line   string // POST /path
	fields string
	before []byte // the body: this, then the piece, then after
	piece  piece
	after  []byte
}

// ask sends a request and reads its answer, which must have one of the statuses.
func (w *wire) ask(p payload, q request, statuses ...int) (answer, error) {
	if err := w.put(p, q); err != nil {
		return answer{}, err
	}
	a, err := readAnswer(w.in)
	if err != nil {
		return a, fmt.Errorf("%s: %w", q.line, err)
	}
	for _, s := range statuses {
		if a.status == s {
			return a, nil
		}
	}
	return a, fmt.Errorf("%s: status %d: %s", q.line, a.status, a.body)
}

// put sends a request.
func (w *wire) put(p payload, q request) error {
	body := int64(len(q.before)+len(q.after)) + q.piece.size()
	b := append(w.buf[:0], q.line...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(append(b, w.host...), "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, body, 10)
	b = append(append(b, "\r\n"...), q.fields...)
	b = append(append(b, "\r\n"...), q.before...)
	w.buf = b
	return w.write(append(p.parts(b, q.piece), q.after)...)
}
