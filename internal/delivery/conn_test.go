package delivery

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"golang.org/x/sys/unix"
)

// dialed gives the two ends of a connection that came from a Listener.
func dialed(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	viewer, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := Listener(l).Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = viewer.Close(); _ = c.Close() })
	if got := ConnContext(t.Context(), c).Value(connKey{}); got != c {
		t.Fatalf("the context has %v", got)
	}
	return c.(*conn), viewer
}

// unsent is how many bytes the kernel has not given to the network yet.
func (c *conn) unsent(t *testing.T) int {
	t.Helper()
	n := -1
	var failed error
	if err := c.raw.Control(func(fd uintptr) { n, failed = unix.IoctlGetInt(int(fd), unix.SIOCOUTQNSD) }); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	return n
}

// What is written while more follows waits for that, and goes out with it.
func TestConnHoldsAHeaderBack(t *testing.T) {
	c, viewer := dialed(t)
	held := false
	var want bytes.Buffer
	for range 100 { // the kernel waits a fifth of a second at most
		c.more = true
		n, err := c.Write([]byte("header"))
		if n != 6 || err != nil {
			t.Fatal(n, err)
		}
		held = c.unsent(t) == 6
		c.more = false
		if _, err := io.WriteString(c, " and body\n"); err != nil {
			t.Fatal(err)
		}
		if n := c.unsent(t); n != 0 {
			t.Fatalf("%d bytes are held back with nothing more to come", n)
		}
		want.WriteString("header and body\n")
		if held {
			break
		}
	}
	if !held {
		t.Error("a header was never held back")
	}
	_ = c.Close()
	if got, err := io.ReadAll(viewer); err != nil || string(got) != want.String() {
		t.Errorf("%q, %v", got, err)
	}
}

// A Write of more than the kernel takes in at a time waits for the viewer.
func TestConnWritesAllOfWhatMoreFollows(t *testing.T) {
	c, viewer := dialed(t)
	whole := bytes.Repeat([]byte("0123456789abcdef"), 2<<20)
	wrote := make(chan error, 1)
	go func() {
		c.more = true
		n, err := c.Write(whole)
		if n != len(whole) && err == nil {
			err = io.ErrShortWrite
		}
		wrote <- err
		_ = c.Close()
	}()
	got, err := io.ReadAll(viewer)
	if err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d of %d bytes, %v", len(got), len(whole), err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// A viewer who is gone is an error of the connection, of which the log says nothing.
func TestConnWritesToNobody(t *testing.T) {
	c, viewer := dialed(t)
	_ = viewer.(*net.TCPConn).SetLinger(0)
	_ = viewer.Close()
	for {
		c.more = true
		if _, err := c.Write(make([]byte, 64<<10)); err != nil {
			if !viewerGone(err) {
				t.Errorf("%v is taken for an error of the file", err)
			}
			return
		}
	}
}

func TestListenerFails(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if c, err := Listener(l).Accept(); err == nil {
		t.Errorf("a closed listener gave %v", c)
	}
}

// What is written under a cork fills its packets, and what is left goes out when that
// is pulled.
func TestCork(t *testing.T) {
	c, viewer := dialed(t)
	ctx := ConnContext(t.Context(), c)
	held := false
	var want bytes.Buffer
	for range 100 { // the kernel waits a fifth of a second at most
		uncork := cork(ctx)
		if _, err := io.WriteString(c, "a file's end\n"); err != nil {
			t.Fatal(err)
		}
		held = c.unsent(t) > 0
		uncork()
		if n := c.unsent(t); n != 0 {
			t.Fatalf("%d bytes are held back without a cork", n)
		}
		want.WriteString("a file's end\n")
		if held {
			break
		}
	}
	if !held {
		t.Error("the cork held nothing back")
	}
	_ = c.Close()
	if got, err := io.ReadAll(viewer); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%q, %v", got, err)
	}
	cork(ctx)() // of a connection that is closed
	cork(t.Context())()
}
