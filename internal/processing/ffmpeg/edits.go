package ffmpeg

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"magpie/internal/media"
)

// maxEdits is how many entries an edit list may have. Cameras write one or two,
// and editors some for each cut. ffmpeg lays a list out over the pictures before
// it decodes the first, which takes minutes for a million.
const maxEdits = 10_000

// maxBoxes is how many boxes are looked at. In front of an index, and in it,
// there are some dozens.
const maxBoxes = 10_000

// checkEdits refuses an MP4 or QuickTime movie with a longer list of edits. What
// cannot be read is left to the probe.
func checkEdits(r io.ReaderAt, size int64) error {
	w := boxWalk{r: r}
	err := w.walk(0, size, "moov")
	if errors.Is(err, io.EOF) || errors.Is(err, errFound) {
		return nil
	}
	return err
}

// errFound ends a walk after the first index, which is the one that counts.
var errFound = errors.New("index found")

type boxWalk struct {
	r    io.ReaderAt
	seen int
}

// inside says which boxes lie on the way to an edit list.
var inside = map[string]string{"moov": "trak", "trak": "edts", "edts": "elst"}

// walk looks at the boxes of a range for those of a kind, and into them. A box
// that is cut short, or of no possible size, ends its range.
func (w *boxWalk) walk(from, to int64, kind string) error {
	for to-from >= 8 {
		if w.seen++; w.seen > maxBoxes {
			return media.NewFailure(media.InvalidMedia,
				fmt.Sprintf("The file's index is not within its first %d parts.", maxBoxes))
		}
		var h [16]byte
		n, err := w.r.ReadAt(h[:min(16, to-from)], from)
		if n < 8 {
			return err
		}
		head, size := int64(8), int64(binary.BigEndian.Uint32(h[:]))
		switch size {
		case 0:
			size = to - from
		case 1:
			head, size = 16, int64(binary.BigEndian.Uint64(h[8:]))
		}
		if size < head {
			return nil
		}
		end := to
		if size < to-from {
			end = from + size
		}
		if string(h[4:8]) == kind {
			if err := w.into(kind, from+head, end); err != nil {
				return err
			}
		}
		from = end
	}
	return nil
}

func (w *boxWalk) into(kind string, from, to int64) error {
	if next := inside[kind]; next != "" {
		if err := w.walk(from, to, next); err != nil || kind != "moov" {
			return err
		}
		return errFound
	}
	var h [8]byte // version, flags, number of entries
	if n, err := w.r.ReadAt(h[:], from); n < len(h) {
		return err
	}
	count := int64(binary.BigEndian.Uint32(h[4:]))
	// An entry takes 12 bytes or 20; what is only claimed costs nothing.
	if count = min(count, (to-from)/12); count > maxEdits {
		return media.NewFailure(media.UnsupportedMedia,
			fmt.Sprintf("The file has a list of %d edits; %d are the most that are taken.", count, maxEdits))
	}
	return nil
}
