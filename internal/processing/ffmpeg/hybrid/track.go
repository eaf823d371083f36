package hybrid

import (
	"encoding/binary"
	"fmt"
	"math"
)

// track is one track: its boxes as they came, and the table that they lack.
type track struct {
	table
	id       uint32
	handler  string
	shape    []byte // the matrix, width and height of its tkhd
	scale    uint32 // ticks a second
	defaults defaults
	trak     []child
	reach    int64 // where its last sample ends in the fragmented file
}

func trackOf(tracks []*track, id uint32) *track {
	for _, t := range tracks {
		if t.id == id {
			return t
		}
	}
	return nil
}

// readTracks reads the tracks of an index, pictures before sound.
func readTracks(moov []byte) ([]*track, error) {
	parts, err := children(moov)
	if err != nil {
		return nil, err
	}
	var out []*track
	for _, p := range parts {
		if p.kind != "trak" {
			continue
		}
		t, err := readTrack(p.data)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("there is no track")
	}
	return out, readDefaults(parts, out)
}

func readTrack(trak []byte) (*track, error) {
	parts, err := children(trak)
	if err != nil {
		return nil, err
	}
	t := &track{trak: parts}
	header, err := find(trak, "tkhd")
	if err != nil {
		return nil, err
	}
	if len(header) != 84 || header[0] != 0 {
		return nil, fmt.Errorf("a tkhd of %d bytes", len(header))
	}
	t.id, t.shape = binary.BigEndian.Uint32(header[12:]), header[40:]
	handler, err := find(trak, "mdia", "hdlr")
	if err != nil {
		return nil, err
	}
	if len(handler) < 12 {
		return nil, fmt.Errorf("an hdlr of %d bytes", len(handler))
	}
	t.handler = string(handler[8:12])
	media, err := find(trak, "mdia", "mdhd")
	if err != nil {
		return nil, err
	}
	if len(media) != 24 || media[0] != 0 {
		return nil, fmt.Errorf("an mdhd of %d bytes", len(media))
	}
	if t.scale = binary.BigEndian.Uint32(media[12:]); t.scale == 0 {
		return nil, fmt.Errorf("track %d has no time scale", t.id)
	}
	return t, nil
}

// upright is the matrix of pictures that are shown as they are stored.
const upright = "\x00\x01\x00\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00" +
	"\x00\x00\x00\x00" + "\x00\x01\x00\x00" + "\x00\x00\x00\x00" +
	"\x00\x00\x00\x00" + "\x00\x00\x00\x00" + "\x40\x00\x00\x00"

func (t *track) describe() Track {
	return Track{
		Handler: t.handler, Samples: len(t.sizes),
		Seconds: float64(max(t.end-t.skipped(), 0)) / float64(t.scale),
		Skipped: float64(max(t.skipped(), 0)) / float64(t.scale),
		Width:   int(binary.BigEndian.Uint16(t.shape[36:])), Height: int(binary.BigEndian.Uint16(t.shape[40:])),
		Turned: string(t.shape[:36]) != upright,
	}
}

// readDefaults reads what the trex boxes say of each track.
func readDefaults(moov []child, tracks []*track) error {
	for _, p := range moov {
		if p.kind != "mvex" {
			continue
		}
		list, err := children(p.data)
		if err != nil {
			return err
		}
		for _, c := range list {
			if c.kind != "trex" {
				continue
			}
			r := &reader{data: c.data}
			r.full()
			t := trackOf(tracks, r.u32())
			r.u32() // the sample description, of which there is one
			d := defaults{r.u32(), r.u32(), r.u32()}
			if r.short || t == nil {
				return fmt.Errorf("a trex of no track")
			}
			t.defaults = d
		}
	}
	return nil
}

// played is how long the track is shown, in ticks of scale.
func (t *track) played(scale uint32) uint32 {
	ticks := max(t.end-t.skipped(), 0)
	return uint32(min((ticks*int64(scale)+int64(t.scale)-1)/int64(t.scale), math.MaxUint32))
}

// skipped is how many ticks the edit list leaves out at the start: an encoder's
// run-up, which must be decoded and not be heard.
func (t *track) skipped() int64 {
	list := t.edits()
	if len(list) == 0 {
		return 0
	}
	return int64(int32(binary.BigEndian.Uint32(list[len(list)-1][4:])))
}

