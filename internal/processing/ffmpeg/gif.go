package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"magpie/internal/media"
)

// gifInfo is what a GIF's blocks say, without any picture decoded.
type gifInfo struct {
	Width, Height int
	Frames        int
	Duration      time.Duration // one round
	LastDelay     time.Duration
}

// Delays are in hundredths of a second. Below two, all browsers take ten, and
// so do we and ffmpeg.
const (
	gifMinDelay     = 2
	gifDefaultDelay = 10
)

var errBrokenGIF = errors.New("broken GIF")

// scanGIF walks over the blocks of a GIF and counts. It reads each byte once
// at most, holds a fixed buffer, and stops as soon as a limit is passed, so that
// ten thousand frames of one pixel cost nothing. A GIF without its trailer is
// taken, because many are; one that ends within a block is not.
func scanGIF(ctx context.Context, r io.ReaderAt, size int64, l media.Limit) (gifInfo, error) {
	from := &faultReader{ctx: ctx, r: io.NewSectionReader(r, 0, size)}
	s := gifScanner{r: bufio.NewReaderSize(from, 64<<10), limit: l}
	err := s.scan()
	var f *media.Failure
	switch {
	case from.fault != nil:
		return gifInfo{}, fmt.Errorf("read GIF: %w", from.fault)
	case err == nil:
		return s.info, nil
	case errors.As(err, &f):
		return gifInfo{}, f
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return gifInfo{}, media.NewFailure(media.InvalidMedia,
			fmt.Sprintf("The GIF is cut short: it ends after %d whole frames, in the middle of a block.", s.info.Frames))
	case errors.Is(err, errBrokenGIF):
		return gifInfo{}, media.NewFailure(media.InvalidMedia,
			fmt.Sprintf("The file is not a GIF that can be read: there is something else where a block should begin, after %d frames.", s.info.Frames))
	}
	return gifInfo{}, fmt.Errorf("read GIF: %w", err)
}

// faultReader stops when ctx ends, and keeps a reader's own faults apart from
// the file's end, whatever error they look like.
type faultReader struct {
	ctx   context.Context
	r     io.Reader
	fault error
}

func (f *faultReader) Read(p []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		f.fault = err
		return 0, err
	}
	n, err := f.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		f.fault = err
	}
	return n, err
}

type gifScanner struct {
	r     *bufio.Reader
	limit media.Limit
	info  gifInfo
	delay time.Duration // of the picture that comes next
}

func (s *gifScanner) scan() error {
	var h [13]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		return err
	}
	if !bytes.HasPrefix(h[:], []byte("GIF87a")) && !bytes.HasPrefix(h[:], []byte("GIF89a")) {
		return media.NewFailure(media.InvalidMedia, "The file is not a GIF: it does not begin like one.")
	}
	s.info.Width = int(binary.LittleEndian.Uint16(h[6:]))
	s.info.Height = int(binary.LittleEndian.Uint16(h[8:]))
	if err := s.limit.CheckPixels("A video frame", s.info.Width, s.info.Height); err != nil {
		return err
	}
	if err := s.checkForm(); err != nil {
		return err
	}
	if err := s.skipColors(h[10]); err != nil {
		return err
	}
	s.delay = gifDefaultDelay * 10 * time.Millisecond
	for {
		b, err := s.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return s.end()
		}
		if err != nil {
			return err
		}
		switch b {
		case 0x21:
			err = s.extension()
		case 0x2c:
			err = s.image()
		case 0x3b:
			return s.end()
		case 0: // padding that some writers leave between blocks
		default:
			err = errBrokenGIF
		}
		if err != nil {
			return err
		}
	}
}

func (s *gifScanner) end() error {
	if s.info.Frames == 0 {
		return media.NewFailure(media.InvalidMedia, "The GIF has no frame.")
	}
	whole := s.form()
	whole.Rate = float64(s.info.Frames) / s.info.Duration.Seconds()
	return s.limit.Check(whole)
}

// extension reads a graphic control block's delay and skips all others.
func (s *gifScanner) extension() error {
	label, err := s.byte()
	if err != nil {
		return err
	}
	if label != 0xf9 {
		return s.skipBlocks()
	}
	n, err := s.byte()
	if err != nil || n == 0 {
		return err
	}
	block := make([]byte, n)
	if _, err := io.ReadFull(s.r, block); err != nil {
		return midBlock(err)
	}
	if n >= 3 {
		d := int(binary.LittleEndian.Uint16(block[1:]))
		if d < gifMinDelay {
			d = gifDefaultDelay
		}
		s.delay = time.Duration(d) * 10 * time.Millisecond
	}
	return s.skipBlocks()
}

func (s *gifScanner) image() error {
	var h [9]byte
	if _, err := io.ReadFull(s.r, h[:]); err != nil {
		return midBlock(err)
	}
	if err := s.skipColors(h[8]); err != nil {
		return err
	}
	if _, err := s.byte(); err != nil { // LZW code size
		return err
	}
	if err := s.skipBlocks(); err != nil {
		return err
	}
	s.info.Frames++
	s.info.LastDelay = s.delay
	s.info.Duration += s.delay
	s.delay = gifDefaultDelay * 10 * time.Millisecond
	return s.checkForm()
}

// checkForm holds what was read so far against the limits: of the duration only
// the upper one.
func (s *gifScanner) checkForm() error {
	limit := s.limit
	limit.MinDuration = 0
	return limit.Check(s.form())
}

func (s *gifScanner) form() media.Form {
	return media.Form{Width: s.info.Width, Height: s.info.Height, Frames: int64(s.info.Frames), Duration: s.info.Duration}
}

// skipColors skips the color table that flags announce.
func (s *gifScanner) skipColors(flags byte) error {
	if flags&0x80 == 0 {
		return nil
	}
	return s.skip(3 << (flags&7 + 1))
}

// skipBlocks skips sub-blocks up to and with the empty one that ends them.
func (s *gifScanner) skipBlocks() error {
	for {
		n, err := s.byte()
		if err != nil || n == 0 {
			return err
		}
		if err := s.skip(int(n)); err != nil {
			return err
		}
	}
}

func (s *gifScanner) skip(n int) error {
	_, err := s.r.Discard(n)
	return midBlock(err)
}

func (s *gifScanner) byte() (byte, error) {
	b, err := s.r.ReadByte()
	return b, midBlock(err)
}

// midBlock makes the file's end within a block an error of its own.
func midBlock(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
