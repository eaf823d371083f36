package xapi

import "sync"

// What one upload request holds in memory: the small one until reads fill it,
// so that a thousand slow clients cost little. The page more is for where a
// file's page begins in the middle.
const (
	smallBuffer  = maxPartHeader + pageSize
	uploadBuffer = 256<<10 + pageSize
)

// texts is what base64 that comes fast is decoded from and to.
type texts struct {
	in  [mostText]byte
	out [mostText/4*3 + 8]byte // decodedMost(mostText)
}

// pools keep buffers for the next requests.
type pools struct {
	small sync.Pool // of *[smallBuffer]byte
	large sync.Pool // of *[uploadBuffer]byte
	texts sync.Pool // of *texts
}

func newPools() *pools {
	return &pools{
		small: sync.Pool{New: func() any { return new([smallBuffer]byte) }},
		large: sync.Pool{New: func() any { return new([uploadBuffer]byte) }},
		texts: sync.Pool{New: func() any { return new(texts) }},
	}
}

// buffers are those that one request has from the pools, each at most once. It
// gives them back by release, after which nothing of them is used.
type buffers struct {
	pools *pools
	small *[smallBuffer]byte
	large *[uploadBuffer]byte
	texts *texts
}

func (p *pools) lend() *buffers { return &buffers{pools: p} }

func (b *buffers) getSmall() []byte {
	if b.small == nil {
		b.small = b.pools.small.Get().(*[smallBuffer]byte)
	}
	return b.small[:]
}

func (b *buffers) getLarge() []byte {
	if b.large == nil {
		b.large = b.pools.large.Get().(*[uploadBuffer]byte)
	}
	return b.large[:]
}

func (b *buffers) getTexts() *texts {
	if b.texts == nil {
		b.texts = b.pools.texts.Get().(*texts)
	}
	return b.texts
}

// larger gives the next buffer for who has filled one of n bytes, nil where there
// is none.
func (b *buffers) larger(n int) []byte {
	switch {
	case n < smallBuffer:
		return b.getSmall()
	case n < uploadBuffer:
		return b.getLarge()
	}
	return nil
}

func (b *buffers) release() {
	if b.small != nil {
		b.pools.small.Put(b.small)
	}
	if b.large != nil {
		b.pools.large.Put(b.large)
	}
	if b.texts != nil {
		b.pools.texts.Put(b.texts)
	}
	b.small, b.large, b.texts = nil, nil, nil
}
