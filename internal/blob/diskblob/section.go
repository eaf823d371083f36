package diskblob

import (
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
)

// section reads a file from an offset of its own, up to its end at most; others may
// read it meanwhile.
type section struct {
	files *openFiles
	file  *openFile // nil once closed
	off   int64
	end   int64
}

var _ blob.Sender = (*section)(nil)

// Read implements io.Reader.
func (s *section) Read(p []byte) (int, error) {
	if s.file == nil {
		return 0, fs.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if s.off >= s.end {
		return 0, io.EOF
	}
	n, err := s.file.ReadAt(p[:min(int64(len(p)), s.end-s.off)], s.off)
	s.off += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// sendAtOnce is how much the kernel is asked to send in one call, during which
// nothing stops it.
const sendAtOnce = 4 << 20

// SendTo implements blob.Sender by sendfile(2).
func (s *section) SendTo(to syscall.RawConn, n int64) (int64, error) {
	if s.file == nil {
		return 0, fs.ErrClosed
	}
	n = min(n, s.end-s.off)
	var total int64
	var failed error
	from := int(s.file.Fd())
	err := to.Write(func(fd uintptr) bool {
		for total < n {
			sent, err := unix.Sendfile(int(fd), from, &s.off, int(min(n-total, sendAtOnce)))
			total += int64(max(sent, 0))
			switch {
			case err == unix.EAGAIN:
				return false
			case err == unix.EINTR:
			case err != nil:
				failed = os.NewSyscallError("sendfile", err)
				return true
			case sent == 0:
				return true // the file's end
			}
		}
		return true
	})
	if failed != nil {
		err = failed
	}
	return total, err
}

// Close implements io.Closer. It may be called twice.
func (s *section) Close() error {
	if s.file != nil {
		s.files.give(s.file)
		s.file = nil
	}
	return nil
}
