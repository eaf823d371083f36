package delivery

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
)

// during looks when a file is about to be sent.
type during struct {
	http.ResponseWriter
	look func()
}

func (d during) ReadFrom(r io.Reader) (int64, error) {
	d.look()
	return io.Copy(d.ResponseWriter, r)
}

func (d during) Unwrap() http.ResponseWriter { return d.ResponseWriter }

// A connection is corked while a file is sent on it, and no longer, also where
// the file can't be sent.
func TestCork(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, 100_000)
	corked := func(r *http.Request) int {
		raw, err := r.Context().Value(connKey{}).(*net.TCPConn).SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		on := -1
		if err := raw.Control(func(fd uintptr) { on, err = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK) }); err != nil {
			t.Fatal(err)
		}
		return on
	}
	var states []int
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		asked := manifest
		if r.URL.Path == "/missing" {
			asked = media.Manifest{{Key: "segments/1/missing", Size: 100_000}}
		}
		serve(during{w, func() { states = append(states, corked(r)) }}, r, store, asked, media.Media{TouchedAt: touched()}, tag, logTo(io.Discard))
		states = append(states, corked(r))
	}))
	web.Config.ConnContext = ConnContext
	web.Start()
	for _, path := range []string{"/", "/missing"} {
		a, err := web.Client().Get(web.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(a.Body)
		a.Body.Close()
		if path == "/" != (err == nil && string(got) == string(whole)) {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	web.Close()
	if !slices.Equal(states, []int{1, 0, 0}) { // of what is missing nothing is sent
		t.Errorf("corked while it is sent and afterwards: %v", states)
	}
}
