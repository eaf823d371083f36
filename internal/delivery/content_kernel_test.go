package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/blob"
	"magpie/internal/blob/diskblob"
	"magpie/internal/media"
)

// The tests here send by a real connection from real files, as the kernel does.

func serveOver(t *testing.T, store *blob.Store, manifest media.Manifest, log io.Writer) *httptest.Server {
	t.Helper()
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "video/mp4")
		serve(w, r, store, manifest, media.Media{ID: 77, TouchedAt: touched()}, tag, logTo(log))
	}))
	web.Config.ConnContext, web.Listener = ConnContext, Listener(web.Listener)
	web.Start()
	t.Cleanup(web.Close)
	return web
}

func ask(t *testing.T, web *httptest.Server, ranges string) (*http.Response, []byte, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		r.Header.Set("Range", ranges)
	}
	a, err := web.Client().Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	return a, got, err
}

// Every range that begins and ends beside a border of two segments, around what
// is little and what the HTTP server writes with the header.
func TestServeAtEveryBorder(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, 700, 1, little, 3000, little+1, 513, 70_000)
	var log bytes.Buffer
	web := serveOver(t, store, manifest, &log)
	var points []int
	at := 0
	for _, b := range manifest {
		points = append(points, at, at+1, at+int(b.Size)-1)
		at += int(b.Size)
	}
	for _, from := range points {
		for _, last := range points {
			if last < from {
				continue
			}
			a, got, err := ask(t, web, fmt.Sprintf("bytes=%d-%d", from, last))
			if err != nil || a.StatusCode != http.StatusPartialContent || !bytes.Equal(got, whole[from:last+1]) {
				t.Errorf("%d-%d: %v, %d bytes, %v", from, last, a, len(got), err)
			}
			if want := fmt.Sprintf("bytes %d-%d/%d", from, last, len(whole)); a.Header.Get("Content-Range") != want {
				t.Errorf("%d-%d: %s", from, last, a.Header.Get("Content-Range"))
			}
		}
	}
	if a, got, err := ask(t, web, ""); err != nil || a.ContentLength != int64(len(whole)) || !bytes.Equal(got, whole) {
		t.Errorf("all: %v, %d bytes, %v", a, len(got), err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", &log)
	}
}

func TestServeAnEmptyFile(t *testing.T) {
	for name, sizes := range map[string][]int{"one empty segment": {0}, "no segment": nil} {
		store := onDisk(t)
		manifest, _ := file(t, store, sizes...)
		var log bytes.Buffer
		web := serveOver(t, store, manifest, &log)
		for _, asked := range []string{"", "bytes=0-", "bytes=5-6"} { // of nothing any range is all
			if a, got, err := ask(t, web, asked); err != nil || a.StatusCode != http.StatusOK || a.ContentLength != 0 || len(got) > 0 {
				t.Errorf("%s, %q: %v, %q, %v", name, asked, a, got, err)
			}
		}
		if log.Len() > 0 {
			t.Errorf("%s: logged %s", name, &log)
		}
	}
}

