package ffmpeg

import (
	"errors"
	"sync"
)

// stderrKeep is how much of a child's complaints is kept at each end. The first
// say what went wrong, the last what came of it.
const stderrKeep = 8 << 10

// tail keeps the first and the last stderrKeep bytes written to it.
type tail struct {
	mu   sync.Mutex
	head []byte
	ring []byte
	cut  bool
}

// Write never fails and never grows past its bound.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if room := stderrKeep - len(t.head); room > 0 {
		take := min(room, len(p))
		t.head = append(t.head, p[:take]...)
		p = p[take:]
	}
	t.ring = append(t.ring, p...)
	if over := len(t.ring) - stderrKeep; over > 0 {
		t.ring = append(t.ring[:0], t.ring[over:]...)
		t.cut = true
	}
	return n, nil
}

// String is what was kept, with a line of dots where something was left out.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cut {
		return string(t.head) + "\n...\n" + string(t.ring)
	}
	return string(t.head) + string(t.ring)
}

// errOutput is a child that prints more than anyone reads.
var errOutput = errors.New("printed more than it should")

// bounded keeps up to limit bytes and refuses more, which ends the child.
type bounded struct {
	limit int
	data  []byte
}

// Write fails with errOutput past the limit.
func (b *bounded) Write(p []byte) (int, error) {
	if len(b.data)+len(p) > b.limit {
		return 0, errOutput
	}
	b.data = append(b.data, p...)
	return len(p), nil
}
