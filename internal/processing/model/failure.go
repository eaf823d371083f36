package model

import (
	"fmt"
	"io"

	"magpie/internal/media"
)

// broken says what in a file is not as its format has it, and where.
func broken(format string, args ...any) error {
	return media.NewFailure(media.InvalidMedia, fmt.Sprintf("The model is damaged: "+format+".", args...))
}

// refused says what in a file may be sound and is not taken here.
func refused(format string, args ...any) error {
	return media.NewFailure(media.UnsupportedMedia, fmt.Sprintf(format, args...)+".")
}

// source reads an original. A stretch that lies outside it is the file's fault;
// what the store fails to give is not.
type source struct {
	r    io.ReaderAt
	size int64
}

// bytes reads n bytes at off, which the caller bounds. what names them, if they
// are not all there.
func (s source) bytes(off, n int64, what string) ([]byte, error) {
	if off < 0 || n < 0 || n > s.size-off {
		return nil, broken("%s would be %d bytes at %d, and the file has %d", what, n, off, s.size)
	}
	b := make([]byte, n)
	if got, err := s.r.ReadAt(b, off); int64(got) < n {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF // the store holds less than it says
		}
		return nil, fmt.Errorf("read original at %d: %w", off, err)
	}
	return b, nil
}

// section reads n bytes from off on, for a stretch that was checked.
func (s source) section(off, n int64) io.Reader { return io.NewSectionReader(s.r, off, n) }

// quoted shows a name out of a file.
func quoted(name string) string { return fmt.Sprintf("%q", shortened(name)) }

// shortened is no more of a name than a message can bear.
func shortened(name string) string {
	const most = 60
	if len(name) > most {
		return name[:most] + "…"
	}
	return name
}
