package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// host is a server of X's API in so far as an upload needs it.
type host struct {
	mu       sync.Mutex
	calls    []string
	segments map[int][]byte
	begun    map[string]any
	before   func(call string, w http.ResponseWriter) bool // true: it has answered
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	call := r.Method + " " + r.URL.Path
	if h.before != nil && h.before(call, w) {
		return
	}
	h.calls = append(h.calls, call)
	switch call {
	case "POST /2/media/upload/initialize":
		_ = json.Unmarshal(body, &h.begun)
		h.segments = map[int][]byte{}
		_, _ = io.WriteString(w, `{"data":{"id":"12","media_key":"7_12","expires_after_secs":3600}}`)
	case "POST /2/media/upload/12/append":
		_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		form, err := multipart.NewReader(bytes.NewReader(body), params["boundary"]).ReadForm(1 << 20)
		if err != nil {
			http.Error(w, "{}", http.StatusBadRequest)
			return
		}
		f, _ := form.File["media"][0].Open()
		b, _ := io.ReadAll(f)
		index, _ := strconv.Atoi(form.Value["segment_index"][0])
		h.segments[index] = b
		_, _ = io.WriteString(w, `{"data":{"expires_at":1}}`)
	case "POST /2/media/upload/12/finalize":
		_, _ = io.WriteString(w, `{"data":{"id":"12","media_key":"7_12","processing_info":{"state":"pending"}}}`)
	case "GET /2/media/upload":
		_, _ = io.WriteString(w, `{"data":{"id":"12","media_key":"7_12","processing_info":{"state":"succeeded"}}}`)
	default:
		_, _ = io.WriteString(w, `{"data":{"type":"video"}}`)
	}
}

// whole is what was sent.
func (h *host) whole() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	var b []byte
	for i := range len(h.segments) {
		b = append(b, h.segments[i]...)
	}
	return b
}

// called tells whether there was a call.
func (h *host) called(call string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Contains(h.calls, call)
}

// watch counts what a Watcher is told.
type watch struct {
	mu        sync.Mutex
	total, at int64
	words     []string
	onSent    func()
}

func (w *watch) Sending(total, arrived int64) { w.total, w.at = total, arrived }
func (w *watch) Processing(int)               {}
func (w *watch) Sent(n int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at += n
	if w.onSent != nil {
		w.onSent()
	}
}
func (w *watch) Say(words string) { w.words = append(w.words, words) }

func source(t *testing.T, name string, content []byte) *Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func counting(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.Bytes()[:n]
}

// TestUpload of files and streams of all lengths around a segment's.
func TestUpload(t *testing.T) {
	for _, n := range []int{0, 1, 99, 100, 101, 1000, 1050} {
		for _, stream := range []bool{false, true} {
			content, h := counting(n), &host{}
			s := speak(t, h.ServeHTTP)
			src := source(t, "a.mp4", content)
			if stream {
				src = Stream(t.Context(), bytes.NewReader(content))
			}
			w := &watch{}
			u := NewUploader(s, X, nil, 3)
			if !stream || n == 0 {
				u.dialect = Magpie // X's is told the length of a stream
			}
			up := Upload{Source: src, Type: "video/mp4", Segment: 100, Watcher: w}
			data, err := u.Upload(t.Context(), up)
			if err != nil || string(data["type"]) != `"video"` || string(data["id"]) != `"12"` {
				t.Fatalf("%d: %v, %s", n, err, data)
			}
			if !bytes.Equal(h.whole(), content) || w.at != int64(n) {
				t.Errorf("%d, stream %v: %d bytes arrived and %d were told", n, stream, len(h.whole()), w.at)
			}
			if want, got := float64(n), h.begun["total_bytes"]; got != want && !(stream && n == 0 && got == nil) {
				t.Errorf("%d, stream %v: total_bytes %v", n, stream, got)
			}
			if !h.called("GET /2/media/7_12") {
				t.Errorf("%d: no lookup", n)
			}
			src.Close()
		}
	}
}

// TestUploadTellsWhatIsSentAgain: bytes of a segment that is refused for now are
// taken back.
func TestUploadTellsWhatIsSentAgain(t *testing.T) {
	h, n := &host{}, 0
	h.before = func(call string, w http.ResponseWriter) bool {
		if strings.HasSuffix(call, "/append") {
			n++
			if n%2 == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return true
			}
		}
		return false
	}
	w := &watch{}
	_, err := NewUploader(speak(t, h.ServeHTTP), Magpie, nil, 2).Upload(t.Context(), Upload{Source: source(t, "a.mp4", counting(1000)), Segment: 100, Watcher: w})
	if err != nil || w.at != 1000 || n != 20 {
		t.Errorf("%v: %d bytes told, in %d requests", err, w.at, n)
	}
}

