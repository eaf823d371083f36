package faultproxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// parrot is a server that repeats each line, and counts them.
type parrot struct {
	address string
	heard   atomic.Int64
}

func newParrot(t *testing.T) *parrot {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &parrot{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				lines := bufio.NewReader(c)
				for {
					line, err := lines.ReadBytes('\n')
					if err != nil {
						return
					}
					s.heard.Add(1)
					if _, err := c.Write(line); err != nil {
						return
					}
				}
			}()
		}
	}()
	return s
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

// says sends a line and gives what comes back of as many bytes, and how it ended.
func says(c net.Conn, line string) (string, error) {
	if _, err := io.WriteString(c, line); err != nil {
		return "", err
	}
	back := make([]byte, len(line))
	n, err := io.ReadFull(c, back)
	return string(back[:n]), err
}

func wantRepeated(t *testing.T, c net.Conn, line string) {
	t.Helper()
	if got, err := says(c, line); got != line || err != nil {
		t.Errorf("%q came back as %q, %v", line, got, err)
	}
}

func TestWhole(t *testing.T) {
	p := New(t, "tcp", newParrot(t).address)
	c := dial(t, p)
	wantRepeated(t, c, "hello\n")
	wantRepeated(t, c, strings.Repeat("x", 1<<20)+"\n")
	slow := Fault{Latency: time.Millisecond, Rate: 1 << 20}
	p.Always(slow)
	if got, err := says(c, "old\n"); err == nil {
		t.Errorf("a connection from before Set says %q", got)
	}
	wantRepeated(t, dial(t, p), strings.Repeat("y", 100_000)+"\n")
}

func TestFaults(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault Fault
		back  string // of "hello\n", asked twice
		heard int64
	}{
		{"refuse", Fault{Refuse: true}, "", 0},
		{"cut at once", Fault{CutUp: 3}, "", 0},
		{"cut in the answer", Fault{CutDown: 8}, "hello\nhe", 2},
		{"lose the first answer", Fault{LoseAnswer: 1}, "", 1},
		{"lose the second answer", Fault{LoseAnswer: 2}, "hello\n", 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newParrot(t)
			p := New(t, "tcp", s.address)
			p.Set(func(n int) Fault {
				if n == 0 {
					return tc.fault
				}
				return Fault{}
			})
			c := dial(t, p)
			var back strings.Builder
			for range 2 {
				got, err := says(c, "hello\n")
				back.WriteString(got)
				if err != nil {
					break
				}
			}
			if back.String() != tc.back {
				t.Errorf("%q came back, want %q", back.String(), tc.back)
			}
			// The server may hear a moment later than the connection ends.
			for end := time.Now().Add(time.Minute); s.heard.Load() < tc.heard && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			if n := s.heard.Load(); n != tc.heard {
				t.Errorf("the server heard %d lines, want %d", n, tc.heard)
			}
			wantRepeated(t, dial(t, p), "the next one\n")
		})
	}
}

// TestLoseAnswer: of all connections together one answer is lost.
func TestLoseAnswer(t *testing.T) {
	s := newParrot(t)
	p := New(t, "tcp", s.address)
	a, b := dial(t, p), dial(t, p)
	wantRepeated(t, a, "before\n")
	p.LoseAnswer(3)
	wantRepeated(t, a, "first\n")
	wantRepeated(t, b, "second\n")
	if got, err := says(a, "third\n"); err == nil || got != "" || p.Hits() != 1 || s.heard.Load() != 4 {
		t.Errorf("%q, %v after %d hits, when the server had heard %d lines", got, err, p.Hits(), s.heard.Load())
	}
	wantRepeated(t, b, "fourth\n")
}

// TestHole: nothing comes through, nothing ends, until Set ends it.
func TestHole(t *testing.T) {
	s := newParrot(t)
	p := New(t, "tcp", s.address)
	p.Always(Fault{Hole: true})
	c := dial(t, p)
	ended := make(chan error, 1)
	go func() { _, err := says(c, "hello\n"); ended <- err }()
	whole := dial(t, New(t, "tcp", s.address))
	wantRepeated(t, whole, "beside\n")
	select {
	case err := <-ended:
		t.Errorf("it ended: %v", err)
	default:
	}
	p.Always(Fault{})
	if err := <-ended; err == nil {
		t.Error("it was answered")
	}
	wantRepeated(t, dial(t, p), "the next one\n")
}

// TestFreeze: what is under way arrives once the network is back.
func TestFreeze(t *testing.T) {
	s := newParrot(t)
	p := New(t, "tcp", s.address)
	old := dial(t, p)
	wantRepeated(t, old, "before\n")
	p.Freeze()
	p.Freeze()
	fresh := dial(t, p)
	for _, c := range []net.Conn{old, fresh} {
		if _, err := io.WriteString(c, "frozen\n"); err != nil {
			t.Fatal(err)
		}
	}
	wantRepeated(t, dial(t, New(t, "tcp", s.address)), "beside\n")
	if n := s.heard.Load(); n != 2 {
		t.Errorf("the server heard %d lines", n)
	}
	p.Heal()
	for _, c := range []net.Conn{old, fresh} {
		back := make([]byte, len("frozen\n"))
		if _, err := io.ReadFull(c, back); err != nil || !bytes.Equal(back, []byte("frozen\n")) {
			t.Errorf("%q, %v", back, err)
		}
	}
}

// TestSays: an HTTP client reads the answer of a server that was never asked.
func TestSays(t *testing.T) {
	s := newParrot(t)
	p := New(t, "tcp", s.address)
	p.Always(Fault{Says: Unavailable})
	response, err := http.Post(fmt.Sprintf("http://%s/", p.Address()), "text/plain", strings.NewReader(strings.Repeat("z", 1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusServiceUnavailable || s.heard.Load() != 0 {
		t.Errorf("status %d; the server heard %d lines", response.StatusCode, s.heard.Load())
	}
}
