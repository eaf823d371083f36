package xapi

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// aheadOf reads through at most most bytes.
func aheadOf(r io.Reader, most int) *ahead {
	a := newAhead(r, func(n int) []byte {
		if n >= most {
			return nil
		}
		return make([]byte, min(4*n, most))
	})
	a.buf = a.buf[:min(len(a.buf), most)]
	return a
}

// Whatever is asked for in whatever pieces, nothing is lost, doubled or moved.
func TestAheadGivesTheBytesInTheirOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		most := rapid.IntRange(8, 64).Draw(t, "most")
		var from io.Reader = bytes.NewReader(want)
		switch rapid.IntRange(0, 3).Draw(t, "pace") {
		case 1:
			from = iotest.OneByteReader(from)
		case 2:
			from = iotest.DataErrReader(from)
		case 3:
			from = iotest.HalfReader(from)
		}
		a := aheadOf(from, most)
		a.buf = a.buf[:4] // so that it grows
		var got []byte
		for {
			n := rapid.IntRange(1, 8).Draw(t, "n")
			window, err := a.peek(n)
			if err != nil && (!errors.Is(err, io.EOF) || len(window) >= n || len(got)+len(window) != len(want)) || err == nil && len(window) < n {
				t.Fatalf("%d bytes of %d, %v", len(window), n, err)
			}
			if len(window) == 0 {
				break
			}
			k := rapid.IntRange(0, len(window)).Draw(t, "skip")
			got = append(got, window[:k]...)
			a.skip(k)
			c, err := a.ReadByte()
			if err == nil && rapid.Bool().Draw(t, "back") {
				a.unread()
			} else if err == nil {
				got = append(got, c)
			}
		}
		if !bytes.Equal(got, want) || len(a.buf) > most {
			t.Fatalf("%q through %d bytes, want %q through %d", got, len(a.buf), want, most)
		}
	})
}

// The memory follows what arrives, not what is announced.
func TestAheadGrowsForThoseWhoFillIt(t *testing.T) {
	const most = 64 << 10
	read := func(from io.Reader) int {
		a := aheadOf(from, most)
		for {
			window, err := a.peek(1)
			if err != nil {
				return len(a.buf)
			}
			a.skip(len(window))
		}
	}
	body := strings.Repeat("x", 1<<20)
	if n := read(strings.NewReader(body)); n != most {
		t.Errorf("a fast one has %d bytes", n)
	}
	if n := read(iotest.OneByteReader(strings.NewReader(body[:8<<10]))); n != firstAhead {
		t.Errorf("a slow one has %d bytes", n)
	}
}

func TestAheadEnds(t *testing.T) {
	a := aheadOf(strings.NewReader("abcdef"), 4)
	if window, err := a.peek(5); !errors.Is(err, io.ErrShortBuffer) || string(window) != "abcd" {
		t.Errorf("%q, %v", window, err)
	}
	broken := errors.New("connection reset")
	a = aheadOf(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)), 4)
	if window, err := a.peek(3); !errors.Is(err, broken) || string(window) != "ab" {
		t.Errorf("%q, %v", window, err)
	}
	a = aheadOf(idle{}, 4)
	if _, err := a.ReadByte(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that gives nothing: %v", err)
	}
}

// idle never gives anything, nor ends.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
