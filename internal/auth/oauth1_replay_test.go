package auth

import (
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/media"
)

// A request passes once, however many copies of it there are.
func TestReplay(t *testing.T) {
	s := newSigning(t)
	q := s.signed("POST", nil, [][2]string{{"a", "1"}})
	s.passes("once", q.arrive(t.Context(), "h"), "a=1")
	s.refuses("again", q.arrive(t.Context(), "h"), media.CodeSignature, "oauth_nonce and oauth_timestamp was here already")
	s.clock = s.clock.Add(5*time.Minute - time.Second)
	s.refuses("later", q.arrive(t.Context(), "h"), media.CodeSignature, "was here already")
	s.clock = s.clock.Add(2 * time.Second)
	s.refuses("too late", q.arrive(t.Context(), "h"), media.CodeSignature, "behind this server's clock")

	// What did not pass is not remembered: it may have been anybody's.
	q = s.signed("POST", nil, [][2]string{{"a", "1"}})
	forged := q
	forged.form = [][2]string{{"a", "2"}}
	s.refuses("a forgery", forged.arrive(t.Context(), "h"), media.CodeSignature, "does not match")
	broken := q.arrive(t.Context(), "h")
	broken.Body = io.NopCloser(io.MultiReader(strings.NewReader("a="), brokenReader{}))
	s.refuses("broken off", broken, media.CodeInvalid, "broke off")
	s.passes("the true one after it", q.arrive(t.Context(), "h"), "a=1")

	// One that began in time and is slow passes, and its copy doesn't.
	q = s.signed("POST", nil, [][2]string{{"a", "1"}})
	slow := q.arrive(t.Context(), "h")
	slow.Body = io.NopCloser(io.MultiReader(strings.NewReader("a="), readerFunc(func([]byte) (int, error) {
		s.clock = s.clock.Add(time.Hour)
		return 0, io.EOF
	}), strings.NewReader("1")))
	copied := q.arrive(t.Context(), "h")
	s.passes("a slow one", slow, "a=1")
	s.refuses("its copy", copied, media.CodeSignature, "behind")
}

type brokenReader struct{}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestReplayAtOnce(t *testing.T) {
	s := newSigning(t)
	q := s.signed("POST", nil, [][2]string{{"a", "1"}})
	var passed atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, done, err := s.gate.Request(q.arrive(t.Context(), "h"))
			defer done()
			if err == nil {
				passed.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d copies passed", passed.Load())
	}
}
