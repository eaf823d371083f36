package xapi

import "testing"

// A request has each buffer once, in order of their size, and others may have
// them after it.
func TestBuffers(t *testing.T) {
	p := newPools()
	b := p.lend()
	sizes := []int{}
	for buf := b.larger(firstAhead); buf != nil; buf = b.larger(len(buf)) {
		sizes = append(sizes, len(buf))
	}
	if len(sizes) != 2 || sizes[0] != smallBuffer || sizes[1] != hugeBuffer {
		t.Errorf("buffers of %d", sizes)
	}
	small, fast := b.getSmall(), b.getFast()
	if &small[0] != &b.getSmall()[0] || &fast[0] != &b.getFast()[0] {
		t.Error("a request has two of a kind")
	}
	other := p.lend()
	if &b.getSmall()[0] == &other.getSmall()[0] || &b.getFast()[0] == &other.getFast()[0] {
		t.Error("two requests share a buffer")
	}
	b.release()
	b.release() // gives nothing back twice
	one, two := p.lend(), p.lend()
	if &one.getFast()[0] == &two.getFast()[0] || &one.getFast()[0] == &other.getFast()[0] {
		t.Error("a buffer was given back twice")
	}
}

// Who announces more than the small one holds has a larger first one, while few do.
func TestFirstBuffers(t *testing.T) {
	p := newPools()
	for _, announced := range []int64{-1, 0, smallBuffer} {
		b := p.lend()
		if n := len(b.getFirst(announced)); n != smallBuffer {
			t.Errorf("%d bytes begin with a buffer of %d", announced, n)
		}
		b.release()
	}
	for range 2 {
		var out []*buffers
		sizes := map[int]int{}
		for range mostFirst + 3 {
			b := p.lend()
			first := b.getFirst(smallBuffer + 1)
			if &first[0] != &b.getFirst(smallBuffer + 1)[0] {
				t.Error("a request has two")
			}
			out = append(out, b)
			sizes[len(first)]++
		}
		if sizes[firstBuffer] != mostFirst || sizes[smallBuffer] != 3 {
			t.Errorf("first buffers: %v", sizes)
		}
		for _, b := range out {
			b.release()
			b.release()
		}
	}
}

// There are so many for fast clients and no more, whoever comes and goes.
func TestBuffersAreBounded(t *testing.T) {
	p := newPools()
	for range 3 {
		var out []*buffers
		sizes := map[int]int{}
		for range mostHuge + mostLarge + 50 {
			b := p.lend()
			out = append(out, b)
			sizes[len(b.getFast())]++
			b.getFast()
		}
		if sizes[hugeBuffer] != mostHuge || sizes[largeBuffer] != mostLarge || sizes[0] != 50 {
			t.Errorf("buffers: %v", sizes)
		}
		for _, b := range out {
			b.release()
			b.release()
		}
	}
}
