package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// File is what a fragmented MP4 becomes: Header, and after it the fragmented
// file as it is. Places are those in the whole.
type File struct {
	Header    []byte
	Init      Range // the initialization section
	Fragments []Fragment
	Tracks    []Track

	tracks []*track // with places in the fragmented file
}

// Track is what the index says of one track.
type Track struct {
	Handler       string // vide for pictures, soun for sound
	Samples       int
	Seconds       float64 // shown, an encoder's run-up left out
	Skipped       float64 // seconds at the start that an edit list leaves out, such as that run-up
	Width, Height int     // of pictures
	Turned        bool    // a player would turn or stretch the pictures
}

// Range is some bytes of the file.
type Range struct{ Offset, Length int64 }

// Fragment is a piece of the file. Unless it is Open it can be played from its
// beginning: it starts with a picture that needs no other, and none that follows
// is shown before that.
type Fragment struct {
	Range
	Seconds float64 // of the first track
	Open    bool
	Key     int64 // bytes to the end of its first picture, if decoding can begin there; else 0
}

// ErrEmpty says that a file holds not one fragment: nothing came to be written.
var ErrEmpty = errors.New("no fragment")

// Wrap reads a fragmented MP4 of size bytes and works out what has to come
// before it. A file that is not as the package says gives an error; nothing is
// guessed. One without fragments, or without anything, gives ErrEmpty.
func Wrap(r io.ReaderAt, size int64) (File, error) {
	var out File
	var tracks []*track
	var ftyp, moov []byte
	for at := int64(0); at < size; {
		b, err := nextBox(r, at, size)
		if err != nil {
			return File{}, err
		}
		at = b.end()
		switch b.kind {
		case "ftyp":
			ftyp, err = content(r, b)
		case "moov":
			if moov, err = content(r, b); err == nil {
				tracks, err = readTracks(moov)
			}
			out.Init = Range{0, b.end()}
		case "moof":
			var moof []byte
			if moof, err = content(r, b); err == nil && tracks == nil {
				err = fmt.Errorf("a fragment comes before the index")
			}
			if err == nil {
				var f Fragment
				f, err = readFragment(moof, b.offset, tracks)
				f.Range = Range{b.offset, b.total}
				out.Fragments = append(out.Fragments, f)
			}
		default:
			if n := len(out.Fragments); n > 0 { // mdat, and whatever else follows a moof
				out.Fragments[n-1].Length += b.total
			}
		}
		if err != nil {
			return File{}, err
		}
	}
	if len(out.Fragments) == 0 {
		return File{}, ErrEmpty
	}
	if ftyp == nil {
		return File{}, fmt.Errorf("no type")
	}
	for _, t := range tracks {
		if t.reach > size {
			return File{}, fmt.Errorf("track %d goes on to byte %d of %d", t.id, t.reach, size)
		}
		out.Tracks = append(out.Tracks, t.describe())
	}
	out.tracks = tracks
	var err error
	if out.Header, err = header(ftyp, moov, tracks, size); err != nil {
		return File{}, err
	}
	shift := int64(len(out.Header))
	out.Init.Offset += shift
	for i, f := range out.Fragments {
		if f.Key < 0 || f.Key > f.Length {
			return File{}, fmt.Errorf("fragment %d has its first picture elsewhere", i)
		}
		out.Fragments[i].Offset += shift
	}
	return out, nil
}

// header writes what comes first: the type, the index, and the head of an mdat
// of size bytes. Where the samples are depends on how long the index is, and
// that does not depend on where they are, so it is written twice.
func header(ftyp, moov []byte, tracks []*track, size int64) ([]byte, error) {
	wide := size > math.MaxUint32-maxBox*int64(len(tracks)+1)
	var out []byte
	for range 2 {
		index, err := indexOf(moov, tracks, int64(len(out)), wide)
		if err != nil {
			return nil, err
		}
		out = append(boxOf("ftyp", ftyp), index...)
		out = append(out, 0, 0, 0, 1, 'm', 'd', 'a', 't')
		out = binary.BigEndian.AppendUint64(out, uint64(size)+16)
	}
	return out, nil
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