// TestUploadOfAFileThatChanges while it is sent: nothing is made of it, and
// nothing is left to go on with.
func TestUploadOfAFileThatChanges(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"shorter": func(path string) error { return os.Truncate(path, 950) },
		"other":   func(path string) error { return os.WriteFile(path, make([]byte, 1000), 0o600) },
		"longer":  func(path string) error { return os.Truncate(path, 2000) },
	} {
		t.Run(name, func(t *testing.T) {
			h, src := &host{}, source(t, "a.mp4", counting(1000))
			memory := remember(t, time.Now())
			var once sync.Once
			w := &watch{onSent: func() {
				once.Do(func() {
					if err := change(src.Name); err != nil {
						t.Error(err)
					}
				})
			}}
			_, err := NewUploader(speak(t, h.ServeHTTP), Magpie, memory, 1).Upload(t.Context(), Upload{Source: src, Segment: 100, Watcher: w})
			if !errors.Is(err, errChanged) && !errors.Is(err, errShort) {
				t.Errorf("%v", err)
			}
			if h.called("POST /2/media/upload/12/finalize") || !h.called("DELETE /magpie/v1/uploads/12") {
				t.Error("it was finalized, or not aborted")
			}
			if left := files(t, memory); len(left) != 0 {
				t.Errorf("remembered: %v", left)
			}
		})
	}
}

// TestUploadRemembers what can be gone on with, and nothing else.
func TestUploadRemembers(t *testing.T) {
	for name, row := range map[string]struct {
		call   string
		status int
		kept   bool
	}{
		"initialize refused":   {"POST /2/media/upload/initialize", 400, false},
		"token ended":          {"POST /2/media/upload/12/append", 401, true},
		"no scope":             {"POST /2/media/upload/12/finalize", 403, true},
		"segment refused":      {"POST /2/media/upload/12/append", 400, false},
		"upload expired":       {"POST /2/media/upload/12/append", 410, false},
		"finalize refused":     {"POST /2/media/upload/12/finalize", 400, false},
		"away":                 {"POST /2/media/upload/12/append", 503, true},
		"status gone":          {"GET /2/media/upload", 404, true},
		"lookup away":          {"GET /2/media/7_12", 502, true},
		"lookup not permitted": {"GET /2/media/7_12", 403, false}, // then it is done
	} {
		t.Run(name, func(t *testing.T) {
			h := &host{}
			h.before = func(call string, w http.ResponseWriter) bool {
				if call == row.call {
					w.WriteHeader(row.status)
					return true
				}
				return false
			}
			memory := remember(t, time.Now())
			s := speak(t, h.ServeHTTP, func(c *Config) { c.Patience = 0 })
			_, err := NewUploader(s, Magpie, memory, 2).Upload(t.Context(), Upload{Source: source(t, "a.mp4", counting(300)), Segment: 100, Watcher: &watch{}})
			if (err == nil) != (name == "lookup not permitted") {
				t.Errorf("%v", err)
			}
			if left := files(t, memory); (len(left) == 1) != row.kept {
				t.Errorf("%v, and remembered are %v", err, left)
			}
			var stopped *Interrupted
			if errors.As(err, &stopped) != (row.status > 500) {
				t.Errorf("interrupted: %v", err)
			}
		})
	}
}

func TestUploadFailsInProcessing(t *testing.T) {
	h := &host{}
	h.before = func(call string, w http.ResponseWriter) bool {
		if call == "GET /2/media/upload" {
			_, _ = io.WriteString(w, `{"data":{"processing_info":{"state":"failed","error":{"code":1,"name":"InvalidMedia","message":"no\u001b[2J frames"}}}}`)
		}
		return call == "GET /2/media/upload"
	}
	memory := remember(t, time.Now())
	_, err := NewUploader(speak(t, h.ServeHTTP), Magpie, memory, 2).Upload(t.Context(), Upload{Source: source(t, "a.mp4", counting(10)), Segment: 100, Watcher: &watch{}})
	if err == nil || err.Error() != "processing failed: InvalidMedia: no[2J frames" || len(files(t, memory)) != 0 {
		t.Errorf("%v, and remembered are %v", err, files(t, memory))
	}
}

// TestUploadOfTooLongAStream says what would do.
func TestUploadOfTooLongAStream(t *testing.T) {
	h := &host{}
	s := speak(t, h.ServeHTTP)
	_, err := NewUploader(s, Magpie, nil, 8).Upload(t.Context(), Upload{Source: Stream(t.Context(), bytes.NewReader(make([]byte, maxSegments+1))), Segment: 1, Watcher: &watch{}})
	if err == nil || !strings.Contains(err.Error(), "--segment") || h.called("POST /2/media/upload/12/finalize") {
		t.Errorf("%v", err)
	}
	if _, err := NewUploader(s, Magpie, nil, 8).Upload(t.Context(), Upload{Source: Stream(t.Context(), bytes.NewReader(make([]byte, maxSegments))), Segment: 1, Watcher: &watch{}}); err != nil {
		t.Errorf("exactly as many: %v", err)
	}
}

// TestUploadOfManySegments makes them larger, so that they are 1000 at most.
func TestUploadOfManySegments(t *testing.T) {
	h, content := &host{}, counting(5500)
	if _, err := NewUploader(speak(t, h.ServeHTTP), Magpie, nil, 8).Upload(t.Context(), Upload{Source: source(t, "a.mp4", content), Segment: 1, Watcher: &watch{}}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(h.whole(), content) || len(h.segments) > maxSegments || len(h.segments) < 900 {
		t.Errorf("%d bytes in %d segments", len(h.whole()), len(h.segments))
	}
}

func TestStreamEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	src := Stream(ctx, r)
	cancel()
	for _, err := range src.pieces(10) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}
