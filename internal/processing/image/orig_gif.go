package image

import (
	"bufio"
	"compress/lzw"
	"io"
)

// What a GIF may have that is copied: pictures, and pixels in all of them. What
// goes beyond is left out.
const (
	maxGIFPictures = 3000
	maxGIFPixels   = 400_000_000
)

// copyGIF writes a GIF again: the screen, its colours, how often it repeats, and
// every picture, up to the first that can't be decoded or is one too many.
// Comments, texts and the data of applications stay behind, and so does what
// follows the end.
func copyGIF(w io.Writer, src *source) error {
	c := &gifCopy{src: src, r: &placed{r: bufio.NewReaderSize(src.all(), 64<<10)}, w: bufio.NewWriterSize(w, 32<<10)}
	screen := make([]byte, 13)
	if _, err := io.ReadFull(c.r, screen); err != nil {
		return explain("GIF", err)
	}
	colours, err := c.colours(screen[10])
	if err != nil {
		return explain("GIF", err)
	}
	c.width, c.height = int(screen[6])|int(screen[7])<<8, int(screen[8])|int(screen[9])<<8
	_, _ = c.w.Write(append(screen, colours...)) // its errors come back from Flush
	for c.pictures < maxGIFPictures && c.pixels < maxGIFPixels {
		more, err := c.block()
		if src.fault != nil {
			return src.fault
		}
		if err != nil && c.pictures == 0 {
			return explain("GIF", err)
		}
		if err != nil || !more {
			break
		}
	}
	if err := src.ctx.Err(); err != nil {
		return err
	}
	if c.pictures == 0 {
		return damaged("the GIF holds no picture")
	}
	_ = c.w.WriteByte(0x3b)
	return c.w.Flush()
}

type gifCopy struct {
	src           *source
	r             *placed
	w             *bufio.Writer
	width, height int
	pictures      int
	pixels        int64
	control       []byte // the block that says how the next picture is shown
	looped        bool
}

// colours reads the table that the flags announce, if they do.
func (c *gifCopy) colours(flags byte) ([]byte, error) {
	if flags&0x80 == 0 {
		return nil, nil
	}
	table := make([]byte, 3<<(flags&7+1))
	_, err := io.ReadFull(c.r, table)
	return table, err
}

// block copies one block, and reports whether there may be more.
func (c *gifCopy) block() (bool, error) {
	kind, err := c.r.ReadByte()
	if err != nil {
		return false, err
	}
	switch kind {
	case '!':
		return true, c.extension()
	case ',':
		return true, c.picture()
	}
	return false, nil // the trailer, or nothing that a GIF has
}

func (c *gifCopy) extension() error {
	label, err := c.r.ReadByte()
	if err != nil {
		return err
	}
	data, err := c.extensionData()
	if err != nil {
		return err
	}
	const graphicControl, application = 0xf9, 0xff
	switch {
	case label == graphicControl && len(data) == 1 && len(data[0]) == 4:
		c.control = append([]byte{'!', graphicControl, 4}, append(data[0], 0)...)
	case label == application && len(data) == 2 && !c.looped && len(data[1]) == 3 && data[1][0] == 1 &&
		(string(data[0]) == "NETSCAPE2.0" || string(data[0]) == "ANIMEXTS1.0"):
		c.looped = true
		_, _ = c.w.WriteString("!\xff\x0bNETSCAPE2.0\x03")
		_, _ = c.w.Write(append(data[1], 0))
	}
	return nil
}

// extensionData reads sub-blocks to their end, and keeps the first three.
func (c *gifCopy) extensionData() ([][]byte, error) {
	var out [][]byte
	for {
		n, err := c.r.ReadByte()
		if err != nil || n == 0 {
			return out, err
		}
		b := make([]byte, n)
		if _, err := io.ReadFull(c.r, b); err != nil {
			return nil, err
		}
		if len(out) < 3 {
			out = append(out, b)
		}
	}
}

