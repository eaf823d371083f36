package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestReferenceWriterWritesWhatComes(t *testing.T) {
	p := payload(bytes.Repeat([]byte("0123456789abcdef"), 1<<18))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	name := filepath.Join(t.TempDir(), "file")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	done := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			defer c.Close()
			err = takeSegments(c, file)
		}
		done <- err
	}()
	w, err := dial(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := segmentTo(w, p, 3<<20, piece{}); err != nil {
		t.Fatal(err)
	}
	for i := int64(2); i >= 0; i-- { // in any order
		if err := segmentTo(w, p, uint64(i)<<20, piece{from: i << 20, to: (i + 1) << 20}); err != nil {
			t.Fatal(err)
		}
	}
	w.close()
	<-done
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, p[:3<<20]) {
		t.Errorf("%d bytes, which are not those that were sent: %v", len(got), err)
	}
}
