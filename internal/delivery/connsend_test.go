package delivery

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"testing"
)

// parts is a Sender that takes down how much it is asked for, and ends early.
type parts struct {
	io.ReadCloser
	left  int64
	asked []int64
	fail  error
}

func (p *parts) SendTo(_ syscall.RawConn, n int64) (int64, error) {
	p.asked = append(p.asked, n)
	sent := min(n, p.left)
	p.left -= sent
	if sent < n {
		return sent, p.fail
	}
	return sent, nil
}

// TestSendFile sends stretches of files by turns, and ends where a file does or fails.
func TestSendFile(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		what          string
		stretch, file int64
		fail, want    error
		asked         []int64
	}{
		{"nothing", 0, 9, nil, nil, nil},
		{"less than a turn", 9, 9, nil, nil, []int64{9}},
		{"a turn", turn, turn, nil, nil, []int64{turn}},
		{"two and a bit", 2*turn + 3, 2*turn + 3, nil, nil, []int64{turn, turn, 3}},
		{"a file that is shorter", 3 * turn, turn + 5, nil, nil, []int64{turn, turn}},
		{"one that breaks off", 3 * turn, turn + 5, broken, broken, []int64{turn, turn}},
		{"one that ends with a turn", 3 * turn, turn, nil, nil, []int64{turn, turn}},
	} {
		t.Run(c.what, func(t *testing.T) {
			file := &parts{ReadCloser: io.NopCloser(bytes.NewReader(nil)), left: c.file, fail: c.fail}
			stretch := &io.LimitedReader{R: file, N: c.stretch}
			n, err := (&conn{}).ReadFrom(stretch)
			if sent := min(c.stretch, c.file); n != sent || stretch.N != c.stretch-sent || !errors.Is(err, c.want) {
				t.Errorf("sent %d and %v, with %d left of the stretch; want %d and %v", n, err, stretch.N, sent, c.want)
			}
			if len(file.asked) != len(c.asked) {
				t.Fatalf("asked for %v, want %v", file.asked, c.asked)
			}
			for i := range c.asked {
				if file.asked[i] != c.asked[i] {
					t.Errorf("asked for %v, want %v", file.asked, c.asked)
				}
			}
		})
	}
}
