package s3test

import (
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

	mu  sync.Mutex
	now map[string]int
	web *http.Server
}

// Count begins to pass on requests to a server, from a free loopback port. The
// caller closes it.
func (s *Server) Count() (*Requests, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Requests{Address: l.Addr().String(), now: map[string]int{}}
	proxy := &httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: "http", Host: s.Address})
		p.Out.Host = p.In.Host // which is signed
	}}
	r.web = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		kind := q.Method
		if q.URL.Query().Has("list-type") {
			kind = "LIST"
		}
		r.mu.Lock()
		r.now[kind]++
		r.mu.Unlock()
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

// Close ends it, and all connections.
func (r *Requests) Close() error { return r.web.Close() }