// edits gives the entries of the edit list, 12 bytes each.
func (t *track) edits() [][]byte {
	for _, p := range t.trak {
		if p.kind != "edts" {
			continue
		}
		data, err := find(p.data, "elst")
		if err != nil || len(data) < 8 || data[0] != 0 || (len(data)-8)%12 != 0 {
			return nil
		}
		var out [][]byte
		for rest := data[8:]; len(rest) > 0; rest = rest[12:] {
			out = append(out, rest[:12])
		}
		return out
	}
	return nil
}

// box writes the track with its table. scale is the whole file's.
func (t *track) box(scale uint32, shift int64, wide bool) ([]byte, error) {
	var parts [][]byte
	for _, p := range t.trak {
		switch p.kind {
		case "tkhd":
			parts = append(parts, boxOf("tkhd", patched(p.data, 20, t.shown(scale))))
		case "edts":
			if list := t.edits(); len(list) > 0 {
				parts = append(parts, boxOf("edts", boxOf("elst", t.editList(list, scale))))
			}
		case "mdia":
			b, err := t.mediaBox(p.data, shift, wide)
			if err != nil {
				return nil, err
			}
			parts = append(parts, b)
		}
	}
	return boxOf("trak", parts...), nil
}

// shown is how long the track lasts on the file's clock, gaps that the edit
// list puts before it included.
func (t *track) shown(scale uint32) uint32 {
	total := t.played(scale)
	if list := t.edits(); len(list) > 0 {
		for _, e := range list[:len(list)-1] {
			total += binary.BigEndian.Uint32(e)
		}
	}
	return total
}

// editList is the list with the last entry's length, which is not known when a
// fragmented file is begun.
func (t *track) editList(list [][]byte, scale uint32) []byte {
	out := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(len(list)))
	for i, e := range list {
		if i == len(list)-1 {
			e = patched(e, 0, t.played(scale))
		}
		out = append(out, e...)
	}
	return out
}

func (t *track) mediaBox(mdia []byte, shift int64, wide bool) ([]byte, error) {
	list, err := children(mdia)
	if err != nil {
		return nil, err
	}
	var parts [][]byte
	for _, c := range list {
		switch c.kind {
		case "mdhd":
			parts = append(parts, boxOf("mdhd", mediaHeader(c.data, t.decoded)))
		case "minf":
			b, err := t.infoBox(c.data, shift, wide)
			if err != nil {
				return nil, err
			}
			parts = append(parts, b)
		default:
			parts = append(parts, boxOf(c.kind, c.data))
		}
	}
	return boxOf("mdia", parts...), nil
}

func (t *track) infoBox(minf []byte, shift int64, wide bool) ([]byte, error) {
	stsd, err := find(minf, "stbl", "stsd")
	if err != nil {
		return nil, err
	}
	list, err := children(minf)
	if err != nil {
		return nil, err
	}
	var parts [][]byte
	for _, c := range list {
		if c.kind == "stbl" {
			parts = append(parts, t.boxes(stsd, shift, wide))
		} else {
			parts = append(parts, boxOf(c.kind, c.data))
		}
	}
	return boxOf("minf", parts...), nil
}

// mediaHeader is an mdhd with its duration, in the 64-bit form where it needs
// that.
func mediaHeader(mdhd []byte, ticks int64) []byte {
	if ticks <= math.MaxUint32 {
		return patched(mdhd, 16, uint32(ticks))
	}
	out := []byte{1, 0, 0, 0}
	out = binary.BigEndian.AppendUint64(out, uint64(binary.BigEndian.Uint32(mdhd[4:])))
	out = binary.BigEndian.AppendUint64(out, uint64(binary.BigEndian.Uint32(mdhd[8:])))
	out = append(out, mdhd[12:16]...)
	out = binary.BigEndian.AppendUint64(out, uint64(ticks))
	return append(out, mdhd[20:]...)
}

// patched is data with one number replaced.
func patched(data []byte, at int, n uint32) []byte {
	out := append([]byte{}, data...)
	binary.BigEndian.PutUint32(out[at:], n)
	return out
}
