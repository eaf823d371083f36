package hybrid

import (
	"encoding/binary"
	"fmt"
)

// maxSamples bounds those of one track: days of film.
const maxSamples = 8 << 20

// samples goes through the sample table of a movie's track (ISO/IEC 14496-12, 8.6
// and 8.7) without laying it out. A copy of it begins where it was made.
type samples struct {
	count uint32 // of all

	durations, shifts counted // stts; ctts, without which nothing is shifted
	sizes             []byte  // stsz; nil where all have the same
	size              uint32
	keys              []byte // stss, what is left of it
	allKeys           bool
	perChunk          []byte // stsc, what is left of it
	places            []byte // stco, or co64, what is left of it
	wide              bool

	number  uint32 // of the last, from 1
	chunk   uint32 // likewise
	each    uint32 // samples in a chunk, now
	inChunk uint32 // of the chunk, what is left
	at      int64
	decoded int64 // when the next is
}

// counted is a list of pairs: so many, and what holds for each.
type counted struct {
	data  []byte
	left  uint32
	value uint32
}

// next gives the value of the next sample; false where the list has come to its end.
func (c *counted) next() (uint32, bool) {
	for c.left == 0 {
		if len(c.data) < 8 {
			return 0, false
		}
		c.left, c.value = binary.BigEndian.Uint32(c.data), binary.BigEndian.Uint32(c.data[4:])
		c.data = c.data[8:]
	}
	c.left--
	return c.value, true
}

// placed is one sample of a movie.
type placed struct {
	sample
	at      int64 // where it lies
	decoded int64 // when, in ticks
}

func (p placed) end() int64   { return p.at + int64(p.size) }
func (p placed) shown() int64 { return p.decoded + int64(p.shift) }

// readSamples reads the boxes of an stbl, all but stsd.
func readSamples(stbl []child) (samples, error) {
	var s samples
	s.allKeys = true
	seen := map[string]bool{}
	for _, c := range stbl {
		kind := c.kind
		r := &reader{data: c.data}
		r.full()
		switch c.kind {
		case "stts":
			s.durations.data = r.entries(8)
		case "ctts":
			s.shifts.data = r.entries(8)
		case "stss":
			s.keys, s.allKeys = r.entries(4), false
		case "stsc":
			s.perChunk = r.entries(12)
		case "stco":
			s.places = r.entries(4)
		case "co64":
			kind = "stco"
			s.places, s.wide = r.entries(8), true
		case "stsz":
			s.size = r.u32()
			if s.size == 0 {
				s.sizes = r.entries(4)
				s.count = uint32(len(s.sizes) / 4)
			} else {
				s.count = r.u32()
			}
		default:
			continue
		}
		if r.short {
			return samples{}, errShort
		}
		if seen[kind] { // which of them holds, readers don't agree on
			return samples{}, fmt.Errorf("%w: a second %s", ErrOdd, c.kind)
		}
		seen[kind] = true
	}
	if !seen["stts"] || !seen["stsc"] || !seen["stco"] || !seen["stsz"] || s.count == 0 || s.count > maxSamples {
		return samples{}, fmt.Errorf("%w: a table of %d samples", ErrOdd, s.count)
	}
	return s, nil
}

// entries takes a number and so many entries of n bytes.
func (r *reader) entries(n int) []byte {
	count := int64(r.u32())
	if count*int64(n) > int64(len(r.data)) {
		r.short = true
		return nil
	}
	return r.take(int(count) * n)
}

// next gives the next sample; false after the last. ErrOdd is a table whose parts
// don't add up.
func (s *samples) next() (p placed, ok bool, err error) {
	if s.number == s.count {
		return placed{}, false, nil
	}
	for s.inChunk == 0 {
		if err := s.nextChunk(); err != nil {
			return placed{}, false, err
		}
	}
	s.number++
	s.inChunk--
	p.at, p.decoded, p.size = s.at, s.decoded, s.size
	if s.sizes != nil {
		p.size = binary.BigEndian.Uint32(s.sizes[4*(s.number-1):])
	}
	if p.duration, ok = s.durations.next(); !ok {
		return placed{}, false, fmt.Errorf("%w: sample %d has no duration", ErrOdd, s.number)
	}
	shift, _ := s.shifts.next()
	p.shift = int32(shift)
	if p.key = s.allKeys; len(s.keys) >= 4 && binary.BigEndian.Uint32(s.keys) == s.number {
		p.key, s.keys = true, s.keys[4:]
	}
	s.at += int64(p.size)
	s.decoded += int64(p.duration)
	if p.size == 0 || s.at > 1<<60 {
		return placed{}, false, fmt.Errorf("%w: sample %d has %d bytes", ErrOdd, s.number, p.size)
	}
	return p, true, nil
}

func (s *samples) nextChunk() error {
	width := 4
	if s.wide {
		width = 8
	}
	if len(s.places) < width {
		return fmt.Errorf("%w: there is no chunk for sample %d", ErrOdd, s.number+1)
	}
	if s.wide {
		s.at = int64(binary.BigEndian.Uint64(s.places))
	} else {
		s.at = int64(binary.BigEndian.Uint32(s.places))
	}
	s.places = s.places[width:]
	s.chunk++
	if e := s.perChunk; len(e) >= 12 && binary.BigEndian.Uint32(e) == s.chunk {
		if binary.BigEndian.Uint32(e[8:]) != 1 {
			return fmt.Errorf("%w: samples that are described apart", ErrOdd)
		}
		s.each, s.perChunk = binary.BigEndian.Uint32(e[4:]), e[12:]
	}
	if s.each == 0 || s.at < 0 || s.at > 1<<59 {
		return fmt.Errorf("%w: chunk %d", ErrOdd, s.chunk)
	}
	s.inChunk = s.each
	return nil
}
