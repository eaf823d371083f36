package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// errUnknown says that an MP4's index does not tell how large another would be.
var errUnknown = errors.New("the index has no tables of samples")

// spare is for boxes of known size, and for what may come into them.
const spare = 4 << 10

// Room is how long the Header becomes of a file that is copied in fragments from
// an MP4 or a QuickTime movie of size bytes, or a little less: what counts are
// the tables of samples, and those are about the movie's own. tracks are the
// numbers of those that are copied, the pictures first. A movie may lie or be
// odd, and then Stream says that its Header does not fit. encoded is how many
// samples a track has that is not copied, 0 where there is none.
func Room(r io.ReaderAt, size, encoded int64, tracks ...int) (int64, error) {
	moov, err := indexIn(r, size)
	if err != nil {
		return 0, err
	}
	var all [][]byte
	for _, c := range moov {
		switch c.kind {
		case "mvex":
			return 0, errUnknown
		case "trak":
			all = append(all, c.data)
		}
	}
	room, fragments := int64(spare), int64(0)
	const each = 8 + 12 // a fragment's place, and how many samples are there
	for i, number := range tracks {
		if number < 0 || number >= len(all) {
			return 0, fmt.Errorf("there is no track %d", number)
		}
		n, keys, err := tableRoom(all[number])
		if err != nil {
			return 0, fmt.Errorf("track %d: %w", number, err)
		}
		if i == 0 {
			fragments = keys
		}
		room += n + fragments*each
	}
	if encoded > 0 {
		room += 4*encoded + fragments*each
	}
	return room, nil
}

// maxBoxes is how many boxes may lie before the index.
const maxBoxes = 10_000

func indexIn(r io.ReaderAt, size int64) ([]child, error) {
	at := int64(0)
	for range maxBoxes {
		b, err := nextBox(r, at, size)
		if err != nil {
			return nil, err
		}
		if b.kind == "moov" {
			moov, err := content(r, b)
			if err != nil {
				return nil, err
			}
			return children(moov)
		}
		at = b.end()
	}
	return nil, fmt.Errorf("there is no moov in the first %d boxes", maxBoxes)
}

// tableRoom is what one track's description and table take without the places of
// its samples, and with how many of them a fragment begins.
func tableRoom(trak []byte) (room, keys int64, err error) {
	stbl, err := find(trak, "mdia", "minf", "stbl")
	if err != nil {
		return 0, 0, err
	}
	list, err := children(stbl)
	if err != nil {
		return 0, 0, err
	}
	samples := int64(0)
	keys = -1
	for _, c := range list {
		r := &reader{data: c.data}
		r.full()
		switch c.kind {
		case "stsd":
			room += int64(len(c.data))
		case "stts", "ctts":
			room += 8 * min(int64(r.u32()), int64(len(c.data))/8)
		case "stss":
			keys = min(int64(r.u32()), int64(len(c.data))/4)
		case "stsz", "stz2":
			r.u32() // the size of all, or of the numbers
			samples = int64(binary.BigEndian.Uint32(r.take(4)))
		}
		if r.short {
			return 0, 0, errShort
		}
	}
	if samples == 0 {
		return 0, 0, errUnknown
	}
	room += 4 * samples
	if keys < 0 {
		return room, samples, nil // none is named where each is one
	}
	return room + 4*keys, keys, nil
}
