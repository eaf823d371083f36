package delivery

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// A body that can't be sent to its end is never taken for whole, and the log
// says why.
func TestServeWhatCannotBeRead(t *testing.T) {
	memory := blobtest.NewMemory(nil)
	store := blob.New(memory)
	manifest, whole := file(t, store, 50_000, 60_000)
	for name, faults := range map[string]blobtest.Faults{
		"is missing":  {Before: blobtest.FailNth(blobtest.OpOpen, 2, os.ErrNotExist)},
		"breaks off":  {Before: blobtest.FailNth(blobtest.OpRead, 3, errors.New("input/output error"))},
		"is cut off":  {Read: blobtest.EndAt("segments/1/001", 100)},
		"never opens": {Before: blobtest.FailAll(blobtest.OpOpen, errors.New("input/output error"))},
	} {
		for _, asked := range []string{"", "bytes=1-109998", "bytes=0-0,10-109998"} {
			var log bytes.Buffer
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				serve(w, r, store, manifest, media.Media{ID: 77, TouchedAt: touched()}, tag, logTo(&log))
			}))
			memory.SetFaults(faults)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, web.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			if asked != "" {
				r.Header.Set("Range", asked)
			}
			a, err := http.DefaultClient.Do(r)
			if err == nil {
				var got []byte
				got, err = io.ReadAll(a.Body)
				a.Body.Close()
				if asked == "" && !bytes.HasPrefix(whole, got) {
					t.Errorf("%s: %d other bytes", name, len(got))
				}
			}
			web.Close() // waits for the handler
			if err == nil {
				t.Errorf("%s, %q: the client took it for whole", name, asked)
			}
			if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "media=77") {
				t.Errorf("%s, %q: logged %q", name, asked, &log)
			}
		}
	}
}

// failing is a connection on which nothing can be sent.
type failing struct {
	*httptest.ResponseRecorder
	err error
}

func (f failing) ReadFrom(io.Reader) (int64, error) { return 0, f.err }

func TestServeLogsFilesAndNotViewers(t *testing.T) {
	store := onDisk(t)
	manifest, _ := file(t, store, 10_000)
	for err, logged := range map[error]bool{
		syscall.EPIPE: false, syscall.ECONNRESET: false, net.ErrClosed: false, os.ErrDeadlineExceeded: false,
		syscall.EIO: true, syscall.EBADF: true,
	} {
		var log bytes.Buffer
		w := failing{httptest.NewRecorder(), &net.OpError{Op: "readfrom", Net: "tcp", Err: os.NewSyscallError("sendfile", err)}}
		serve(w, httptest.NewRequest("GET", "/", nil), store, manifest, media.Media{TouchedAt: touched()}, tag, logTo(&log))
		if (log.Len() > 0) != logged {
			t.Errorf("%v: logged %q", err, &log)
		}
	}
}

// broken is a connection that fails with its first bytes.
type broken struct {
	*httptest.ResponseRecorder
	failed chan struct{}
}

func (b *broken) Write([]byte) (int, error) {
	close(b.failed)
	return 0, syscall.EPIPE
}

// A viewer goes in the middle of a multipart answer, while the next bytes are
// being read: the race detector watches, and nothing is read afterwards.
func TestServeManyRangesToAViewerWhoGoes(t *testing.T) {
	memory := blobtest.NewMemory(nil)
	store := blob.New(memory)
	manifest, _ := file(t, store, 100, 100_000)
	w := &broken{httptest.NewRecorder(), make(chan struct{})}
	memory.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op == blobtest.OpOpen {
			<-w.failed
		}
		return nil
	}})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Range", "bytes=0-1,50-99999")
	w.Header().Set("Content-Type", "video/mp4")
	var log bytes.Buffer
	serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, logTo(&log))
	memory.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error { t.Errorf("%s %s after the end", c.Op, c.Key); return nil }})
	if log.Len() > 0 {
		t.Errorf("logged %q", &log)
	}
}

// A store that can't be reached for now is told instead of an answer that breaks
// off, as long as nothing was sent; nothing of the answer that was to be is left.
func TestServeWhatIsAway(t *testing.T) {
	memory := blobtest.NewMemory(nil)
	store := blob.New(memory)
	manifest, _ := file(t, store, 50_000, 60_000)
	away := media.Busy(time.Second, "The store can't be reached.")
	for _, asked := range []string{"", "bytes=1-109998", "bytes=5-9"} {
		memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpOpen, away)})
		w := httptest.NewRecorder()
		w.Header().Set("Cache-Control", "public, max-age=31536000")
		r := httptest.NewRequest("GET", "/", nil)
		if asked != "" {
			r.Header.Set("Range", asked)
		}
		var log bytes.Buffer
		err := serve(w, r, store, manifest, media.Media{TouchedAt: touched()}, tag, logTo(&log))
		if media.CodeOf(err) != media.CodeBusy || w.Body.Len() > 0 || log.Len() > 0 {
			t.Errorf("%q: %v, %d bytes, logged %q", asked, err, w.Body.Len(), &log)
		}
		w.Header().Del("Content-Type") // which the error's own replaces
		if len(w.Header()) > 0 {
			t.Errorf("%q: headers are left: %v", asked, w.Header())
		}
		memory.SetFaults(blobtest.Faults{Before: blobtest.FailNth(blobtest.OpRead, 3, away)})
		w = httptest.NewRecorder()
		if err := serve(w, httptest.NewRequest("GET", "/", nil), store, manifest, media.Media{TouchedAt: touched()}, tag, logTo(&log)); err != nil || w.Body.Len() == 0 || log.Len() == 0 {
			t.Errorf("away in the middle: %v, %d bytes, logged %q", err, w.Body.Len(), &log)
		}
	}
}
