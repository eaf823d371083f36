package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Flags of the boxes in a fragment's header (ISO/IEC 14496-12, 8.8.7 and 8.8.8).
const (
	hasBaseOffset      = 0x000001
	hasDescription     = 0x000002
	hasDefaultDuration = 0x000008
	hasDefaultSize     = 0x000010
	hasDefaultFlags    = 0x000020
	baseIsMoof         = 0x020000

	hasDataOffset  = 0x000001
	hasFirstFlags  = 0x000004
	hasDurations   = 0x000100
	hasSizes       = 0x000200
	hasSampleFlags = 0x000400
	hasShifts      = 0x000800

	notSync = 0x010000 // of a sample: decoding can't begin here
)

// maxRun bounds the samples of one run: two seconds have some hundreds.
const maxRun = 1 << 20

var errShort = errors.New("a box of a fragment ends too early")

// defaults are what holds for a sample about which its run says nothing.
type defaults struct{ duration, size, flags uint32 }

// readFragment adds the samples of one moof, which begins at offset, to the
// tracks, and describes the fragment as far as the moof tells. Its length is
// left open.
func readFragment(moof []byte, offset int64, tracks []*track) (Fragment, error) {
	first := tracks[0]
	keys, samples, chunks := len(first.keys), len(first.sizes), len(first.chunks)
	ticks := int64(0)
	first.open = false
	parts, err := children(moof)
	if err != nil {
		return Fragment{}, err
	}
	for _, p := range parts {
		if p.kind != "traf" {
			continue
		}
		t, n, err := readTraf(p.data, offset, tracks)
		if err != nil {
			return Fragment{}, err
		}
		if t == first {
			ticks += n
		}
	}
	out := Fragment{Seconds: float64(ticks) / float64(first.scale), Open: first.open || len(first.keys) == keys}
	if len(first.keys) > keys && first.keys[keys] == uint32(samples+1) {
		out.Key = first.chunks[chunks].offset + int64(first.sizes[samples]) - offset
	}
	return out, nil
}

func readTraf(data []byte, offset int64, tracks []*track) (*track, int64, error) {
	parts, err := children(data)
	if err != nil {
		return nil, 0, err
	}
	var t *track
	var d defaults
	var began int64
	for _, p := range parts {
		r := &reader{data: p.data}
		version, flags := r.full()
		switch p.kind {
		case "tfhd":
			id := r.u32()
			if t = trackOf(tracks, id); t == nil {
				return nil, 0, fmt.Errorf("a fragment of track %d, which is not in the index", id)
			}
			if flags&baseIsMoof == 0 || flags&(hasBaseOffset|hasDescription) != 0 {
				return nil, 0, fmt.Errorf("a fragment with the flags %#x", flags)
			}
			d = t.defaults
			for _, f := range []struct {
				flag uint32
				into *uint32
			}{{hasDefaultDuration, &d.duration}, {hasDefaultSize, &d.size}, {hasDefaultFlags, &d.flags}} {
				if flags&f.flag != 0 {
					*f.into = r.u32()
				}
			}
		case "tfdt":
			at := uint64(0)
			if version == 1 {
				at = r.u64()
			} else {
				at = uint64(r.u32())
			}
			if t == nil || at > 1<<62 || !t.resume(int64(at)) {
				return nil, 0, fmt.Errorf("a fragment begins at tick %d, where it can't", at)
			}
			began = t.decoded
		case "trun":
			if t == nil {
				return nil, 0, fmt.Errorf("a run of no track")
			}
			if err := readRun(r, flags, d, offset, t); err != nil {
				return nil, 0, err
			}
		}
		if r.short {
			return nil, 0, errShort
		}
	}
	if t == nil {
		return nil, 0, fmt.Errorf("a fragment of no track")
	}
	return t, t.decoded - began, nil
}

func readRun(r *reader, flags uint32, d defaults, offset int64, t *track) error {
	count := r.u32()
	if flags&hasDataOffset == 0 {
		return fmt.Errorf("a run without its place")
	}
	at := offset + int64(int32(r.u32()))
	first := d.flags
	if flags&hasFirstFlags != 0 {
		first = r.u32()
	}
	each := 0
	for _, f := range []uint32{hasDurations, hasSizes, hasSampleFlags, hasShifts} {
		if flags&f != 0 {
			each += 4
		}
	}
	if r.short || int64(count)*int64(each) > int64(len(r.data)) || count > maxRun {
		return errShort
	}
	if count == 0 {
		return nil
	}
	field := func(flag, otherwise uint32) uint32 {
		if flags&flag == 0 {
			return otherwise
		}
		return binary.BigEndian.Uint32(r.take(4))
	}
	t.chunks = append(t.chunks, chunk{at, count})
	for i := range count {
		s := sample{duration: field(hasDurations, d.duration), size: field(hasSizes, d.size)}
		own := d.flags
		if i == 0 {
			own = first
		}
		s.key = field(hasSampleFlags, own)&notSync == 0
		s.shift = int32(field(hasShifts, 0))
		t.add(s)
		at += int64(s.size)
	}
	t.reach = max(t.reach, at)
	return nil
}
