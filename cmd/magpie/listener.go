package main

import (
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// boundedListener accepts so many connections at a time and leaves others in the
// kernel's queue until one of them has ended: a server without descriptors left
// would take requests in and fail in the middle of them.
type boundedListener struct {
	net.Listener
	taken  chan struct{} // one for each connection
	closed chan struct{}
	close  sync.Once
	log    *slog.Logger
	now    func() time.Time
	told   time.Time // when it was last said that there are too many
}

// newBoundedListener lets most connections be open at a time. The server must
// report their ends to Ended.
func newBoundedListener(l net.Listener, most int, now func() time.Time, log *slog.Logger) *boundedListener {
	return &boundedListener{Listener: l, taken: make(chan struct{}, most), closed: make(chan struct{}), now: now, log: log}
}

// Accept implements net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	select {
	case b.taken <- struct{}{}:
	default:
		if now := b.now(); b.told.IsZero() || now.Sub(b.told) >= time.Minute {
			b.told = now
			b.log.Warn("as many connections as open files allow; others wait", "connections", cap(b.taken))
		}
		select {
		case b.taken <- struct{}{}:
		case <-b.closed:
			return nil, net.ErrClosed
		}
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.taken
	}
	return conn, err
}

// Close implements net.Listener.
func (b *boundedListener) Close() error {
	b.close.Do(func() { close(b.closed) })
	return b.Listener.Close()
}

// Ended is for http.Server.ConnState.
func (b *boundedListener) Ended(_ net.Conn, state http.ConnState) {
	if state == http.StateClosed || state == http.StateHijacked {
		<-b.taken
	}
}

// connections is how many connections a process may have that may open so many
// files: each of them may hold a file as well, and the rest needs some.
func connections(files uint64) int {
	const rest, fewest, most = 192, 16, 1 << 20
	others := rest + uint64(keptOpen(files))
	if files < others+2*fewest {
		return fewest
	}
	return int(min((files-others)/2, most))
}

// keptOpen is how many files that were read stay open in a process that may have
// so many: all of an original in a thousand segments, where there is room for that.
func keptOpen(files uint64) int { return int(min(files/8, 2048)) }

// openFiles is how many files this process may have open. The runtime has raised
// that to what it is allowed (the hard limit) when the process began.
func openFiles() uint64 {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 1024
	}
	return r.Cur
}
