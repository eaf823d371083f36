package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrOrder says that a file is sound, maybe, but that it cannot be read while it
// comes: pictures lie in front of what says where they are, or across boxes.
var ErrOrder = errors.New("pictures are not where they can be read as they come")

// Stream is Wrap and Quiet in one for a fragmented MP4 that is still being
// written. It reads r to its end and passes everything on to w, in which the
// words beside the pictures are blanked; the File's Header, room bytes long, is
// what comes before that. What it refuses is what Wrap or Quiet refuses, with
// the same errors, and ErrOrder. After an error what w was given is of no use.
//
// Of pictures it holds never more than a piece in memory, but of what a box that
// describes them says, all of it.
func Stream(r io.Reader, w io.Writer, room int64) (File, error) {
	return follow(&window{r: r, w: w, buf: make([]byte, windowSize)}, room)
}

func follow(passing *window, room int64) (File, error) {
	s := &stream{window: passing}
	for {
		b, err := s.box()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = s.take(b)
		}
		if err != nil {
			return File{}, err
		}
	}
	if err := s.flush(); err != nil {
		return File{}, err
	}
	return s.index.finish(s.at, room)
}

type stream struct {
	*window
	index index
	ahead []spanOf // pictures that are still to come, in their order
}

// spanOf is a picture whose units have lengths of width bytes.
type spanOf struct {
	span
	width int
}

// box reads the next box's header. io.EOF is the end of the file.
func (s *stream) box() (box, error) {
	b := box{offset: s.at, header: 8}
	var h [8]byte
	first, err := s.next(1)
	if err != nil {
		return box{}, err
	}
	h[0] = first[0]
	if err := s.read(h[1:]); err != nil {
		return box{}, fmt.Errorf("box at %d: %w", b.offset, err)
	}
	b.kind, b.total = string(h[4:8]), int64(binary.BigEndian.Uint32(h[:]))
	if b.total == 1 {
		if err := s.read(h[:]); err != nil {
			return box{}, fmt.Errorf("box at %d: %w", b.offset, err)
		}
		b.header, b.total = 16, int64(binary.BigEndian.Uint64(h[:]))
	}
	if b.total < b.header || b.total > math.MaxInt64-b.offset {
		return box{}, fmt.Errorf("box %q at %d has %d bytes", b.kind, b.offset, b.total)
	}
	return b, nil
}

// take passes on a box whose header was read.
func (s *stream) take(b box) error {
	clear := b.offset + b.header
	if b.read() {
		clear = b.end()
	}
	if len(s.ahead) > 0 && s.ahead[0].at < clear {
		return ErrOrder
	}
	if !b.read() {
		if err := s.pass(b.end()); err != nil {
			return fmt.Errorf("box %q at %d: %w", b.kind, b.offset, err)
		}
		return s.index.add(b, nil)
	}
	if b.total > maxBox {
		return fmt.Errorf("box %q has %d bytes", b.kind, b.total)
	}
	if b.kind == "moov" && s.index.moov != nil {
		return ErrOrder // whose pictures they were is not known any more
	}
	data, err := s.copy(b.total - b.header)
	if err != nil {
		return fmt.Errorf("box %q: %w", b.kind, err)
	}
	marks := make([]mark, len(s.index.tracks))
	for i, t := range s.index.tracks {
		marks[i] = t.mark()
	}
	if err := s.index.add(b, data); err != nil {
		return err
	}
	if b.kind == "moof" {
		return s.expect(marks)
	}
	return nil
}

// expect notes the pictures that a fragment's header has named.
func (s *stream) expect(marks []mark) error {
	from := s.at
	if n := len(s.ahead); n > 0 {
		from = s.ahead[n-1].end
	}
	for i, t := range s.index.tracks {
		if t.handler != "vide" {
			continue
		}
		width, err := t.unitLength()
		if err != nil {
			return err
		}
		for p := range t.since(marks[i]) {
			if p.at == p.end { // nothing comes by which it would be noticed
				if err := (&picture{key: p.key}).done(); err != nil {
					return p.wrong(err)
				}
				continue
			}
			if p.at < from {
				return ErrOrder
			}
			s.ahead = append(s.ahead, spanOf{p, width})
			from = p.end
		}
	}
	return nil
}

// pass passes on what lies before end, and looks at the pictures in it.
func (s *stream) pass(end int64) error {
	for len(s.ahead) > 0 && s.ahead[0].at < end {
		p := s.ahead[0]
		if p.end > end {
			return ErrOrder
		}
		if err := s.skip(p.at - s.at); err != nil {
			return err
		}
		if err := s.quiet(p); err != nil {
			return p.wrong(err)
		}
		if s.ahead = s.ahead[1:]; len(s.ahead) == 0 {
			s.ahead = nil
		}
	}
	return s.skip(end - s.at)
}

// quiet passes on one picture without the words beside it.
func (s *stream) quiet(sample spanOf) error {
	p := picture{key: sample.key}
	for s.at < sample.end {
		if err := fits(sample.width, sample.end-s.at); err != nil {
			return err
		}
		var number [4]byte
		if err := s.read(number[:sample.width]); err != nil {
			return err
		}
		length, err := unitSize(number[:sample.width], sample.end-s.at)
		if err != nil {
			return err
		}
		first, err := s.next(1)
		if err != nil {
			return cutShort(err)
		}
		f, err := p.unit(first[0], length)
		if err != nil {
			return err
		}
		if f == nil {
			if err := s.skip(length - 1); err != nil {
				return err
			}
			continue
		}
		f.put(first, 0)
		for done := int64(1); done < length; {
			piece, err := s.next(length - done)
			if err != nil {
				return cutShort(err)
			}
			f.put(piece, done)
			done += int64(len(piece))
		}
	}
	return p.done()
}
