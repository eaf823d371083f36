package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"magpie/internal/media"
)

// Source is the bytes of one upload: a file, or a stream whose length nobody
// knows before its end.
type Source struct {
	Name string // the path; "-" for a stream

	file   *os.File
	is     identity
	stream io.Reader
}

// OpenFile opens a file to be uploaded. Close it afterwards.
func OpenFile(path string) (*Source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a file", path)
	}
	s := &Source{Name: path, file: f}
	if err == nil {
		s.is, err = identify(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return s, nil
}

// Stream makes a source of what r gives until its end, or until the context
// ends. It can be sent once.
func Stream(ctx context.Context, r io.Reader) *Source {
	out, in := io.Pipe() // a terminal's Read can't be broken off
	go func() {
		_, err := io.CopyBuffer(in, struct{ io.Reader }{r}, make([]byte, 256<<10))
		in.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { in.CloseWithError(context.Cause(ctx)) })
	return &Source{Name: "-", stream: out}
}

// Spool reads a stream into a file without a name, below the folder for such
// files, so that its length is known: X wants it first.
func (s *Source) Spool() error {
	if s.stream == nil {
		return nil
	}
	f, err := os.CreateTemp("", "magpie-*")
	if err != nil {
		return err
	}
	err = os.Remove(f.Name())
	if err == nil {
		_, err = io.Copy(f, s.stream)
	}
	if err == nil {
		s.is, err = identify(f)
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("keep standard input: %w", err)
	}
	s.file, s.stream = f, nil
	return nil
}

// Close closes the file.
func (s *Source) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// Size is the number of bytes, -1 where it is not known.
func (s *Source) Size() int64 {
	if s.file == nil {
		return -1
	}
	return s.is.Size
}

// changed reports whether the file is no longer what it was.
func (s *Source) changed() (bool, error) {
	if s.file == nil {
		return false, nil
	}
	now, err := identify(s.file)
	return now != s.is, err
}

// piece is one segment to be.
type piece struct {
	index int
	size  int64
	bytes io.ReaderAt
}

func (p piece) reader() *io.SectionReader { return io.NewSectionReader(p.bytes, 0, p.size) }

// pieces cuts the source into segments of step bytes; the last is what is left.
func (s *Source) pieces(step int64) iter.Seq2[piece, error] {
	if s.file != nil {
		return func(yield func(piece, error) bool) {
			for i, from := 0, int64(0); from < s.is.Size; i, from = i+1, from+step {
				n := min(step, s.is.Size-from)
				if !yield(piece{i, n, io.NewSectionReader(s.file, from, n)}, nil) {
					return
				}
			}
		}
	}
	return func(yield func(piece, error) bool) {
		for i := 0; ; i++ {
			b := make([]byte, step)
			n, err := io.ReadFull(s.stream, b)
			if n > 0 && i == maxSegments {
				yield(piece{}, fmt.Errorf("standard input has more than %d segments of %d bytes: choose larger ones with --segment", maxSegments, step))
				return
			}
			if n > 0 && !yield(piece{i, int64(n), bytes.NewReader(b[:n])}, nil) {
				return
			}
			if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
				return
			}
			if err != nil {
				yield(piece{}, fmt.Errorf("read standard input: %w", err))
				return
			}
		}
	}
}

// TypeOf is the media type that a file's name says, "" where X has none for it.
func TypeOf(name string) media.Type {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".mp4", ".m4v":
		return media.MP4
	case ".mov":
		return media.QuickTime
	case ".webm":
		return media.WebM
	case ".ts":
		return media.MPEGTS
	case ".jpg", ".jpeg":
		return media.JPEG
	case ".png":
		return media.PNG
	case ".gif":
		return media.GIF
	case ".webp":
		return media.WebP
	case ".bmp":
		return media.BMP
	case ".tif", ".tiff":
		return media.TIFF
	case ".srt":
		return media.SRT
	case ".vtt":
		return media.VTT
	case ".glb":
		return media.GLB
	case ".usdz":
		return media.USDZ
	}
	return ""
}

// sniff is the media type that the first bytes of a file say, for servers that
// want to be told; "" where they say none.
func (s *Source) sniff() media.Type {
	b := make([]byte, 512)
	n, _ := s.file.ReadAt(b, 0)
	t, err := media.ParseType(http.DetectContentType(b[:n]))
	if err != nil {
		return ""
	}
	return t
}
