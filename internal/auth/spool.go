package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"magpie/internal/media"
)

// spoolMemory is how much of a body is kept in memory; what is longer goes to
// a file.
const spoolMemory = 64 << 10

// spoolLook is how many bytes are written between two looks at the disk's room.
const spoolLook = 16 << 20

// spool keeps the bytes of one request's body until they were read twice: once
// for the signature, once by who answers. Its file has no name, so that nothing
// is left of it, whatever happens.
type spool struct {
	folder  string
	limit   int64 // bytes it may hold
	reserve int64 // bytes of the folder's disk that it leaves free

	memory []byte
	file   *os.File
	size   int64
	failed error // why it took no more
}

// Write keeps p or, once the limit is passed or the disk is full, refuses with
// a *media.Error.
func (s *spool) Write(p []byte) (int, error) {
	if s.failed == nil {
		s.failed = s.keep(p)
	}
	if s.failed != nil {
		return 0, s.failed
	}
	return len(p), nil
}

func (s *spool) keep(p []byte) error {
	before := s.size
	s.size += int64(len(p))
	if s.size > s.limit {
		return media.Errorf(media.CodeTooLarge, "A signed form may have %d bytes; this one has more. Multipart has no such limit, since its body is not signed.", s.limit)
	}
	if s.file == nil && s.size <= spoolMemory {
		s.memory = append(s.memory, p...)
		return nil
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	if before/spoolLook != s.size/spoolLook {
		if err := s.room(); err != nil {
			return err
		}
	}
	_, err := s.file.Write(p)
	return spoolError(err)
}

// open makes the file and moves what is in memory there.
func (s *spool) open() error {
	if err := s.room(); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.folder, "form-*")
	if err != nil {
		return spoolError(err)
	}
	s.file = f
	if err := os.Remove(f.Name()); err != nil {
		return spoolError(err)
	}
	_, err = f.Write(s.memory)
	s.memory = nil
	return spoolError(err)
}

// room refuses to go on where it would eat what uploads leave free.
func (s *spool) room() error {
	var st syscall.Statfs_t
	if err := syscall.Statfs(s.folder, &st); err != nil {
		return spoolError(err)
	}
	if st.Blocks > 0 && int64(st.Bavail)*st.Bsize < s.reserve { // a tmpfs without a limit has no blocks
		return spoolError(syscall.ENOSPC)
	}
	return nil
}

func spoolError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return &media.Error{Code: media.CodeFull, Detail: "The server has no room for this upload now; try again later.", Cause: err}
	}
	return fmt.Errorf("keep a signed form: %w", err)
}

// bytes gives what was kept. It is good until close.
func (s *spool) bytes() io.ReaderAt {
	if s.file != nil {
		return s.file
	}
	return bytes.NewReader(s.memory)
}

// body gives what was kept as a request's body. Closing it leaves the spool
// open.
func (s *spool) body() io.ReadCloser { return io.NopCloser(io.NewSectionReader(s.bytes(), 0, s.size)) }

// close lets go of what was kept. It may be called twice.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // it has no name: nothing can be lost
	}
	s.memory = nil
}
