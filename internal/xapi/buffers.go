package xapi

import (
	"sync"
	"sync/atomic"
)

// What one upload request holds in memory: the small one until reads fill it,
// so that a thousand slow clients cost little, or, while few have such, the first one,
// which holds a small segment; and then the largest of which there is one left, so that
// those who were fast once cost no more than so many.
// Each read that finds more to take costs a wait less: with a mebibyte an upload
// takes a fifth less processor time than with a quarter. The page more is for
// where a file's page begins in the middle.
const (
	smallBuffer = maxPartHeader + pageSize
	firstBuffer = 64<<10 + 2*pageSize
	largeBuffer = 256<<10 + pageSize
	hugeBuffer  = 1<<20 + pageSize

	mostFirst = 64
	mostLarge = 256
	mostHuge  = 32
)

// pools keep buffers for the next requests.
type pools struct {
	small sync.Pool // of *[smallBuffer]byte
	first *shelf
	large *shelf
	huge  *shelf
}

func newPools() *pools {
	return &pools{
		small: sync.Pool{New: func() any { return new([smallBuffer]byte) }},
		first: newShelf(mostFirst, firstBuffer),
		large: newShelf(mostLarge, largeBuffer),
		huge:  newShelf(mostHuge, hugeBuffer),
	}
}

// shelf is a pool of so many buffers at most.
type shelf struct {
	pool sync.Pool // of *[]byte
	left atomic.Int64
}

func newShelf(most int64, size int) *shelf {
	s := &shelf{pool: sync.Pool{New: func() any { b := make([]byte, size); return &b }}}
	s.left.Store(most)
	return s
}

// take gives nil if all are taken.
func (s *shelf) take() *[]byte {
	if s.left.Add(-1) < 0 {
		s.left.Add(1)
		return nil
	}
	return s.pool.Get().(*[]byte)
}

func (s *shelf) put(b *[]byte) {
	s.pool.Put(b)
	s.left.Add(1)
}

// buffers are those that one request has from the pools, each at most once. It
// gives them back by release, after which nothing of them is used.
type buffers struct {
	pools *pools
	small *[smallBuffer]byte
	first *[]byte // in place of the small one
	fast  *[]byte // from one of the shelves
	shelf *shelf
}

func (p *pools) lend() *buffers { return &buffers{pools: p} }

func (b *buffers) getSmall() []byte {
	if b.small == nil {
		b.small = b.pools.small.Get().(*[smallBuffer]byte)
	}
	return b.small[:]
}

// getFirst gives a buffer for a body that announces so many bytes.
func (b *buffers) getFirst(announced int64) []byte {
	if announced > smallBuffer && b.first == nil {
		b.first = b.pools.first.take()
	}
	if b.first == nil {
		return b.getSmall()
	}
	return *b.first
}

// getFast gives a buffer for a client that has proved fast, nil if there is none
// left.
func (b *buffers) getFast() []byte {
	for _, shelf := range []*shelf{b.pools.huge, b.pools.large} {
		if b.fast == nil {
			b.fast, b.shelf = shelf.take(), shelf
		}
	}
	if b.fast == nil {
		return nil
	}
	return *b.fast
}

// larger gives the next buffer for who has filled one of n bytes, nil where there
// is none.
func (b *buffers) larger(n int) []byte {
	switch {
	case n < smallBuffer:
		return b.getSmall()
	case n < largeBuffer:
		return b.getFast()
	}
	return nil
}

func (b *buffers) release() {
	if b.small != nil {
		b.pools.small.Put(b.small)
	}
	if b.first != nil {
		b.pools.first.put(b.first)
	}
	if b.fast != nil {
		b.shelf.put(b.fast)
	}
	b.small, b.first, b.fast = nil, nil, nil
}
