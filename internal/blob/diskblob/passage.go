package diskblob

import (
	"errors"
	"hash/crc32"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// passage is what reading through a pack found.
type passage struct {
	records  []record // in order
	torn     []record // those that keepWhole took out
	settled  int64    // as far as it was on stable storage when the last was written
	foreign  bool     // there is a record of another place, as in a file that was moved by hand
	unread   bool     // there are bytes that are no record's
	unreadAt int64    // the first of them
}

// failuresMost is at how many places a disk may fail to give back a header of one pack,
// each of which may take it long, before no more is read of it.
const failuresMost = 16

// hop reads headers from at on, up to end. Where there is none, the next is looked for,
// which in a pack of the old kind could be bytes of a blob: there that is the end. So it is
// where the disk can't give one back, and then there is an error besides what was found.
func hop(f io.ReaderAt, at, end int64, format format, s shelf) (got passage, failed error) {
	got.settled = at
	buf := make([]byte, recordMost)
	failures := 0
	half := false // behind a header that was erased, of a record of which the rest was not
	for at < end {
		n, err := f.ReadAt(buf[:min(recordMost, end-at)], at)
		if err != nil && err != io.EOF {
			if failed == nil {
				failed = err
			}
			if failures++; failures == failuresMost || format.old || !errors.Is(err, unix.EIO) {
				break
			}
			at += recordAlign
			continue
		}
		r, ok := format.read(buf[:n], at)
		here := ok && s.holds(r.key)
		if here && r.data()+r.size <= end {
			got.records = append(got.records, r)
			got.settled = max(got.settled, r.settled)
			at, half = r.next(), false
			continue
		}
		got.foreign = got.foreign || ok && !here
		zero := isZero(buf[:n])
		half = half && !format.resembles(buf[:n])
		if !got.unread && !half && (!zero || format.old) {
			got.unread, got.unreadAt = true, at
		}
		if format.old {
			break
		}
		if file, ok := f.(*os.File); ok && zero {
			if data := nextData(file, at, end); data > at {
				half = data == at+recordAlign
				at = data
				continue
			}
		}
		at += recordAlign
	}
	return got, failed
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// nextData is the first place, from at on, where a record can begin that is not in a
// hole.
func nextData(f *os.File, at, end int64) int64 {
	to := at
	err := retry(func() (err error) {
		to, err = unix.Seek(int(f.Fd()), at, unix.SEEK_DATA)
		return err
	})
	switch {
	case err == unix.ENXIO:
		return end
	case err != nil:
		return at // not on this filesystem
	}
	return max(at, to&^(recordAlign-1))
}

// keepWhole takes out the records that came to the pack behind what was settled, and of
// which not all did. In a pack of the old kind all behind such a one are not taken either.
func (g *passage) keepWhole(f io.ReaderAt, settled int64, old bool) error {
	kept := g.records[:0:0]
	for i, r := range g.records {
		if r.next() > settled {
			sum := crc32.New(castagnoli)
			n, err := io.Copy(sum, io.NewSectionReader(f, r.data(), r.size))
			if err != nil {
				return err
			}
			if n < r.size || !r.dead && sum.Sum32() != r.crc {
				if old {
					g.records = kept
					return nil
				}
				g.torn = append(g.torn, g.records[i])
				continue
			}
		}
		kept = append(kept, r)
	}
	g.records = kept
	return nil
}
