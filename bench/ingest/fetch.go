package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"golang.org/x/sys/unix"
)

// fetch asks for a file, or for n of its bytes from an offset, and throws the
// bytes away without looking at them: the kernel doesn't even copy them, which
// is the least that a client can cost. n below 0 asks for all; wanted is how many
// bytes must come.
func (w *wire) fetch(path, fields string, from, n, wanted int64) error {
	if err := w.open(path, fields, from, n, wanted); err != nil {
		return err
	}
	left := wanted
	if b := int64(w.in.Buffered()); b > 0 {
		b, err := w.in.Discard(int(min(b, left)))
		if err != nil {
			return err
		}
		left -= int64(b)
	}
	if int64(cap(w.buf)) < 1<<20 {
		w.buf = make([]byte, 1<<20)
	}
	for left > 0 {
		got, _, err := unix.Recvfrom(w.fd, w.buf[:min(left, int64(cap(w.buf)))], unix.MSG_TRUNC|unix.MSG_WAITALL) // tcp(7) on MSG_TRUNC
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return fmt.Errorf("read from the server: %w", err)
		case got == 0:
			return errClosed
		default:
			left -= int64(got)
		}
	}
	return nil
}

// sum asks for a whole file and gives its SHA-256.
func (w *wire) sum(path, fields string, wanted int64) (string, error) {
	if err := w.open(path, fields, 0, -1, wanted); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.CopyN(h, w.in, wanted); err != nil {
		return "", err
	}
	return sumOf(h), nil
}

func sumOf(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)) }

// open asks for a file and reads its answer up to the bytes.
func (w *wire) open(path, fields string, from, n, wanted int64) error {
	status := 200
	if n >= 0 {
		fields += fmt.Sprintf("Range: bytes=%d-%d\r\n", from, from+n-1)
		status = 206
	}
	if err := w.put(nil, request{line: "GET " + path, fields: fields}); err != nil {
		return err
	}
	a, chunked, err := readHead(w.in)
	if err != nil {
		return err
	}
	if a.status != status || chunked || a.length != wanted {
		return fmt.Errorf("GET %s: status %d and %d bytes, want %d and %d", path, a.status, a.length, status, wanted)
	}
	return nil
}
