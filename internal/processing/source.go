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
	"strings"
	"sync"
	"time"
)

// Source serves originals to child processes: with ranges, on a loopback port
// of its own, under names that cannot be guessed and only while an attempt
// runs. So a file on disk and an object in a bucket look alike to ffmpeg.
type Source struct {
	base   string
	server *http.Server

	mu      sync.Mutex
	offered map[string]offer
}

type offer struct {
	content io.ReaderAt
	size    int64
}

// NewSource listens on a free loopback port.
func NewSource(ctx context.Context) (*Source, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for child processes: %w", err)
	}
	s := &Source{base: "http://" + l.Addr().String() + "/", offered: map[string]offer{}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

// Offer makes content readable under a fresh URL until withdraw is called.
func (s *Source) Offer(content io.ReaderAt, size int64) (url string, withdraw func(), err error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", nil, err
	}
	name := hex.EncodeToString(b[:])
	s.mu.Lock()
	s.offered[name] = offer{content, size}
	s.mu.Unlock()
	return s.base + name, func() {
		s.mu.Lock()
		delete(s.offered, name)
		s.mu.Unlock()
	}, nil
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
