package faultproxy

import (
	"io"
	"net"
	"sync"
	"time"
)

// turns counts who speaks: all that a server says after it was asked something,
// until it is asked again, is one answer.
type turns struct {
	mu      sync.Mutex
	asking  bool
	answers int
}

func (t *turns) asked() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asking = true
}

// answered gives the number of the answer that a piece from the server is of, and
// whether it is its first piece. A server that speaks first has answered once.
func (t *turns) answered() (n int, first bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if first = t.asking || t.answers == 0; first {
		t.answers++
		t.asking = false
	}
	return t.answers, first
}

// stream is one direction of a connection.
type stream struct {
	Fault
	cut   int64       // ends after so many bytes; 0 for never
	heard func() bool // called for each piece: whether it goes on
}

// pump passes bytes on until either side ends or the fault says so.
func (p *Proxy) pump(to, from net.Conn, s stream) {
	buf := make([]byte, 16<<10)
	left := s.cut
	for {
		n, err := from.Read(buf)
		if n > 0 && !s.heard() {
			p.hit()
			return
		}
		if s.cut > 0 {
			n = int(min(int64(n), left))
			left -= int64(n)
		}
		p.pass()
		time.Sleep(s.pause(n))
		if n > 0 {
			if _, e := to.Write(buf[:n]); e != nil {
				return
			}
		}
		if s.cut > 0 && left == 0 {
			p.hit()
			return
		}
		if err != nil {
			return
		}
	}
}

// pause is how long a piece of n bytes takes.
func (s stream) pause(n int) time.Duration {
	d := s.Latency
	if s.Rate > 0 {
		d += time.Duration(int64(n) * int64(time.Second) / s.Rate)
	}
	return d
}

// await reads a connection so slowly that it stalls, until it ends.
func await(c net.Conn) {
	buf := make([]byte, 1)
	for {
		if _, err := io.ReadFull(c, buf); err != nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
