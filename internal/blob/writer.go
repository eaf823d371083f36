package blob

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"magpie/internal/media"
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errEnded   = errors.New("the writer was ended by Commit or Abort")
)

// Writer is a blob on its way in: it counts and takes the CRC-32C in the same
// pass that stores. It is used by one goroutine. Commit or Abort ends it; Abort
// after Commit does nothing, so that it can be deferred.
type Writer struct {
	store  *Store
	upload Upload
	size   int64  // without the head
	crc    uint32 // of these
	err    error  // the first failure, or errEnded

	head    int64 // bytes at the beginning that were left open
	open    bool  // and still are
	headCRC uint32
}

// Write stores p. After a Write that failed the blob cannot be committed.
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.upload.Write(p)
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	w.crc = crc32.Update(w.crc, castagnoli, p[:n])
	w.size += int64(n)
	if err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
	}
	return n, w.err
}

// ReadFrom stores everything that r yields, through one fixed buffer that is
// filled before it is written: HTTP and multipart bodies come in small pieces.
// io.Copy uses it.
func (w *Writer) ReadFrom(r io.Reader) (int64, error) {
	buf := w.store.buffers.Get().(*[bufferSize]byte)
	defer w.store.buffers.Put(buf)
	var total int64
	for {
		n, readErr := fill(r, buf[:])
		if n > 0 {
			written, err := w.Write(buf[:n])
			total += int64(written)
			if err != nil {
				return total, err
			}
		}
		if readErr == io.EOF {
			return total, nil
		}
		if readErr != nil {
			return total, readErr
		}
	}
}

// fill reads until buf is full or r ends. Unlike io.ReadFull it hands on r's
// own error, so that a body cut short (io.ErrUnexpectedEOF) is never taken for
// one that ended.
func fill(r io.Reader, buf []byte) (int, error) {
	n, idle := 0, 0
	for n < len(buf) {
		m, err := r.Read(buf[n:])
		n += m
		if err != nil {
			return n, err
		}
		if m > 0 {
			idle = 0
		} else if idle++; idle == 100 {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}

// WriteHead stores the blob's first bytes, as many as CreateHeaded left open. It
// is called once, before Commit, also while more is still to be written. After
// one that failed the blob cannot be committed.
func (w *Writer) WriteHead(p []byte) error {
	if w.err != nil {
		return w.err
	}
	switch {
	case !w.open:
		w.err = errors.New("write blob: no head is open")
	case int64(len(p)) != w.head:
		w.err = fmt.Errorf("write blob: a head of %d bytes where %d were left open", len(p), w.head)
	default:
		if err := w.upload.WriteHead(p); err != nil {
			w.err = fmt.Errorf("write blob: %w", err)
		}
	}
	if w.err != nil {
		return w.err
	}
	w.open, w.headCRC = false, crc32.Checksum(p, castagnoli)
	return nil
}

// Flush puts on stable storage what has been written, where the store can do so
// before Commit, for a caller that has something else to wait for meanwhile.
// After one that failed the blob cannot be committed.
func (w *Writer) Flush() error {
	f, ok := w.upload.(Flusher)
	if w.err != nil || !ok {
		return w.err
	}
	if err := f.Flush(); err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
	}
	return w.err
}

// Readable reports whether ReadAt can give what is written before Commit.
func (w *Writer) Readable() bool {
	_, ok := w.upload.(Readable)
	return ok && w.err == nil && !w.open
}

// ReadAt reads what was written, where it is Readable. Any number of goroutines
// may, beside Flush, but nobody while it is written to or ended.
func (w *Writer) ReadAt(p []byte, off int64) (int, error) {
	r, ok := w.upload.(Readable)
	if !ok {
		return 0, errors.New("read blob: the store can't before it is committed")
	}
	if err := checkRange(off, int64(len(p))); err != nil {
		return 0, err
	}
	n, err := r.ReadAt(p, off)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("read blob: %w", err)
	}
	return n, err
}

// Size is how long the blob is with what has been written, the head counted as
// soon as room was left for it.
func (w *Writer) Size() int64 { return w.head + w.size }

// CRC is the CRC-32C (Castagnoli) of what has been written. While a head is open
// it is that of the rest.
func (w *Writer) CRC() uint32 {
	if w.head == 0 || w.open {
		return w.crc
	}
	return joinCRC(w.headCRC, w.crc, w.size)
}

// Commit makes the bytes readable under key and ends the Writer, whatever it
// returns. When it returns nil the bytes and the name are on stable storage;
// on an error nothing is readable under key. It refuses after a failed Write, and
// while a head is open.
// Keys are never reused: the caller gives each blob a new one.
func (w *Writer) Commit(ctx context.Context, key string) (media.Blob, error) {
	if w.err == nil && w.open {
		w.err = errors.New("its head was never written")
	}
	if w.err != nil {
		err := w.err
		w.Abort()
		return media.Blob{}, fmt.Errorf("commit blob %s: %w", key, err)
	}
	if err := CheckKey(key); err != nil {
		w.Abort()
		return media.Blob{}, fmt.Errorf("commit blob: %w", err)
	}
	w.err = errEnded
	if err := w.upload.Commit(ctx, key); err != nil {
		return media.Blob{}, fmt.Errorf("commit blob %s: %w", key, err)
	}
	return media.Blob{Key: key, Size: w.Size(), CRC: w.CRC()}, nil
}

// Abort drops the bytes. It may be called twice, and after Commit.
func (w *Writer) Abort() {
	if w.err == errEnded {
		return
	}
	w.err = errEnded
	w.upload.Abort()
}
