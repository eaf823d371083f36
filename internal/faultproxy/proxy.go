package faultproxy

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Proxy is a listener on a loopback port whose connections lead to one server.
// Its methods may be used from many goroutines.
type Proxy struct {
	listener        net.Listener
	network, behind string

	mu    sync.Mutex
	next  func(n int) Fault // of the nth connection since Set, from 0
	count int
	hits  int
	lose  int // answers until one is lost; 0 for none
	open  map[net.Conn]bool
	gate  chan struct{} // closed while bytes pass
}

// New starts a proxy before the server at address, without faults, until the
// test ends. network is "tcp" or "unix". The server need not be there yet.
func New(t testing.TB, network, address string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, network: network, behind: address, open: map[net.Conn]bool{}, gate: make(chan struct{})}
	close(p.gate)
	p.Heal()
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.Always(Fault{Refuse: true})
		running.Wait()
	})
	return p
}

// Address is where the proxy listens, as host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set says how each connection goes wrong from now on, counted from 0, and ends
// those that are open. next is called for one connection at a time.
func (p *Proxy) Set(next func(n int) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.count, p.hits, p.lose = next, 0, 0, 0
	p.thaw()
	for c := range p.open {
		c.Close()
	}
}

// LoseAnswer ends the connection on which the nth answer from now on comes, from
// 1, instead of passing that on: the server has done what was asked. Hits counts
// from now on too.
func (p *Proxy) LoseAnswer(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lose, p.hits = n, 0
}

// loses tells, of each answer once, whether it is the one to be lost.
func (p *Proxy) loses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lose == 0 {
		return false
	}
	p.lose--
	return p.lose == 0
}

// Hits is how many connections were cut, or lost an answer, since Set.
func (p *Proxy) Hits() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hits
}

func (p *Proxy) hit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hits++
}

// Always is Set with the same fault for every connection.
func (p *Proxy) Always(f Fault) { p.Set(func(int) Fault { return f }) }

// Heal ends every fault: connections that are frozen go on where they stopped,
// new ones are whole, and those that were begun with a fault keep it to their end.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.count, p.lose = func(int) Fault { return Fault{} }, 0, 0
	p.thaw()
}

// Freeze lets nothing pass in any connection, old or new, as a network that was
// cut: whoever waits, waits. Bytes that are under way arrive after Heal.
func (p *Proxy) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.gate:
		p.gate = make(chan struct{})
	default: // it is frozen
	}
}

// thaw opens the gate. The caller holds the lock.
func (p *Proxy) thaw() {
	select {
	case <-p.gate:
	default:
		close(p.gate)
	}
}

// pass waits while the proxy is frozen.
func (p *Proxy) pass() {
	p.mu.Lock()
	gate := p.gate
	p.mu.Unlock()
	<-gate
}

// hold keeps a connection among those that Set ends. let ends it too.
func (p *Proxy) hold(c net.Conn) (let func()) {
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

func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	f := p.next(p.count)
	p.count++
	p.mu.Unlock()
	defer p.hold(client)()
	switch {
	case f.Refuse:
		return
	case f.Hole:
		await(client)
		return
	case f.Says != "":
		_, _ = client.Read(make([]byte, 1)) // clients take an answer that comes first for a mistake
		go func() { _, _ = io.WriteString(client, f.Says) }()
		_, _ = io.Copy(io.Discard, client)
		return
	}
	p.pass()
	server, err := net.Dial(p.network, p.behind)
	if err != nil {
		return
	}
	defer p.hold(server)()
	t := &turns{}
	var up sync.WaitGroup
	defer up.Wait()
	end := func() { client.Close(); server.Close() }
	up.Go(func() {
		defer end()
		p.pump(server, client, stream{Fault: f, cut: f.CutUp, heard: func() bool { t.asked(); return true }})
	})
	defer end()
	p.pump(client, server, stream{Fault: f, cut: f.CutDown, heard: func() bool {
		n, first := t.answered()
		return (f.LoseAnswer == 0 || n < f.LoseAnswer) && !(first && p.loses())
	}})
}
