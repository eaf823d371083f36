package client

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// Memory is a folder with a file for each upload that is not finished, so that
// it can be gone on with. The file is named after the server and the path, and
// locked while a process uploads. Its first line is what is known; each further
// line is the index of a segment that a server acknowledged, where the server
// can't be asked for that.
type Memory struct {
	folder string
	now    func() time.Time
}

// NewMemory uses a folder, which is made where it is missing, and removes what
// is in it of uploads that have expired.
func NewMemory(folder string, now func() time.Time) (*Memory, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	m := &Memory{folder, now}
	names, err := filepath.Glob(filepath.Join(folder, "*.upload"))
	for _, name := range names {
		if e, err := openEntry(name); err == nil {
			if e.known != nil && !now().Before(e.known.ExpiresAt) {
				e.forget()
			}
			e.close()
		}
	}
	return m, err
}

// record is what is known of an upload.
type record struct {
	Server    string    `json:"server"`
	Path      string    `json:"path"`
	File      identity  `json:"file"`
	ID        string    `json:"media_id"`
	Key       string    `json:"media_key,omitempty"` // once it is finalized
	Processed bool      `json:"processed,omitempty"` // finalize said that there is processing to wait for
	Step      int64     `json:"segment_bytes"`
	ExpiresAt time.Time `json:"expires_at"`
}

// errBusy is an upload that another process is about.
var errBusy = errors.New("another magpie is uploading this file to this server now; --no-resume uploads it a second time")

// entry is one upload's file. The zero value remembers nothing.
type entry struct {
	f     *os.File
	known *record      // nil: nothing is known
	acked map[int]bool // by index
}

// entry opens what is remembered of a file's upload to a server. Close it.
func (m *Memory) entry(server, path string) (*entry, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(server + "\n" + path))
	return openEntry(filepath.Join(m.folder, hex.EncodeToString(sum[:16])+".upload"))
}

// openEntry opens and locks a file. One that was removed before it was locked
// is nobody's any more, so it is opened again.
func openEntry(name string) (*entry, error) {
	for {
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, syscall.EWOULDBLOCK) {
				return nil, errBusy
			}
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		mine, err1 := f.Stat()
		there, err2 := os.Stat(name)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			e := &entry{f: f, acked: map[int]bool{}}
			e.read()
			return e, nil
		}
		f.Close()
		if err := errors.Join(err1, err2); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
}

// read takes what the file says. What a crash left unreadable is not known.
func (e *entry) read() {
	lines := bufio.NewReader(io.LimitReader(e.f, 1<<20))
	first, err := lines.ReadBytes('\n')
	var r record
	if err != nil || json.Unmarshal(first, &r) != nil || r.ID == "" || r.Step <= 0 {
		return
	}
	e.known = &r
	whole := int64(len(first))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			_, _ = e.f.Seek(whole, io.SeekStart) // over a line that was cut off: it must not go on as another
			return
		}
		whole += int64(len(line))
		if n, err := strconv.Atoi(line[:len(line)-1]); err == nil {
			e.acked[n] = true
		}
	}
}

// keep writes down what is known now, on stable storage, before it returns.
func (e *entry) keep(r record) error {
	e.known = &r
	if e.f == nil {
		return nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	b = append(b, '\n')
	for n := range e.acked {
		b = fmt.Appendln(b, n)
	}
	if err := e.f.Truncate(0); err != nil {
		return err
	}
	if _, err := e.f.WriteAt(b, 0); err != nil {
		return fmt.Errorf("remember the upload: %w", err)
	}
	_, err = e.f.Seek(0, io.SeekEnd)
	return errors.Join(err, e.f.Sync())
}

// ack writes down that a segment was acknowledged. A crash may lose it; then the
// segment is sent again. It is called by one goroutine at a time.
func (e *entry) ack(index int) error {
	e.acked[index] = true
	if e.f == nil {
		return nil
	}
	_, err := fmt.Fprintln(e.f, index)
	return err
}

// forget knows nothing any more: there is nothing to go on with.
func (e *entry) forget() { e.known, e.acked = nil, map[int]bool{} }

// close ends the lock, and removes a file with nothing to know in it.
func (e *entry) close() {
	if e.f == nil {
		return
	}
	if e.known == nil {
		_ = os.Remove(e.f.Name()) // while it is locked: see openEntry
	}
	e.f.Close()
}
