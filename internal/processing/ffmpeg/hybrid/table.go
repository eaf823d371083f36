package hybrid

import (
	"encoding/binary"
	"fmt"
	"iter"
)

// table is one track's sample table as it grows.
type table struct {
	durations []run // stts
	offsets   []run // ctts, of samples shown at another time than decoded
	sizes     []uint32
	keys      []uint32 // stss: numbers of the samples to begin at, from 1
	chunks    []chunk
	decoded   int64 // ticks so far
	end       int64 // when the sample that is shown last ends
	shifted   bool  // some offset is not 0
	keyAt     int64 // when the last key sample is shown
	open      bool  // a sample after it is shown before it
}

// run is so many samples with the same value.
type run struct{ count, value uint32 }

// chunk is samples that lie behind each other.
type chunk struct {
	offset  int64 // in the fragmented file
	samples uint32
}

// sample is one picture or a piece of sound.
type sample struct {
	duration, size uint32
	shift          int32
	key            bool
}

func (t *table) add(s sample) {
	t.durations = extend(t.durations, s.duration)
	t.offsets = extend(t.offsets, uint32(s.shift))
	t.sizes = append(t.sizes, s.size)
	shown := t.decoded + int64(s.shift)
	if s.key {
		t.keyAt = shown
		t.keys = append(t.keys, uint32(len(t.sizes)))
	}
	t.open = t.open || shown < t.keyAt
	t.shifted = t.shifted || s.shift != 0
	t.decoded += int64(s.duration)
	t.end = max(t.end, t.decoded+int64(s.shift))
}

func extend(runs []run, value uint32) []run {
	if n := len(runs); n > 0 && runs[n-1].value == value {
		runs[n-1].count++
		return runs
	}
	return append(runs, run{1, value})
}

// resume makes the last sample last until at, where a fragment says that the
// next one begins. It reports whether it could.
func (t *table) resume(at int64) bool {
	gap := at - t.decoded
	if gap == 0 {
		return true
	}
	n := len(t.durations)
	if n == 0 {
		return false
	}
	last := int64(t.durations[n-1].value) + gap
	if last < 0 || last > 1<<31 {
		return false
	}
	if t.durations[n-1].count--; t.durations[n-1].count == 0 {
		t.durations = t.durations[:n-1]
	}
	t.durations = extend(t.durations, uint32(last))
	t.decoded = at
	return true
}

// boxes writes the table with chunk offsets moved by shift, as 64-bit ones if
// wide. stsd is the description of the samples, taken over as it is.
func (t *table) boxes(stsd []byte, shift int64, wide bool) []byte {
	parts := [][]byte{boxOf("stsd", stsd), boxOf("stts", runsOf(0, t.durations))}
	if t.shifted {
		parts = append(parts, boxOf("ctts", runsOf(1, t.offsets))) // version 1: they may be negative
	}
	if len(t.keys) < len(t.sizes) {
		parts = append(parts, boxOf("stss", numbersOf(t.keys)))
	}
	sizes := append(binary.BigEndian.AppendUint32(nil, 0), 0, 0, 0, 0) // none in common
	return boxOf("stbl", append(parts,
		boxOf("stsc", t.perChunk()),
		boxOf("stsz", sizes, numbersOf(t.sizes)[4:]),
		t.chunkOffsets(shift, wide))...)
}

func runsOf(version byte, runs []run) []byte {
	out := binary.BigEndian.AppendUint32([]byte{version, 0, 0, 0}, uint32(len(runs)))
	for _, r := range runs {
		out = binary.BigEndian.AppendUint32(out, r.count)
		out = binary.BigEndian.AppendUint32(out, r.value)
	}
	return out
}

func numbersOf(list []uint32) []byte {
	out := binary.BigEndian.AppendUint32(make([]byte, 4, 8+4*len(list)), uint32(len(list)))
	for _, n := range list {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return out
}

// perChunk writes from which chunk on so many samples are in each.
func (t *table) perChunk() []byte {
	var entries uint32
	var body []byte
	for i, c := range t.chunks {
		if i > 0 && t.chunks[i-1].samples == c.samples {
			continue
		}
		entries++
		for _, n := range []uint32{uint32(i + 1), c.samples, 1} {
			body = binary.BigEndian.AppendUint32(body, n)
		}
	}
	return append(binary.BigEndian.AppendUint32(make([]byte, 4), entries), body...)
}

func (t *table) chunkOffsets(shift int64, wide bool) []byte {
	kind := "stco"
	if wide {
		kind = "co64"
	}
	out := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(len(t.chunks)))
	for _, c := range t.chunks {
		if wide {
			out = binary.BigEndian.AppendUint64(out, uint64(c.offset+shift))
		} else {
			out = binary.BigEndian.AppendUint32(out, uint32(c.offset+shift))
		}
	}
	return boxOf(kind, out)
}

// mark is how far a table was at some time.
type mark struct{ chunks, samples, keys int }

func (t *table) mark() mark { return mark{len(t.chunks), len(t.sizes), len(t.keys)} }

// span is where a sample lies in the fragmented file.
type span struct {
	at, end int64
	key     bool
	number  int // from 0
}

// wrong says of which picture an error is.
func (s span) wrong(err error) error { return fmt.Errorf("picture %d: %w", s.number, err) }

// since yields the samples that came after a mark, in their order.
func (t *table) since(m mark) iter.Seq[span] {
	return func(yield func(span) bool) {
		n, keys := m.samples, t.keys[m.keys:]
		for _, c := range t.chunks[m.chunks:] {
			at := c.offset
			for range c.samples {
				key := len(keys) > 0 && keys[0] == uint32(n+1)
				if key {
					keys = keys[1:]
				}
				s := span{at, at + int64(t.sizes[n]), key, n}
				if !yield(s) {
					return
				}
				at = s.end
				n++
			}
		}
	}
}
