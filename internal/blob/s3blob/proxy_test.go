package s3blob

import (
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// fault is how a connection through a proxy goes wrong; the zero value doesn't.
type fault struct {
	refuse     bool          // closed at once
	hole       bool          // nothing comes through, and nothing ends
	busy       bool          // answered 503, by a server that reads on
	cutRequest int64         // ends after so many bytes to the server
	cutAnswer  int64         // ends after so many bytes of answers
	loseAnswer bool          // ends when the server answers, without the answer
	pause      time.Duration // before each piece of an answer
}

// proxy stands between a driver and the gateway.
type proxy struct {
	listener net.Listener
	behind   string

	mu    sync.Mutex
	next  func(n int) fault // of the nth connection, from 0
	count int
	open  map[net.Conn]bool
}

func newProxy(t testing.TB, behind string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{listener: l, behind: behind, open: map[net.Conn]bool{}}
	p.set(func(int) fault { return fault{} })
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.set(func(int) fault { return fault{refuse: true} })
		wg.Wait()
	})
	return p
}

func (p *proxy) address() string { return p.listener.Addr().String() }

// set says how connections go wrong from now on, and ends those that are open.
func (p *proxy) set(next func(n int) fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.count = next, 0
	for c := range p.open {
		c.Close()
	}
}

// hold keeps a connection among those that set ends.
func (p *proxy) hold(c net.Conn) (let func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
		c.Close()
	}
}

func (p *proxy) serve(client net.Conn) {
	p.mu.Lock()
	f := p.next(p.count)
	p.count++
	p.mu.Unlock()
	defer p.hold(client)()
	switch {
	case f.refuse:
		return
	case f.hole:
		_, _ = client.Read(make([]byte, 0)) // returns at once; the rest is never read
		buf := make([]byte, 1)
		for {
			if _, err := client.Read(buf); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond) // so slowly that it stalls
		}
	case f.busy:
		go func() {
			_, _ = io.WriteString(client, "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		}()
		_, _ = io.Copy(io.Discard, client)
		return
	}
	server, err := net.Dial("tcp", p.behind)
	if err != nil {
		return
	}
	defer p.hold(server)()
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		if f.cutRequest > 0 {
			_, _ = io.CopyN(server, client, f.cutRequest)
			client.Close()
		} else {
			_, _ = io.Copy(server, client)
		}
		server.Close()
	})
	answer(client, server, f)
	client.Close()
	server.Close()
}

// answer passes answers on as the fault says.
func answer(client, server net.Conn, f fault) {
	buf := make([]byte, 16<<10)
	left := f.cutAnswer
	for {
		n, err := server.Read(buf)
		if f.loseAnswer && n > 0 || err != nil && !errors.Is(err, io.EOF) {
			return
		}
		if f.cutAnswer > 0 {
			n = int(min(int64(n), left))
			left -= int64(n)
		}
		time.Sleep(f.pause)
		if _, werr := client.Write(buf[:n]); werr != nil || err != nil || f.cutAnswer > 0 && left == 0 {
			return
		}
	}
}
