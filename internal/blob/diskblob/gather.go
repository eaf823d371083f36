package diskblob

import (
	"sync"
	"sync/atomic"
)

// smallAtOnce is how many small blobs are gathered in memory at a time, 16 MiB at most;
// others become files.
const smallAtOnce = 64

// gatherSizes are how long the buffers are that small blobs are gathered in: powers of
// two and what is around the bytes where they come in a form, whose length is the hint.
// A picture has five blobs on their way at once, so that each takes what it needs and
// not the most.
var gatherSizes = [...]int{16 << 10, 40 << 10, 72 << 10, 136 << 10, SmallMost}

// gathers are those buffers.
type gathers struct {
	pools [len(gatherSizes)]sync.Pool // of *gather
	left  atomic.Int64
}

type gather struct {
	bytes []byte
	size  int // of gatherSizes
}

func newGathers() *gathers {
	g := &gathers{}
	g.left.Store(smallAtOnce)
	return g
}

// take gives a buffer for n bytes, which SmallMost is the most of, and nil where as many
// are in use as may be.
func (g *gathers) take(n int) *gather {
	if g.left.Add(-1) < 0 {
		g.left.Add(1)
		return nil
	}
	return g.fit(n)
}

// fit gives a buffer for n bytes.
func (g *gathers) fit(n int) *gather {
	size := 0
	for n > gatherSizes[size] {
		size++
	}
	if b, ok := g.pools[size].Get().(*gather); ok {
		return b
	}
	return &gather{bytes: make([]byte, gatherSizes[size]), size: size}
}

// grow gives a buffer for n bytes in place of one whose first are used.
func (g *gathers) grow(b *gather, used, n int) *gather {
	larger := g.fit(n)
	copy(larger.bytes, b.bytes[:used])
	g.pools[b.size].Put(b)
	return larger
}

func (g *gathers) put(b *gather) {
	g.pools[b.size].Put(b)
	g.left.Add(1)
}
