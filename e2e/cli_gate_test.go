package e2e

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// gate stands before a server. It counts what passes, lets so many segments in
// and holds the others, and hides magpie's own API where it is told to.
type gate struct {
	url string

	mu       sync.Mutex
	room     int            // segments that may still pass
	opened   chan struct{}  // closed when there is room for all
	held     int            // segments that wait, or waited until their client was gone
	segments map[string]int // acknowledged, by upload and index
	bytes    int64          // of acknowledged segments
	calls    []string       // "METHOD /path" of everything else, without what it hid
	own      int            // calls of magpie's own API
	hides    bool
}

func newGate(t *testing.T, s *server, hides bool) *gate {
	t.Helper()
	to, err := url.Parse(s.url)
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{room: 1 << 30, opened: make(chan struct{}), segments: map[string]int{}, hides: hides}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, pass) }))
	t.Cleanup(web.Close)
	g.url = web.URL
	return g
}

func (g *gate) serve(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	if strings.HasPrefix(r.URL.Path, "/magpie/") {
		g.mu.Lock()
		g.own++
		g.mu.Unlock()
		if g.hides {
			http.Error(w, `{"title":"Not Found","detail":"Not Found","status":404}`, http.StatusNotFound)
			return
		}
	}
	if !strings.HasSuffix(r.URL.Path, "/append") {
		g.mu.Lock()
		g.calls = append(g.calls, r.Method+" "+r.URL.Path)
		g.mu.Unlock()
		pass.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || !g.enter(r) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	out := &statusWriter{ResponseWriter: w}
	pass.ServeHTTP(out, r)
	if out.status == http.StatusOK {
		index, size := segmentIn(r.Header.Get("Content-Type"), body)
		g.mu.Lock()
		g.segments[strings.Split(r.URL.Path, "/")[4]+" "+index]++
		g.bytes += size
		g.mu.Unlock()
	}
}

// enter waits until there is room; false where the client went before.
func (g *gate) enter(r *http.Request) bool {
	g.mu.Lock()
	if g.room > 0 {
		g.room--
		g.mu.Unlock()
		return true
	}
	g.held++
	opened := g.opened
	g.mu.Unlock()
	select {
	case <-opened:
		return true
	case <-r.Context().Done():
		return false
	}
}

// allow lets n segments pass from now on.
func (g *gate) allow(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room, g.held, g.opened = n, 0, make(chan struct{})
}

// open lets everything pass.
func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.room = 1 << 30
	close(g.opened)
}

// holding waits until as many segments wait.
func (g *gate) holding(t *testing.T, n int) {
	t.Helper()
	eventually(t, func() string {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.held < n {
			return "the gate holds " + strconv.Itoa(g.held)
		}
		return ""
	})
}

// count gives how many segments were acknowledged, how many of those more than
// once, and how many calls of a kind there were.
func (g *gate) count(call string) (segments, twice int, bytes int64, calls int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, n := range g.segments {
		segments += n
		if n > 1 {
			twice++
		}
	}
	for _, c := range g.calls {
		if c == call {
			calls++
		}
	}
	return segments, twice, g.bytes, calls
}

// segmentIn reads the index and the size of a segment out of a form.
func segmentIn(kind string, body []byte) (index string, size int64) {
	_, params, _ := mime.ParseMediaType(kind)
	form := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := form.NextPart()
		if err != nil {
			return index, size
		}
		b, _ := io.ReadAll(part)
		if part.FormName() == "segment_index" {
			index = string(b)
		} else {
			size = int64(len(b))
		}
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
