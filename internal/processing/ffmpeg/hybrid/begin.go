package hybrid

import (
	"encoding/binary"
	"slices"
)

// beginning is the type and the index that come before the fragments.
func (f *fragments) beginning() []byte {
	movie := make([]byte, 100)
	binary.BigEndian.PutUint32(movie[12:], 1000)
	copy(movie[20:], "\x00\x01\x00\x00\x01\x00") // speed and volume
	copy(movie[36:], upright)
	binary.BigEndian.PutUint32(movie[96:], uint32(len(f.tracks)+1)) // the next track's number
	parts := [][]byte{boxOf("mvhd", movie)}
	var extends []byte
	for i, t := range f.tracks {
		id := uint32(i + 1)
		parts = append(parts, t.begin(id))
		extends = append(extends, boxOf("trex", numbers(0, id, 1, 0, 0, 0))...)
	}
	parts = append(parts, boxOf("mvex", extends))
	return append(boxOf("ftyp", []byte("iso6\x00\x00\x02\x00iso6mp41")), boxOf("moov", parts...)...)
}

// numbers are 32 bits each.
func numbers(list ...uint32) (out []byte) {
	for _, n := range list {
		out = binary.BigEndian.AppendUint32(out, n)
	}
	return out
}

// begin is a track without samples.
func (t *movieTrack) begin(id uint32) []byte {
	header := make([]byte, 84)
	header[3] = 3 // enabled, and in the movie
	binary.BigEndian.PutUint32(header[12:], id)
	copy(header[40:], upright)
	binary.BigEndian.PutUint32(header[76:], t.width)
	binary.BigEndian.PutUint32(header[80:], t.height)
	kind, name := boxOf("vmhd", numbers(1, 0, 0)), "VideoHandler\x00"
	parts := [][]byte{boxOf("tkhd", header)}
	if t.handler == "soun" {
		header[35], header[36] = 1, 1 // beside the pictures' group; loud
		parts[0] = boxOf("tkhd", header)
		kind, name = boxOf("smhd", numbers(0, 0)), "SoundHandler\x00"
		parts = append(parts, boxOf("edts", boxOf("elst", numbers(0, 1, 0, uint32(t.skipped), 1<<16))))
	}
	return boxOf("trak", append(parts, boxOf("mdia",
		boxOf("mdhd", numbers(0, 0, 0, t.scale, 0, 0x55c4<<16)), // no language
		boxOf("hdlr", numbers(0, 0), []byte(t.handler), numbers(0, 0, 0), []byte(name)),
		boxOf("minf", kind,
			boxOf("dinf", boxOf("dref", numbers(0, 1), boxOf("url ", numbers(1)))),
			boxOf("stbl",
				boxOf("stsd", numbers(0, 1), t.entry),
				boxOf("stts", numbers(0, 0)), boxOf("stsc", numbers(0, 0)),
				boxOf("stsz", numbers(0, 0, 0)), boxOf("stco", numbers(0, 0))))))...)
}

// What a fragment says of samples: that others need them or not (8.8.3.1).
const (
	isKey    = 0x02000000
	isNotKey = 0x01000000 | notSync
)

// header is the moof of the fragment that was gathered.
func (f *fragments) header() []byte {
	at := 8 + 16 + 8 // behind the moof's own header, its mfhd, its trafs and the mdat's header
	var trafs [][]byte
	var places []int // in each traf, of the number that says where its samples are
	var lengths []int
	for i := range f.run {
		if len(f.run[i].list) == 0 {
			continue
		}
		b, place := f.tracks[i].traf(uint32(i+1), f.run[i].list)
		at += len(b)
		length := 0
		for _, p := range f.run[i].list {
			length += int(p.size)
		}
		trafs, places, lengths = append(trafs, b), append(places, place), append(lengths, length)
	}
	for i, b := range trafs {
		binary.BigEndian.PutUint32(b[places[i]:], uint32(at))
		at += lengths[i]
	}
	return boxOf("moof", append([][]byte{boxOf("mfhd", numbers(0, f.number))}, trafs...)...)
}

// traf is what a fragment says of one track, and where in that the place of its
// samples is to be written.
func (t *movieTrack) traf(id uint32, list []placed) (out []byte, place int) {
	flags := uint32(isKey)
	run := uint32(hasDataOffset | hasSizes)
	if t.handler == "vide" {
		flags = isNotKey
		run |= hasFirstFlags // gather begins with a key, and has no other
	}
	shifts := t.handler == "vide" && len(t.shifts.data) > 0
	if shifts {
		run |= hasShifts
	}
	lasts := list[0].duration
	if slices.ContainsFunc(list, func(p placed) bool { return p.duration != lasts }) {
		run |= hasDurations
	}
	body := numbers(1<<24|run, uint32(len(list)), 0)
	if run&hasFirstFlags != 0 {
		body = append(body, numbers(isKey)...)
	}
	for _, p := range list {
		if run&hasDurations != 0 {
			body = binary.BigEndian.AppendUint32(body, p.duration)
		}
		body = binary.BigEndian.AppendUint32(body, p.size)
		if shifts {
			body = binary.BigEndian.AppendUint32(body, uint32(int32(p.shown()-t.skipped-p.decoded)))
		}
	}
	began := uint64(list[0].decoded)
	out = boxOf("traf",
		boxOf("tfhd", numbers(baseIsMoof|hasDefaultDuration|hasDefaultFlags, id, lasts, flags)),
		boxOf("tfdt", numbers(1<<24, uint32(began>>32), uint32(began))),
		boxOf("trun", body))
	return out, len(out) - len(body) + 8
}
