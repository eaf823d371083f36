package processing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// Source serves originals to child processes: with ranges, on a loopback port
// of its own, under names that cannot be guessed and only while an attempt
// runs. So a file on disk and an object in a bucket look alike to ffmpeg.
type Source struct {
	base   string
	port   uint16
	server *http.Server

	mu      sync.Mutex
	offered map[string]offer
}

type offer struct {
	content io.ReaderAt
	size    int64
	kept    *Reserved // nil where content is there from the beginning
}

// NewSource listens on a free loopback port.
func NewSource(ctx context.Context) (*Source, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for child processes: %w", err)
	}
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("listen for child processes: %w", err)
	}
	s := &Source{base: "http://" + at.String() + "/", port: at.Port(), offered: map[string]offer{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Offer makes content readable under a fresh URL until withdraw is called.
func (s *Source) Offer(content io.ReaderAt, size int64) (url string, withdraw func(), err error) {
	name, err := s.offer(offer{content: content, size: size})
	if err != nil {
		return "", nil, err
	}
	return s.base + name, func() { s.withdraw(name) }, nil
}

// offer puts something under a fresh name.
func (s *Source) offer(o offer) (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", err
	}
	name := hex.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offered[name] = o
	return name, nil
}

func (s *Source) withdraw(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.offered, name)
}

// Reserved is a URL whose content comes later: requests for it wait for that. Its
// methods may be used from many goroutines.
type Reserved struct {
	URL string

	s     *Source
	name  string
	asked chan struct{} // closed by the first request
	given chan struct{} // closed when there is content, or never will be
	first sync.Once
	last  sync.Once
}

// Reserve makes a URL for a child process that is started before it is known what
// it is for. Withdraw must be called.
func (s *Source) Reserve() (*Reserved, error) {
	r := &Reserved{s: s, asked: make(chan struct{}), given: make(chan struct{})}
	name, err := s.offer(offer{kept: r})
	if err != nil {
		return nil, err
	}
	r.name, r.URL = name, s.base+name
	return r, nil
}

// Port is that of every URL.
func (s *Source) Port() uint16 { return s.port }

// Asked is closed once somebody waits for the content.
func (r *Reserved) Asked() <-chan struct{} { return r.asked }

// Give lets content be read until Withdraw. It counts once, and not after that.
func (r *Reserved) Give(content io.ReaderAt, size int64) {
	r.last.Do(func() {
		r.s.mu.Lock()
		defer r.s.mu.Unlock()
		if _, ok := r.s.offered[r.name]; ok {
			r.s.offered[r.name] = offer{content: content, size: size}
		}
		close(r.given)
	})
}

// Withdraw takes the URL away; who still waits is told that nothing is there. It
// may be called again.
func (r *Reserved) Withdraw() {
	r.last.Do(func() { close(r.given) })
	r.s.withdraw(r.name)
}

// wait gives what is offered under the name in the end.
func (r *Reserved) wait(ctx context.Context) (offer, bool) {
	r.first.Do(func() { close(r.asked) })
	select {
	case <-r.given:
	case <-ctx.Done():
		return offer{}, false
	}
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	o, ok := r.s.offered[r.name]
	return o, ok && o.kept == nil
}

// ServeHTTP answers GET and HEAD for what is on offer.
func (s *Source) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "GET and HEAD only", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	o, ok := s.offered[strings.TrimPrefix(r.URL.Path, "/")]
	s.mu.Unlock()
	if ok && o.kept != nil {
		o, ok = o.kept.wait(r.Context())
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(roomy{w}, r, "", time.Time{}, io.NewSectionReader(o.content, 0, o.size))
}

// roomy is a response that is copied in larger pieces than io.Copy's: at the
// speed of a copied film, half of what serving it costs is the number of them.
type roomy struct{ http.ResponseWriter }

// ReadFrom implements io.ReaderFrom, which io.Copy prefers.
func (w roomy) ReadFrom(r io.Reader) (int64, error) {
	return io.CopyBuffer(struct{ io.Writer }{w.ResponseWriter}, r, make([]byte, 256<<10))
}

// Close stops serving at once.
func (s *Source) Close() error {
	if err := s.server.Close(); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
