package image

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// pools keep what pictures are done with for the next ones: most pictures are small,
// and what reading one and writing its sizes takes is more than the picture. The
// zero value has nothing yet. They may be used from many goroutines.
type pools struct {
	windows sync.Pool // of *[]byte, as long as the files that come
	files   sync.Pool // of *bytes.Buffer, which are empty
	pixels  sync.Pool // of *[]byte, no longer than pooledPixels
	pngs    sync.Pool // of *pngMemory
	jpegs   sync.Pool // of *jpegWriter
}

// pooledPixels is how many bytes of pixels are kept for another picture at most.
const pooledPixels = 1 << 20

// open gives a source over an original. close should follow.
func (p *pools) open(ctx context.Context, r io.ReaderAt, size int64) *source {
	want := int(min(windowSize, max(size, 0)))
	window, _ := p.windows.Get().(*[]byte)
	if window == nil || cap(*window) < want {
		fresh := make([]byte, 0, want)
		window = &fresh
	}
	return &source{ctx: ctx, pools: p, r: r, size: size, window: (*window)[:0]}
}

// close lets others use a source's window and its pixels. Nothing is read from
// either any more.
func (p *pools) close(s *source) {
	window := s.window[:0]
	s.window, s.size = nil, 0
	p.windows.Put(&window)
	if s.pixels != nil {
		p.pixels.Put(s.pixels)
		s.pixels = nil
	}
}

// pixelsOf gives room for a source's n bytes of pixels, with whatever stood there
// before. It is the source's until that is closed.
func (p *pools) pixelsOf(s *source, n int) []byte {
	if n > pooledPixels || s.pixels != nil {
		return make([]byte, n)
	}
	room, _ := p.pixels.Get().(*[]byte)
	if room == nil || cap(*room) < n {
		fresh := make([]byte, n)
		room = &fresh
	}
	s.pixels = room
	return (*room)[:n]
}

// file gives an empty buffer for a file, and letGo lets others use it, unless it
// became large.
func (p *pools) file() *bytes.Buffer {
	if b, ok := p.files.Get().(*bytes.Buffer); ok {
		return b
	}
	return new(bytes.Buffer)
}

func (p *pools) letGo(file *bytes.Buffer) {
	if file.Cap() <= 4*smallWhole {
		file.Reset()
		p.files.Put(file)
	}
}

// png gives what reading or copying a PNG takes, and donePNG lets others use it.
func (p *pools) png() *pngMemory {
	if m, ok := p.pngs.Get().(*pngMemory); ok {
		return m
	}
	return newPNGMemory()
}

func (p *pools) donePNG(m *pngMemory) {
	m.r.Reset(nil) // what is not referred to can go
	m.w.Reset(nil)
	p.pngs.Put(m)
}

// jpeg gives a writer, and doneJPEG lets others use it.
func (p *pools) jpeg() *jpegWriter {
	if e, ok := p.jpegs.Get().(*jpegWriter); ok {
		return e
	}
	return newJPEGWriter()
}

func (p *pools) doneJPEG(e *jpegWriter) {
	e.w, e.err = nil, nil
	p.jpegs.Put(e)
}
