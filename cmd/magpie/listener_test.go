package main

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestConnections(t *testing.T) {
	for files, want := range map[uint64]int{0: 16, 200: 16, 256: 16, 1024: 352, 20000: 8880, 65536: 31648, 1 << 40: 1 << 20} {
		if got := connections(files); got != want {
			t.Errorf("%d files: %d connections, want %d", files, got, want)
		}
	}
}

// One more than there may be waits, and is served once another has gone.
func TestBoundedListener(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	warned := make(chan string, 1)
	log := slog.New(slog.NewTextHandler(writer(func(p []byte) { warned <- string(p) }), nil))
	l := newBoundedListener(inner, 2, time.Now, log)
	served := make(chan struct{}, 3)
	server := &http.Server{ConnState: l.Ended, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		served <- struct{}{}
	})}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	var conns []net.Conn
	for range 3 {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		conns = append(conns, conn)
	}
	<-served
	<-served
	if words := <-warned; !strings.Contains(words, "connections=2") {
		t.Errorf("it said %s", words)
	}
	if len(served) > 0 {
		t.Error("a third was served beside two")
	}
	conns[0].Close()
	<-served
	// Full or not, it can be closed.
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}

// A full one that is closed while it waits says so.
func TestBoundedListenerCloses(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan struct{})
	l := newBoundedListener(inner, 1, time.Now, slog.New(slog.NewTextHandler(writer(func([]byte) { close(waits) }), nil)))
	l.taken <- struct{}{}
	done := make(chan error, 1)
	go func() { _, err := l.Accept(); done <- err }()
	<-waits
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}

// writer is an io.Writer made of a function.
type writer func([]byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
