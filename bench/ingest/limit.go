package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// The reference writer is what no server can beat by much: no HTTP, no names, one
// file whose blocks are there already, and of each segment only what has to be
// done: read from the socket, pwrite, fdatasync, one byte of answer. It is a
// process of its own, this program started with the word below.
const limitWord = "reference-writer"

// A segment is its offset and its length, 8 bytes each and big-endian, and its
// bytes. A first segment of length 0 asks for a file of so many bytes as its
// offset says.
const limitHead = 16

// writeForever is the reference writer's side: it writes into folder what comes.
func writeForever(folder string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, "file"))
	if err != nil {
		return err
	}
	fmt.Println("listening on", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			if err := takeSegments(c, file); !errors.Is(err, io.EOF) {
				fmt.Println("error:", err)
			}
		}()
	}
}

// limitPiece is how much is read and written at a time: what fits a processor's cache
// costs half as much as a mebibyte where eight connections take turns.
const limitPiece = 256 << 10

// takeSegments goes on until the connection ends, which is io.EOF.
func takeSegments(c net.Conn, file *os.File) error {
	buf := make([]byte, limitPiece)
	for {
		if _, err := io.ReadFull(c, buf[:limitHead]); err != nil {
			return err
		}
		off, left := int64(binary.BigEndian.Uint64(buf)), int64(binary.BigEndian.Uint64(buf[8:]))
		if left == 0 {
			if err := unix.Fallocate(int(file.Fd()), 0, 0, off); err != nil {
				return fmt.Errorf("preallocate: %w", err)
			}
		}
		for left > 0 {
			n, err := c.Read(buf[:min(left, int64(len(buf)))])
			if err != nil {
				return err
			}
			if _, err := file.WriteAt(buf[:n], off); err != nil {
				return err
			}
			off, left = off+int64(n), left-int64(n)
		}
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			return err
		}
		if _, err := c.Write([]byte{'+'}); err != nil {
			return err
		}
	}
}

// limit drives the reference writer.
type limit struct{ *server }

func (r *run) startLimit(ctx context.Context) (ingester, error) {
	me, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := r.start(ctx, "limit", `listening on (\S+)`, func(folder string) []string {
		return []string{me, limitWord, folder}
	})
	return limit{s}, err
}

func (l limit) ingest(_ context.Context, p payload, load load) (timing, error) {
	pieces := p.video(load.size, load.segment)
	wires, err := l.dial(load.conns)
	if err != nil {
		return timing{}, err
	}
	defer hangUp(wires)
	if err := segmentTo(wires[0], p, uint64(load.size), piece{}); err != nil {
		return timing{}, err
	}
	began := time.Now()
	err = share(wires, len(pieces), func(w *wire, i int) error {
		return segmentTo(w, p, uint64(i)*uint64(load.segment), pieces[i])
	})
	took := time.Since(began)
	return timing{durable: took, finished: took}, err
}

func segmentTo(w *wire, p payload, off uint64, s piece) error {
	head := binary.BigEndian.AppendUint64(w.buf[:0], off)
	head = binary.BigEndian.AppendUint64(head, uint64(s.size()))
	w.buf = head
	if err := w.write(p.parts(head, s)...); err != nil {
		return err
	}
	_, err := w.in.ReadByte()
	return err
}

// share has n things done by several connections, each of which takes the next
// one when it has done its last.
func share(wires []*wire, n int, do func(w *wire, i int) error) error {
	next := make(chan int, n)
	for i := range n {
		next <- i
	}
	close(next)
	var all errgroup.Group
	for _, w := range wires {
		all.Go(func() error {
			for i := range next {
				if err := do(w, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

// each has every connection do its own.
func each(wires []*wire, do func(w *wire, i int) error) error {
	var all errgroup.Group
	for i, w := range wires {
		all.Go(func() error { return do(w, i) })
	}
	return all.Wait()
}
