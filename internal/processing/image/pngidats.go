package image

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"io"
)

// pngPiece is the size of the IDAT chunks that are written.
const pngPiece = 64 << 10

// idats reads the data of IDAT chunks that follow each other, whose sums it checks.
// What was asked of it goes on to w, if there is one, in chunks of its own.
type idats struct {
	r     *bufio.Reader
	left  int64  // of the chunk at hand, not in buf yet
	sum   uint32 // of the chunk at hand, up to there
	buf   []byte // memory
	got   []byte // of buf: what was read last
	asked int    // of got
	read  int64  // that was asked for before
	w     io.Writer
}

// newIDATs begins behind the header of the first chunk, of so many bytes.
func newIDATs(r *bufio.Reader, left int64, buf []byte, w io.Writer) *idats {
	return &idats{r: r, left: left, sum: crc32.ChecksumIEEE([]byte("IDAT")), buf: buf, w: w}
}

// fill reads more, where all was asked for.
func (i *idats) fill() error {
	if err := i.flush(); err != nil {
		return err
	}
	n := 0
	for n < len(i.buf) {
		if i.left == 0 {
			err := i.next()
			if err != nil && n > 0 {
				break // it is told when it comes to that
			}
			if err != nil {
				return err
			}
			continue
		}
		data := i.buf[n:][:min(i.left, int64(len(i.buf)-n))]
		if _, err := io.ReadFull(i.r, data); err != nil {
			return err
		}
		i.sum = crc32.Update(i.sum, crc32.IEEETable, data)
		i.left -= int64(len(data))
		n += len(data)
	}
	i.got = i.buf[:n]
	return nil
}

// next goes on to the next chunk if it is of pixels and the sum of this one is
// right, and otherwise nowhere.
func (i *idats) next() error {
	b, err := i.r.Peek(12) // a sum, and the header of the next chunk
	if err != nil {
		return err
	}
	if string(b[8:]) != "IDAT" {
		return io.ErrUnexpectedEOF
	}
	if binary.BigEndian.Uint32(b) != i.sum {
		return errPNGSum
	}
	i.left, i.sum = int64(binary.BigEndian.Uint32(b[4:])), crc32.ChecksumIEEE(b[8:])
	_, err = i.r.Discard(12)
	return err
}

// flush passes on what was asked for.
func (i *idats) flush() error {
	data := i.got[:i.asked]
	i.read += int64(i.asked)
	i.got, i.asked = i.got[i.asked:], 0
	if i.w == nil || len(data) == 0 {
		return nil
	}
	return writePNGChunk(i.w, "IDAT", data)
}

func (i *idats) ReadByte() (byte, error) {
	if i.asked == len(i.got) {
		if err := i.fill(); err != nil {
			return 0, err
		}
	}
	c := i.got[i.asked]
	i.asked++
	return c, nil
}

func (i *idats) Read(p []byte) (int, error) {
	if i.asked == len(i.got) {
		if err := i.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, i.got[i.asked:])
	i.asked += n
	return n, nil
}

// copy asks for n bytes.
func (i *idats) copy(n int64) error {
	for n > 0 {
		if i.asked == len(i.got) {
			if err := i.fill(); err != nil {
				return err
			}
		}
		more := min(n, int64(len(i.got)-i.asked))
		i.asked += int(more)
		n -= more
	}
	return i.flush()
}

// end checks that all of the chunk at hand was asked for.
func (i *idats) end() error {
	if err := i.flush(); err != nil {
		return err
	}
	if len(i.got) > 0 || i.left > 0 {
		return errNotPlain
	}
	return checkPNGSum(i.r, i.sum)
}
