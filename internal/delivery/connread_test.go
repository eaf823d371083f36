package delivery

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

const (
	askWhole = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	askSome  = "GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=10-50009\r\n\r\n"
	askWait  = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"
)

// A request for a range that comes after a file has nobody read while it is
// answered, and all others have.
func TestConnIsWatched(t *testing.T) {
	for _, x := range []struct {
		sent    bool
		request string
		watched bool
	}{
		{true, askSome, false},
		{true, strings.ToLower(strings.Replace(askSome, "GET", "get", 1)), true},
		{true, "GET / HTTP/1.1\r\nrange: bytes=0-\r\n\r\n", false},
		{true, askWhole, true},
		{true, strings.Replace(askSome, "GET", "POST", 1), true},
		{false, askSome, true},
	} {
		c, viewer := dialed(t)
		c.sent = x.sent
		ConnState(c, http.StateIdle)
		if _, err := io.WriteString(viewer, x.request); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 4096)
		n, err := c.Read(p)
		if err != nil || string(p[:n]) != x.request {
			t.Fatalf("%q, %v", p[:n], err)
		}
		_ = c.SetReadDeadline(time.Now().Add(-time.Second))
		if n, err := c.Read(p[:1]); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) != x.watched || (err == nil) == x.watched {
			t.Errorf("%+v: %d, %v", x, n, err)
		}
		_ = c.SetReadDeadline(time.Time{})
		ConnState(c, http.StateIdle)
		if _, err := io.WriteString(viewer, "x"); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Read(p[:1]); n != 1 || err != nil {
			t.Errorf("%+v, and then: %d, %v", x, n, err)
		}
	}
}

// Whose body has not been read may be answered unwatched, until the next request; its
// body comes as ever.
func TestUnwatched(t *testing.T) {
	for _, x := range []struct {
		body    io.Reader
		watched bool
	}{{strings.NewReader("body"), false}, {http.NoBody, true}} {
		c, viewer := dialed(t)
		Unwatched(httptest.NewRequest(http.MethodPost, "/", x.body).WithContext(ConnContext(t.Context(), c)))
		if _, err := io.WriteString(viewer, "body"); err != nil {
			t.Fatal(err)
		}
		p := make([]byte, 4)
		if n, err := io.ReadFull(c, p); err != nil || string(p) != "body" {
			t.Errorf("%d bytes of a body, %v", n, err)
		}
		for _, watched := range []bool{x.watched, true} {
			_ = c.SetReadDeadline(time.Now().Add(-time.Second))
			if n, err := c.Read(p[:1]); n != 0 || errors.Is(err, os.ErrDeadlineExceeded) != watched || (err == nil) == watched {
				t.Errorf("%+v: %d, %v", x, n, err)
			}
			_ = c.SetReadDeadline(time.Time{})
			ConnState(c, http.StateIdle)
		}
	}
	Unwatched(httptest.NewRequest(http.MethodPost, "/", strings.NewReader("of no such connection")))
}

// Reading waits for viewers who take longer than it is polled for, and for those
// after whom there are too many to be polled for.
func TestConnPolls(t *testing.T) {
	c, viewer := dialed(t)
	p := make([]byte, 10)
	for _, want := range []int{pollSlow, pollSlow - 1, pollSlow - 2} {
		if c.poll(); c.slow != want {
			t.Errorf("with nothing to read slow is %d, want %d", c.slow, want)
		}
	}
	for _, slow := range []int{0, 5} {
		c.next, c.slow = true, slow
		read := make(chan error, 1)
		go func() {
			_, err := io.ReadFull(c, p)
			read <- err
		}()
		if _, err := viewer.Write([]byte("0123456789")); err != nil {
			t.Fatal(err)
		}
		if err := <-read; err != nil || string(p) != "0123456789" || c.next {
			t.Errorf("%d: %q, %v", slow, p, err)
		}
	}
	c.slow = 0
	c.polling.Store(pollMost)
	c.poll()
	if c.slow != 0 || c.polling.Load() != pollMost {
		t.Errorf("with %d polling, one more did: slow %d, %d", pollMost, c.slow, c.polling.Load())
	}
	c.polling.Store(0)
	c.next = true
	_ = c.SetReadDeadline(time.Now().Add(-time.Second))
	if n, err := c.Read(p); !errors.Is(err, os.ErrDeadlineExceeded) || n != 0 || c.slow != 0 {
		t.Errorf("past the deadline: %d, %v, slow %d", n, err, c.slow)
	}
	_ = c.SetReadDeadline(time.Time{})
	_ = viewer.Close()
	c.next = true
	if n, err := c.Read(p); err != io.EOF || n != 0 || c.polling.Load() != 0 {
		t.Errorf("of a viewer who left: %d, %v, %d polling", n, err, c.polling.Load())
	}
}

// One connection of requests of all kinds, each alone and all at once, through the
// HTTP server as it is.
func TestServeOneAfterTheOther(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, 30_000, 40_000)
	gone := make(chan bool, 1)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			<-r.Context().Done()
			gone <- true
			return
		}
		if r.Method == http.MethodPost {
			body := io.Reader(r.Body)
			if r.URL.Path == "/signed" { // its body was read before, and it is watched already
				read, _ := io.ReadAll(body)
				body = bytes.NewReader(read)
			}
			Unwatched(r)
			_, _ = io.Copy(w, body)
			return
		}
		_ = serve(w, r, store, manifest, media.Media{ID: 77, TouchedAt: touched()}, tag, logTo(io.Discard))
	}))
	web.Config.ConnContext, web.Config.ConnState, web.Listener = ConnContext, ConnState, Listener(web.Listener)
	web.Start()
	t.Cleanup(web.Close)
	viewer, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer viewer.Close()
	in := bufio.NewReader(viewer)
	want := func(what string, status int, body []byte) {
		t.Helper()
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		got, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != status || !bytes.Equal(got, body) {
			t.Fatalf("%s: %d, %d bytes, %v", what, a.StatusCode, len(got), err)
		}
	}
	ask := func(what string) {
		t.Helper()
		if _, err := io.WriteString(viewer, what); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		ask(askSome)
		want(fmt.Sprint("some ", i), 206, whole[10:50_010])
	}
	ask(askSome[:20]) // the rest of it is another packet
	ask(askSome[20:])
	want("some in two", 206, whole[10:50_010])
	ask(askSome + askWhole + askSome + askSome + askWhole)
	want("at once 1", 206, whole[10:50_010])
	want("at once 2", 200, whole)
	want("at once 3", 206, whole[10:50_010])
	want("at once 4", 206, whole[10:50_010])
	want("at once 5", 200, whole)
	ask(strings.Replace(askSome, "GET", "HEAD", 1) + askSome)
	if a, err := http.ReadResponse(in, &http.Request{Method: http.MethodHead}); err != nil || a.StatusCode != 206 || a.ContentLength != 50_000 {
		t.Fatal(a, err)
	}
	want("after HEAD", 206, whole[10:50_010])
	const post, chunks = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n2\r\nyz\r\n0\r\n\r\n"
	ask(post)
	want("a post", 200, []byte("abc"))
	ask(strings.Replace(post, "/", "/signed", 1))
	want("a post that was read before", 200, []byte("abc"))
	ask(post[:len(post)-2])
	ask(post[len(post)-2:] + chunks + post + askSome)
	want("a post in two", 200, []byte("abc"))
	want("a post in chunks", 200, []byte("xyz"))
	want("one more", 200, []byte("abc"))
	want("some after posts", 206, whole[10:50_010])
	ask(askWait)
	_ = viewer.Close()
	<-gone
}
