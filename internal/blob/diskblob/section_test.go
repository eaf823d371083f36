package diskblob

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
)

// connected gives the two ends of a connection.
func connected(t *testing.T) (server, client *net.TCPConn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = s.Close(), c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

// Two that read one file by the kernel have an offset each; a blob shorter than
// what is asked for is sent to its end.
func TestSectionsAreSent(t *testing.T) {
	d := open(t, t.TempDir(), Options{KeepOpen: 1})
	whole := strings.Repeat("0123456789", 1<<20) // more than a socket takes in, and than is sent at once
	put(t, d, "segments/1/a", whole)
	server, client := connected(t)
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	read := make(chan error, 1)
	go func() { _, err := io.Copy(&got, client); read <- err }()
	var want string
	var readers []blob.Sender
	for _, off := range []int64{0, 7} {
		r, err := d.Open(t.Context(), "segments/1/a", off, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		readers = append(readers, r.(blob.Sender))
	}
	for i, ask := range []int64{3, 1 << 30, 5} {
		at := map[int]int{0: 0, 1: 7, 2: 3}[i]
		send := whole[at:min(len(whole), at+int(ask))]
		if n, err := readers[i%2].SendTo(raw, ask); err != nil || n != int64(len(send)) {
			t.Errorf("%d: sent %d bytes, %v, want %d", i, n, err, len(send))
		}
		want += send
	}
	rest := make([]byte, 2)
	if _, err := io.ReadFull(readers[0], rest); err != nil || string(rest) != "89" {
		t.Errorf("behind what was sent comes %q, %v", rest, err)
	}
	if n, err := readers[1].Read(rest); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	_ = server.Close()
	if err := <-read; err != nil || got.String() != want {
		t.Errorf("%d bytes came, %v, want %d", got.Len(), err, len(want))
	}
}

// A viewer who takes nothing in ends it by the connection's deadline; what was
// taken in is counted, and it goes on behind that.
func TestSectionsKeepTheDeadline(t *testing.T) {
	d := open(t, t.TempDir(), Options{})
	whole := strings.Repeat("0123456789", 2<<20)
	put(t, d, "segments/1/a", whole)
	server, client := connected(t)
	raw, err := server.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	opened, err := d.Open(t.Context(), "segments/1/a", 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	r := opened.(blob.Sender)
	_ = server.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	first, err := r.SendTo(raw, int64(len(whole)))
	if !errors.Is(err, os.ErrDeadlineExceeded) || first >= int64(len(whole)) {
		t.Fatalf("%d bytes, %v", first, err)
	}
	_ = server.SetWriteDeadline(time.Time{})
	done := make(chan error, 1)
	go func() {
		_, err := r.SendTo(raw, int64(len(whole))-first)
		done <- errors.Join(err, server.Close())
	}()
	got, err := io.ReadAll(client)
	if err != nil || string(got) != whole {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := r.SendTo(raw, 1); err == nil {
		t.Error("a closed connection took something in")
	}
}
