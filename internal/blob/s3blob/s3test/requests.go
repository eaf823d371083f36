package s3test

import (
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
)

// Requests counts what clients ask of a server, by passing it on.
type Requests struct {
	Address string // host:port to ask at

	mu   sync.Mutex
	now  map[string]int
	puts int           // that are let through; all below 0
	held chan struct{} // closed once another came
	let  chan struct{} // closed once all may go on
	web  *http.Server
}

// Count begins to pass on requests to a server, from a free loopback port. The
// caller closes it.
func (s *Server) Count() (*Requests, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Requests{Address: l.Addr().String(), now: map[string]int{}, puts: -1}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: "http", Host: s.Address})
		p.Out.Host = p.In.Host // which is signed
	}, ErrorLog: log.New(io.Discard, "", 0)} // clients may be killed
	r.web = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		kind := q.Method
		if q.URL.Query().Has("list-type") {
			kind = "LIST"
		}
		r.mu.Lock()
		r.now[kind]++
		r.mu.Unlock()
		if q.Method == http.MethodPut {
			r.put(q)
		}
		proxy.ServeHTTP(w, q)
	})}
	go func() { _ = r.web.Serve(l) }()
	return r, nil
}

// Take gives the requests since the last time by their method, LIST being that of
// listings.
func (r *Requests) Take() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := maps.Clone(r.now)
	clear(r.now)
	return n
}

// Hold lets so many more PUTs through, and closes what it gives once another one
// came, which waits for Let or for whom it is from to leave.
func (r *Requests) Hold(puts int) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.puts, r.held, r.let = puts, make(chan struct{}), make(chan struct{})
	return r.held
}

// Let ends Hold.
func (r *Requests) Let() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.puts = -1
	close(r.let)
}

// put waits where PUTs are held.
func (r *Requests) put(q *http.Request) {
	r.mu.Lock()
	left, held, let := r.puts, r.held, r.let
	if left > 0 {
		r.puts--
	}
	if left == 0 {
		select {
		case <-held:
		default:
			close(held)
		}
	}
	r.mu.Unlock()
	if left == 0 {
		select {
		case <-let:
		case <-q.Context().Done():
		}
	}
}

// Close ends it, and all connections.
func (r *Requests) Close() error { return r.web.Close() }
