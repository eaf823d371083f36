package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// ErrRoom says that the index is larger than the room that was left for it.
var ErrRoom = errors.New("the index is larger than its room")

// index gathers what has to come before a fragmented file, box by box as they
// follow each other in it.
type index struct {
	ftyp, moov []byte
	tracks     []*track
	file       File
}

// read reports whether a box says something about the file and is to be read
// whole. All others are passed over.
func (b box) read() bool { return b.kind == "ftyp" || b.kind == "moov" || b.kind == "moof" }

// add takes the next box, with its content if it is one to be read.
func (x *index) add(b box, content []byte) error {
	switch b.kind {
	case "ftyp":
		x.ftyp = content
	case "moov":
		tracks, err := readTracks(content)
		if err != nil {
			return err
		}
		x.moov, x.tracks = content, tracks
		x.file.Init = Range{0, b.end()}
	case "moof":
		if x.tracks == nil {
			return fmt.Errorf("a fragment comes before the index")
		}
		f, err := readFragment(content, b.offset, x.tracks)
		if err != nil {
			return err
		}
		f.Range = Range{b.offset, b.total}
		x.file.Fragments = append(x.file.Fragments, f)
	default:
		if n := len(x.file.Fragments); n > 0 { // mdat, and whatever else follows a moof
			x.file.Fragments[n-1].Length += b.total
		}
	}
	return nil
}

// finish writes the index of a fragmented file of size bytes, room bytes long
// where room is not 0.
func (x *index) finish(size, room int64) (File, error) {
	out := x.file
	if len(out.Fragments) == 0 {
		return File{}, ErrEmpty
	}
	if x.ftyp == nil {
		return File{}, fmt.Errorf("no type")
	}
	for _, t := range x.tracks {
		if t.reach > size {
			return File{}, fmt.Errorf("track %d goes on to byte %d of %d", t.id, t.reach, size)
		}
		out.Tracks = append(out.Tracks, t.describe())
	}
	out.tracks = x.tracks
	var err error
	if out.Header, err = x.header(size, room); err != nil {
		return File{}, err
	}
	shift := int64(len(out.Header))
	out.Size = shift + size
	out.Init.Offset += shift
	for i, f := range out.Fragments {
		if f.Key < 0 || f.Key > f.Length {
			return File{}, fmt.Errorf("fragment %d has its first picture elsewhere", i)
		}
		out.Fragments[i].Offset += shift
	}
	return out, nil
}

// header writes what comes first: the type, the index, what is left of its room,
// and the head of an mdat of size bytes. Where the samples are depends on how
// long all of that is, and that does not depend on where they are, so without a
// room it is written twice.
func (x *index) header(size, room int64) ([]byte, error) {
	wide := size > math.MaxUint32-maxBox*int64(len(x.tracks)+1)
	out, err := x.shifted(size, room, wide)
	if err == nil && room == 0 {
		out, err = x.shifted(size, int64(len(out)), wide)
	}
	if err != nil {
		return nil, err
	}
	if free := room - int64(len(out)); room > 0 && free != 0 {
		if free < 8 {
			return nil, ErrRoom
		}
		out = append(out[:len(out)-mdatHead], boxOf("free", make([]byte, free-8))...)
		out = appendMdat(out, size)
	}
	return out, nil
}

// mdatHead is how long the head of an mdat is, which says its size in 64 bits.
const mdatHead = 16

func appendMdat(out []byte, size int64) []byte {
	out = append(out, 0, 0, 0, 1, 'm', 'd', 'a', 't')
	return binary.BigEndian.AppendUint64(out, uint64(size)+mdatHead)
}

// shifted is the header of a file whose samples it moves by shift.
func (x *index) shifted(size, shift int64, wide bool) ([]byte, error) {
	moov, err := indexOf(x.moov, x.tracks, shift, wide)
	if err != nil {
		return nil, err
	}
	return appendMdat(append(boxOf("ftyp", x.ftyp), moov...), size), nil
}

func indexOf(moov []byte, tracks []*track, shift int64, wide bool) ([]byte, error) {
	mvhd, err := find(moov, "mvhd")
	if err != nil {
		return nil, err
	}
	if len(mvhd) != 100 || mvhd[0] != 0 {
		return nil, fmt.Errorf("an mvhd of %d bytes", len(mvhd))
	}
	scale := binary.BigEndian.Uint32(mvhd[12:])
	longest := uint32(0)
	for _, t := range tracks {
		longest = max(longest, t.shown(scale))
	}
	parts := [][]byte{boxOf("mvhd", patched(mvhd, 16, longest))}
	for _, t := range tracks {
		b, err := t.box(scale, shift, wide)
		if err != nil {
			return nil, err
		}
		parts = append(parts, b)
	}
	return boxOf("moov", parts...), nil
}
