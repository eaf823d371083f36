package image

import (
	"bufio"
	"compress/zlib"
	"encoding/binary"
	"io"
	"sync"
)

// pngKept gives the lengths that a chunk beside the pixels may have, for those
// that change how they look: colours, transparency, and the shape of a pixel.
func pngKept(kind string) (least, most int) {
	switch kind {
	case "PLTE":
		return 3, 768
	case "tRNS":
		return 1, 256
	case "gAMA", "cICP":
		return 4, 4
	case "cHRM":
		return 32, 32
	case "sRGB":
		return 1, 1
	case "sBIT":
		return 1, 4
	case "pHYs":
		return 9, 9
	case "mDCV":
		return 24, 24
	case "cLLI":
		return 8, 8
	}
	return 1, 0
}

// pngCopier is the memory that copying a PNG takes, which is more than most PNGs.
type pngCopier struct {
	b     *bufio.Writer
	r     *bufio.Reader
	z     io.ReadCloser // nil before the first
	piece [pngPiece]byte
}

var pngCopiers = sync.Pool{New: func() any {
	return &pngCopier{b: bufio.NewWriterSize(nil, 32<<10), r: bufio.NewReaderSize(nil, 64<<10)}
}}

// copyPNG writes a PNG again that was decoded to its end: header, colours and
// pixels. Texts, times, EXIF, further pictures of an animation and unknown
// chunks stay behind, and so does what follows the pixels' own end.
func copyPNG(w io.Writer, src *source, head pngHead) error {
	c := pngCopiers.Get().(*pngCopier)
	defer func() {
		c.r.Reset(nil) // what is not referred to can go
		c.b.Reset(nil)
		pngCopiers.Put(c)
	}()
	c.b.Reset(w)
	c.r.Reset(src.all())
	b, r := c.b, c.r
	start := make([]byte, pngHeaderSize)
	if _, err := io.ReadFull(r, start); err != nil {
		return explain("PNG", err)
	}
	_, _ = b.Write(start[:8]) // its errors come back from Flush
	_, _ = b.Write(pngChunk("IHDR", start[16:29]))
	space := spaceRGB
	if head.colourType == 0 || head.colourType == 4 {
		space = spaceGrey
	}
	profile := profileFor(pngProfile(head.profile), space)
	if profile != nil {
		_, _ = b.Write(pngProfileChunk(profile))
	}
	seen := map[string]bool{"sRGB": profile != nil} // the two exclude each other
	for {
		var header [8]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return explain("PNG", err)
		}
		n, kind := int64(binary.BigEndian.Uint32(header[:])), string(header[4:])
		switch least, most := pngKept(kind); {
		case kind == "IDAT":
			if err := c.copyPixels(n); err != nil {
				return explain("PNG", err)
			}
			_, _ = b.Write(pngChunk("IEND", nil))
			return b.Flush()
		case kind == "IEND":
			return damaged("the PNG holds no pixels")
		case int64(least) <= n && n <= int64(most) && !seen[kind]:
			seen[kind] = true
			data := make([]byte, n)
			if _, err := io.ReadFull(r, data); err != nil {
				return explain("PNG", err)
			}
			_, _ = b.Write(pngChunk(kind, data))
			n = 0
		}
		if _, err := io.CopyN(io.Discard, r, n+4); err != nil {
			return explain("PNG", err)
		}
	}
}

// copyPixels copies the compressed pixels from behind the header of the first
// IDAT, and stops where they end, wherever their chunks do. To know, it inflates
// them once more.
func (c *pngCopier) copyPixels(n int64) error {
	in := &idats{r: c.r, left: n, out: c.piece[:0], w: c.b}
	var err error
	if c.z == nil {
		c.z, err = zlib.NewReader(in)
	} else {
		err = c.z.(zlib.Resetter).Reset(in, nil)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, c.z)
	}
	if err == nil {
		err = in.flush()
	}
	return err
}

// pngPiece is the size of the IDAT chunks that are written.
const pngPiece = 64 << 10

// idats reads the data of IDAT chunks that follow each other, no byte more than
// it is asked for, and writes what was read as chunks of its own.
type idats struct {
	r    *bufio.Reader
	left int64 // of the chunk at hand
	out  []byte
	w    io.Writer
}

// next goes on to the next chunk, if the one at hand is used up.
func (i *idats) next() error {
	for i.left == 0 {
		var b [12]byte // a sum, and the header of the next chunk
		if _, err := io.ReadFull(i.r, b[:]); err != nil {
			return err
		}
		if string(b[8:]) != "IDAT" {
			return io.ErrUnexpectedEOF
		}
		i.left = int64(binary.BigEndian.Uint32(b[4:]))
	}
	return nil
}

func (i *idats) ReadByte() (byte, error) {
	if i.left == 0 {
		if err := i.next(); err != nil {
			return 0, err
		}
	}
	c, err := i.r.ReadByte()
	if err != nil {
		return 0, err
	}
	i.left--
	if i.out = append(i.out, c); len(i.out) == pngPiece {
		err = i.flush()
	}
	return c, err
}

func (i *idats) Read(p []byte) (int, error) {
	if err := i.next(); err != nil {
		return 0, err
	}
	p = p[:min(int64(len(p)), i.left, int64(pngPiece-len(i.out)))]
	n, err := i.r.Read(p)
	i.left -= int64(n)
	if i.out = append(i.out, p[:n]...); err == nil && len(i.out) == pngPiece {
		err = i.flush()
	}
	return n, err
}

func (i *idats) flush() error {
	if len(i.out) == 0 {
		return nil
	}
	_, err := i.w.Write(pngChunk("IDAT", i.out))
	i.out = i.out[:0]
	return err
}
