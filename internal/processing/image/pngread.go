package image

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	std "image"
	"io"
)

// plainPNGMost is how many bytes of pixels are read here at most: where that fails,
// image/png reads them once more, and the first ones are a part of the workspace.
const plainPNGMost = workspace / 4

// pngMemory is what reading and copying PNGs take, which is more than most PNGs.
type pngMemory struct {
	r     *bufio.Reader
	w     *bufio.Writer
	z     io.ReadCloser // nil before the first
	piece [pngPiece]byte
}

func newPNGMemory() *pngMemory {
	return &pngMemory{r: bufio.NewReaderSize(nil, 64<<10), w: bufio.NewWriterSize(nil, 32<<10)}
}

// inflate gives what is compressed in chunks.
func (m *pngMemory) inflate(in *idats) (io.Reader, error) {
	var err error
	if m.z == nil {
		m.z, err = zlib.NewReader(in)
	} else {
		err = m.z.(zlib.Resetter).Reset(in, nil)
	}
	return m.z, err
}

// errNotPlain says that a PNG is for image/png, and errPNGSum that a sum is wrong.
var (
	errNotPlain = errors.New("not a plain PNG")
	errPNGSum   = errors.New("wrong sum of a PNG's chunk")
)

// readPlainPNG reads the pixels of a small PNG with eight bits a channel, in grey,
// colours, or colours and opacity, that is not interlaced: faster than image/png,
// whose checks it makes too, and it tells how long they are as they stand in the
// file. An error says nothing of the file but that image/png should look.
func readPlainPNG(src *source, head pngHead, w, h int) (img std.Image, compressed int64, err error) {
	var channels int
	switch head.colourType {
	case 0:
		channels = 1
	case 2:
		channels = 3
	case 6:
		channels = 4
	default:
		return nil, 0, errNotPlain
	}
	if head.depth != 8 || head.interlaced || 4*area(w, h) > plainPNGMost {
		return nil, 0, errNotPlain
	}
	m := src.pools.png()
	defer src.pools.donePNG(m)
	m.r.Reset(src.all())
	if _, err := m.r.Discard(pngHeaderSize); err != nil {
		return nil, 0, err
	}
	n, err := m.skipTo("IDAT")
	if err != nil {
		return nil, 0, err
	}
	in := newIDATs(m.r, n, m.piece[:], nil)
	pixels, err := m.inflate(in)
	if err != nil {
		return nil, 0, err
	}
	img, err = readPNGRows(pixels, src, w, h, channels)
	if err != nil {
		return nil, 0, err
	}
	var more [1]byte
	if _, err := io.ReadFull(pixels, more[:]); err != io.EOF { // its own sum is right too
		return nil, 0, errNotPlain
	}
	if err := in.end(); err != nil {
		return nil, 0, err
	}
	_, err = m.skipTo("IEND")
	return img, in.read, err
}

// skipTo reads chunks up to the header of one, or up to the end of an empty one, and
// gives its length. It stops at any that says something of the pixels.
func (m *pngMemory) skipTo(kind string) (int64, error) {
	for {
		var b [8]byte
		if _, err := io.ReadFull(m.r, b[:]); err != nil {
			return 0, err
		}
		n := int64(binary.BigEndian.Uint32(b[:]))
		got := string(b[4:])
		switch {
		case n > 1<<31-1:
			return 0, errNotPlain
		case got == kind && kind == "IDAT":
			return n, nil
		case got == kind && n == 0:
		case got == "IHDR", got == "PLTE", got == "tRNS", got == "IDAT", got == "IEND":
			return 0, errNotPlain
		}
		sum := crc32.ChecksumIEEE(b[4:])
		for n > 0 {
			data := m.piece[:min(n, pngPiece)]
			if _, err := io.ReadFull(m.r, data); err != nil {
				return 0, err
			}
			sum = crc32.Update(sum, crc32.IEEETable, data)
			n -= int64(len(data))
		}
		if err := checkPNGSum(m.r, sum); err != nil {
			return 0, err
		}
		if got == kind {
			return 0, nil
		}
	}
}

func checkPNGSum(r io.Reader, sum uint32) error {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(b[:]) != sum {
		return errPNGSum
	}
	return nil
}

// readPNGRows reads a picture of 1, 3 or 4 channels into what image/png makes of it.
// Its memory is the source's.
func readPNGRows(r io.Reader, src *source, w, h, channels int) (std.Image, error) {
	bytes := 4
	if channels == 1 {
		bytes = 1
	}
	stride, frame := bytes*w, std.Rect(0, 0, w, h)
	pix := src.pools.pixelsOf(src, stride*h)
	var img std.Image
	switch channels {
	case 1:
		img = &std.Gray{Pix: pix, Stride: stride, Rect: frame}
	case 3:
		img = &std.RGBA{Pix: pix, Stride: stride, Rect: frame}
	default:
		img = &std.NRGBA{Pix: pix, Stride: stride, Rect: frame}
	}
	n := w * channels
	// Before each row stands its filter; behind it is room to read a word.
	row, above := make([]byte, 1+n+1), make([]byte, 1+n+1)
	for range h {
		if _, err := io.ReadFull(r, row[:1+n]); err != nil {
			return nil, err
		}
		samples := row[1:][:n]
		if !unfilter(row[0], samples, above[1:][:n], channels) {
			return nil, errNotPlain
		}
		if channels == 3 {
			for x := range w {
				binary.LittleEndian.PutUint32(pix[4*x:], binary.LittleEndian.Uint32(row[1+3*x:])|0xff000000)
			}
			pix = pix[4*w:]
		} else {
			copy(pix, samples)
			pix = pix[n:]
		}
		row, above = above, row
	}
	return img, nil
}

// unfilter gives a row its samples back (ISO/IEC 15948, 9.2). It reports false for
// a filter that there isn't.
func unfilter(filter byte, row, above []byte, channels int) bool {
	above = above[:len(row)]
	first := min(channels, len(row)) // of a row, which have nothing on their left
	right, left := row[first:], row[:len(row)-first]
	up, corner := above[first:][:len(left)], above[:len(left)]
	right = right[:len(left)]
	switch filter {
	case 0:
	case 1:
		for i, v := range left {
			right[i] += v
		}
	case 2:
		for i, v := range above {
			row[i] += v
		}
	case 3:
		for i, v := range above[:first] {
			row[i] += v / 2
		}
		for i, v := range left {
			right[i] += byte((uint(v) + uint(up[i])) / 2)
		}
	case 4:
		for i, v := range above[:first] {
			row[i] += v
		}
		for i, v := range left {
			right[i] += paeth(int(v), int(up[i]), int(corner[i]))
		}
	default:
		return false
	}
	return true
}

// paeth is Paeth's predictor: of left, above and above left, the nearest to what
// they predict together.
func paeth(a, b, c int) byte {
	pa, pb, pc := b-c, a-c, a+b-2*c
	pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
	// Without branches, since what is near is hard to foretell.
	nearest := c
	if pb <= pc {
		nearest = b
	}
	if pa <= min(pb, pc) {
		nearest = a
	}
	return byte(nearest)
}
