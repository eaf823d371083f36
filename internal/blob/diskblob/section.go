package diskblob

import (
	"encoding/binary"
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
	done  func() // not nil: called once it is closed
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
			sent, err := unix.Sendfile(int(fd), from, &s.off, int(n-total))
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
		if s.done != nil {
			s.done()
		}
	}
	return nil
}

// inPack opens a blob in a pack at off, of which it has been told that it is read.
func (d *Driver) inPack(at packed, off int64) (io.ReadCloser, error) {
	f, asOf := d.files.take(at.pack.path)
	if f == nil {
		file, err := openRegular(at.pack.path)
		if err != nil {
			d.doneWith(at)
			return nil, err
		}
		f = d.files.keep(at.pack.path, file, asOf)
	}
	s := &section{files: d.files, file: f, off: at.data + off, end: at.data + at.size, done: func() { d.doneWith(at) }}
	if !d.readOnly {
		return s, nil
	}
	w := &watched{section: s, at: at}
	if err := w.stands(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// doneWith ends the reading of a blob in a pack. If it was deleted meanwhile, its room
// is given back now.
func (d *Driver) doneWith(at packed) {
	if old := d.packs.readings.end(at); old != nil {
		_ = erase(*old) // it is marked
	}
}

// watched reads a blob in a pack that another process may delete meanwhile, which ends
// it: the record's header goes before its bytes do.
type watched struct {
	section *section
	at      packed
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.section.Read(p)
	if e := w.stands(); e != nil {
		return 0, e
	}
	return n, err
}

// stands is fs.ErrNotExist where the blob was deleted.
func (w *watched) stands() error {
	if w.section.file == nil {
		return fs.ErrClosed
	}
	var magic [4]byte
	if _, err := w.section.file.ReadAt(magic[:], w.at.at); err != nil && err != io.EOF {
		return err
	}
	if binary.LittleEndian.Uint32(magic[:]) != w.at.pack.format.live() {
		return notABlob("read", w.at.pack.path)
	}
	return nil
}

// Close implements io.Closer. It may be called twice.
func (w *watched) Close() error { return w.section.Close() }

// stands is fs.ErrNotExist where another process has deleted a blob in a pack since it
// was found.
func (d *Driver) stands(at packed) error {
	if !d.readOnly {
		return nil
	}
	d.packs.readings.begin(at)
	r, err := d.inPack(at, 0)
	if err == nil {
		err = r.Close()
	}
	return err
}