// picture copies one picture, once it is decoded to its last pixel.
func (c *gifCopy) picture() error {
	if err := c.src.ctx.Err(); err != nil {
		return err
	}
	place := make([]byte, 9)
	if _, err := io.ReadFull(c.r, place); err != nil {
		return err
	}
	at := func(i int) int { return int(place[i]) | int(place[i+1])<<8 }
	if at(0)+at(4) > c.width || at(2)+at(6) > c.height {
		return damaged("a picture of the GIF does not fit its screen")
	}
	colours, err := c.colours(place[8])
	if err != nil {
		return err
	}
	codeSize, err := c.r.ReadByte()
	if err != nil {
		return err
	}
	if codeSize < 2 || codeSize > 8 {
		return damaged("a picture of the GIF has codes of %d bits", codeSize)
	}
	began := c.r.at
	data := &subBlocks{r: c.r}
	if err := inflateGIF(data, int(codeSize), area(at(4), at(6))); err != nil {
		return err
	}
	coded := data.taken
	if _, err := io.Copy(io.Discard, data); err != nil {
		return err
	}
	c.pictures++
	c.pixels += area(at(4), at(6))
	_, _ = c.w.Write(c.control)
	c.control = nil
	_ = c.w.WriteByte(',')
	_, _ = c.w.Write(append(append(place, colours...), codeSize))
	again := &subBlocks{r: &placed{r: bufio.NewReaderSize(c.src.section(began, c.r.at-began), 32<<10)}}
	if _, err := io.CopyBuffer(blockWriter{c.w}, io.LimitReader(again, coded), make([]byte, 255*64)); err != nil {
		return err
	}
	return c.w.WriteByte(0)
}

// inflateGIF decodes exactly so many pixels. The end code behind them may be
// missing, as it is in the files of a common library.
func inflateGIF(r io.Reader, codeSize int, pixels int64) error {
	z := lzw.NewReader(r, lzw.LSB, codeSize)
	defer z.Close()
	if n, err := io.Copy(io.Discard, io.LimitReader(z, pixels)); err != nil || n < pixels {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	var more [1]byte
	if n, err := z.Read(more[:]); n > 0 || err != io.EOF && err != io.ErrUnexpectedEOF {
		return damaged("a picture of the GIF has more pixels than it says")
	}
	return nil
}

// placed reads a file and knows how far it is.
type placed struct {
	r  *bufio.Reader
	at int64
}

func (p *placed) ReadByte() (byte, error) {
	b, err := p.r.ReadByte()
	if err == nil {
		p.at++
	}
	return b, err
}

func (p *placed) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.at += int64(n)
	return n, err
}

// subBlocks reads the data of a picture out of the blocks that it comes in, no
// byte more than it is asked for, and counts them.
type subBlocks struct {
	r     *placed
	left  int
	ended bool
	taken int64
}

// ReadByte makes the decoder read bytes one by one.
func (s *subBlocks) ReadByte() (byte, error) {
	if err := s.next(); err != nil {
		return 0, err
	}
	b, err := s.r.ReadByte()
	if err == nil {
		s.left--
		s.taken++
	}
	return b, err
}

func (s *subBlocks) Read(p []byte) (int, error) {
	if err := s.next(); err != nil {
		return 0, err
	}
	n, err := s.r.Read(p[:min(len(p), s.left)])
	s.left -= n
	s.taken += int64(n)
	return n, err
}

// next goes on to the next block, if the one at hand is used up.
func (s *subBlocks) next() error {
	for s.left == 0 {
		if s.ended {
			return io.EOF
		}
		n, err := s.r.ReadByte()
		if err != nil {
			return err
		}
		s.left, s.ended = int(n), n == 0
	}
	return nil
}

// blockWriter frames data as sub-blocks.
type blockWriter struct{ w *bufio.Writer }

func (b blockWriter) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(255, len(rest))
		_ = b.w.WriteByte(byte(n))
		if _, err := b.w.Write(rest[:n]); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), nil
}
