package delivery

import (
	"context"
	"net"
	"net/http"
	"syscall"
)

// connKey is where a request's connection is in its context.
type connKey struct{}

// ConnContext is for http.Server. It lets delivery see the connections that the
// kernel sends files by; those in TLS are none.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if tcp, ok := c.(*net.TCPConn); ok {
		return context.WithValue(ctx, connKey{}, tcp)
	}
	return ctx
}

// cork has the kernel hold back what fills no packet, so that a header goes out
// together with the file behind it, until pull is called. It does nothing where
// there is no such connection, nor such a thing.
func cork(ctx context.Context, w http.ResponseWriter) (pull func()) {
	tcp, ok := ctx.Value(connKey{}).(*net.TCPConn)
	if !ok {
		return func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil || !setCork(raw, true) {
		return func() {}
	}
	// Else the HTTP server would read the file's beginning to write it itself.
	_ = http.NewResponseController(w).Flush() // if it fails, so does what follows
	return func() { setCork(raw, false) }
}

// setCork reports whether it could be done.
func setCork(raw syscall.RawConn, on bool) bool {
	done := false
	err := raw.Control(func(fd uintptr) { done = corkSocket(int(fd), on) })
	return err == nil && done
}