// A file that is shorter on disk than its row says, or gone, breaks the answer
// off: no client takes it for whole, none gets other bytes, and the log says
// which.
func TestServeWhatIsShorterOnDisk(t *testing.T) {
	root := t.TempDir()
	disk, err := diskblob.Open(root, diskblob.Options{KeepOpen: 1})
	if err != nil {
		t.Fatal(err)
	}
	store := blob.New(disk)
	t.Cleanup(func() { _ = store.Close() })
	manifest, whole := file(t, store, 50_000, 60_000)
	found, err := filepath.Glob(filepath.Join(root, "segments", "*", "*", "001"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	for _, left := range []int64{59_999, 30_000, 100, 0, -1} {
		if left < 0 {
			err = os.Remove(found[0])
		} else {
			err = os.Truncate(found[0], left)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, asked := range []string{"", "bytes=10-109999", "bytes=109999-109999", "bytes=49000-", "bytes=0-9,109990-109999"} {
			var log bytes.Buffer
			web := serveOver(t, store, manifest, &log)
			_, got, err := ask(t, web, asked)
			web.Close() // waits for the handler
			if err == nil {
				t.Errorf("%d left, %q: the client took %d bytes for whole", left, asked, len(got))
			}
			if asked == "" && !bytes.HasPrefix(whole, got) {
				t.Errorf("%d left: %d other bytes", left, len(got))
			}
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), manifest[1].Key) {
				t.Errorf("%d left, %q: logged %q", left, asked, &log)
			}
		}
		if _, got, err := ask(t, serveOver(t, store, manifest, io.Discard), "bytes=0-49999"); err != nil || !bytes.Equal(got, whole[:50_000]) {
			t.Errorf("%d left: what is whole gives %d bytes, %v", left, len(got), err)
		}
	}
}

// A viewer who goes, or stops reading until the time is up, ends the handler; no
// error is logged, and no file stays open.
func TestServeToAViewerWhoGoes(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, 8<<20, 8<<20)
	var log bytes.Buffer
	for name, leave := range map[string]func(net.Conn, *http.ResponseController){
		"closes": func(c net.Conn, _ *http.ResponseController) { _ = c.Close() },
		"stalls": func(_ net.Conn, w *http.ResponseController) { _ = w.SetWriteDeadline(time.Now()) },
	} {
		writing, ended := make(chan *http.ResponseController, 1), make(chan struct{})
		web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(ended)
			writing <- http.NewResponseController(w)
			serve(w, r, store, manifest, media.Media{ID: 77, TouchedAt: touched()}, tag, logTo(&log))
		}))
		web.Config.ConnContext, web.Listener = ConnContext, Listener(web.Listener)
		web.Start()
		c, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 1000)
		if _, err := io.ReadFull(c, head); err != nil || !bytes.Contains(head, whole[:100]) {
			t.Errorf("%s: %q, %v", name, head, err)
		}
		leave(c, <-writing)
		<-ended
		_ = c.Close()
		web.Close()
		if log.Len() > 0 {
			t.Errorf("%s: logged %s", name, &log)
		}
		if left := openFiles(t, "segments"); left > 0 {
			t.Errorf("%s: %d files are open", name, left)
		}
	}
}

// openFiles counts this process's descriptors of files whose path has a piece.
func openFiles(t *testing.T, piece string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range all {
		path, err := os.Readlink("/proc/self/fd/" + f.Name())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.Contains(path, "/"+piece+"/") {
			n++
		}
	}
	return n
}

// A long answer of many files is whole, and leaves no cork behind: what the same
// connection sends next does not wait for the kernel's fifth of a second.
func TestServeALongFile(t *testing.T) {
	store := onDisk(t)
	manifest, whole := file(t, store, long-5, 300_001, 3, long/2, 77)
	var log bytes.Buffer
	corked := make(chan int, 2)
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serve(w, r, store, manifest, media.Media{ID: 77, TouchedAt: touched()}, tag, logTo(&log))
		on := -1
		_ = r.Context().Value(connKey{}).(*conn).raw.Control(func(fd uintptr) { on, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_CORK) })
		corked <- on
	}))
	web.Config.ConnContext, web.Listener = ConnContext, Listener(web.Listener)
	web.Start()
	t.Cleanup(web.Close)
	for _, r := range []struct {
		asked string
		want  []byte
	}{{"", whole}, {"bytes=3-", whole[3:]}, {"bytes=-9", whole[len(whole)-9:]}} {
		_, got, err := ask(t, web, r.asked)
		if err != nil || !bytes.Equal(got, r.want) {
			t.Errorf("%q: %d bytes of %d, %v", r.asked, len(got), len(r.want), err)
		}
		if on := <-corked; on != 0 {
			t.Errorf("%q: the cork is %d", r.asked, on)
		}
	}
}
