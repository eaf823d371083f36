package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// halfSent is an append that was begun on a connection of its own.
type halfSent struct {
	net.Conn
	rest []byte
}

// sendHalf sends the head and the first half of an append of size bytes.
func (s *server) sendHalf(id string, size int) *halfSent {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	body, kind := form(0, bytes.Repeat([]byte("m"), size))
	_, err = fmt.Fprintf(conn, "POST /2/media/upload/%s/append HTTP/1.1\r\nHost: magpie\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		id, secret, kind, len(body), body[:len(body)/2])
	if err != nil {
		s.t.Fatal(err)
	}
	return &halfSent{conn, body[len(body)/2:]}
}

// finish sends the rest and gives the answer's status and body.
func (h *halfSent) finish(t *testing.T) (int, string) {
	t.Helper()
	if _, err := h.Write(h.rest); err != nil {
		t.Fatal(err)
	}
	_ = h.SetReadDeadline(time.Now().Add(time.Minute))
	response, err := http.ReadResponse(bufio.NewReader(h), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

func TestOneServerPerFolder(t *testing.T) {
	t.Parallel()
	s := start(t)
	second := prepare(t)
	second.data = s.data
	second.fails("in use by another magpie", s.data)
	if status, _ := s.get("/readyz"); status != http.StatusOK {
		t.Errorf("the first server is not ready any more: %d", status)
	}
	s.kill()
	second.run() // a lock ends with its process
}

func TestStopLetsAppendFinish(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.initialize("video/mp4", "tweet_video", 2<<20)
	half := s.sendHalf(id, 2<<20)
	defer half.Close()
	eventually(t, func() string {
		if len(s.uploading()) == 0 {
			return "the append has not begun"
		}
		return ""
	})
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			conn.Close()
			return "it still listens"
		}
		return ""
	})
	if status, body := half.finish(t); status != http.StatusOK {
		t.Errorf("the append in flight: %d %s", status, body)
	}
	if code := s.wait(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if len(s.blobs("segments", id)) != 1 {
		t.Error("the acknowledged segment is not on disk")
	}
}

// TestDrainEnds cuts off a client that never sends the rest.
func TestDrainEnds(t *testing.T) {
	t.Parallel()
	s := start(t, "--drain", "1s")
	id := s.client().initialize("video/mp4", "tweet_video", 2<<20)
	half := s.sendHalf(id, 2<<20)
	defer half.Close()
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if left := s.uploading(); len(left) > 0 {
		t.Errorf("the cut off append left %v", left)
	}
}

// TestSecondSignal ends a server that is waiting for a client.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := start(t, "--drain", "1h")
	half := s.sendHalf(s.client().initialize("video/mp4", "tweet_video", 2<<20), 2<<20)
	defer half.Close()
	eventually(t, func() string {
		if len(s.uploading()) == 0 {
			return "the append has not begun"
		}
		return ""
	})
	process, ended := s.cmd.Process, s.done
	eventually(t, func() string {
		_ = process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			ended <- err
			return ""
		default:
			return "signals don't end it"
		}
	})
	s.kill()
	s.run()
	s.checkWhole()
}

func TestStopGivesTranscodeBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id, _ := s.transcodes(20)
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	if left := s.transcoders(); len(left) > 0 {
		t.Errorf("children outlive the server: %v", left)
	}
	if s.transcoding() {
		t.Error("the scratch folder is not empty")
	}
	s.run()
	if info, _ := c.status(id).data()["processing_info"].(map[string]any); info["state"] == "failed" {
		t.Errorf("a stop is taken for a broken file: %v", info)
	}
	c.succeeded(id)
	s.checkWhole()
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := start(t)
	if status, body := s.get("/healthz"); status != http.StatusOK || body != "ok\n" {
		t.Errorf("healthz: %d %q", status, body)
	}
	status, body := s.get("/readyz")
	var parts map[string]string
	if err := json.Unmarshal([]byte(body), &parts); err != nil || status != http.StatusOK {
		t.Fatalf("readyz: %d %s %v", status, body, err)
	}
	for _, part := range []string{"catalogue", "blobs", "bus"} {
		if parts[part] != "ok" {
			t.Errorf("readyz: %s is %q", part, parts[part])
		}
	}
	// Without its blob folder it can take no upload.
	blobs := filepath.Join(s.data, "blobs")
	if err := os.Rename(blobs, blobs+".away"); err != nil {
		t.Fatal(err)
	}
	status, body = s.get("/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"blobs":"not ready"`) || strings.Contains(body, s.data) {
		t.Errorf("readyz without the blob folder: %d %s", status, body)
	}
	if err := os.Rename(blobs+".away", blobs); err != nil {
		t.Fatal(err)
	}
	s.readiness(http.StatusOK)
}

// TestLogs are JSON, a line a record, and name the request as its answer does.
func TestLogs(t *testing.T) {
	t.Parallel()
	s := start(t, "--log-format", "json", "--log-level", "debug")
	answers := map[string]answer{}
	for _, a := range []answer{
		s.client().call(http.MethodGet, "/2/media/upload?media_id=1", nil),
		s.client().as("").call(http.MethodGet, "/healthz", nil),
	} {
		id := a.header.Get("X-Transaction-Id")
		if _, twice := answers[id]; id == "" || twice {
			t.Errorf("x-transaction-id is %q", id)
		}
		answers[id] = a
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	for line := range strings.Lines(s.log.tail(1 << 20)) {
		var record struct {
			Time, Level, Msg, Method, Path, Request string
			Status                                  int
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Time == "" || record.Msg == "" {
			t.Errorf("not a JSON record: %v: %s", err, line)
		}
		if a, ok := answers[record.Request]; ok && record.Msg == "request" {
			delete(answers, record.Request)
			if record.Status != a.status || record.Path == "" || record.Method != http.MethodGet {
				t.Errorf("status %d was logged as %s", a.status, line)
			}
		}
		if strings.Contains(line, secret) {
			t.Errorf("the log holds a token: %s", line)
		}
	}
	if len(answers) > 0 {
		t.Errorf("not logged: %d requests", len(answers))
	}
}

// TestSlowClients hold connections, and nobody else.
func TestSlowClients(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	id := c.initialize("video/mp4", "tweet_video", 2<<20)
	for range 50 {
		defer s.sendHalf(id, 2<<20).Close() // bodies that stand still
	}
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	closed := make(chan string, 1)
	go func() { // a byte a second of a header that never ends
		_ = slow.SetReadDeadline(time.Now().Add(time.Minute))
		got, err := io.ReadAll(slow)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			closed <- err.Error()
			return
		}
		closed <- ""
		_ = got
	}()
	picture := tinyPNG(t, 5)
	said, header := "", "GET /healthz HTTP/1.1\r\nHost: "+strings.Repeat("x", 100)
	for i, open := 0, true; open; i++ {
		_, _ = slow.Write([]byte{header[min(i, len(header)-1)]})
		if i < 2 { // meanwhile
			final := c.upload("image/png", "tweet_image", picture, 1<<20)
			if got := c.original(final["id"].(string)); sum(got.body) != sum(picture) {
				t.Error("the original is not what was sent")
			}
		}
		select {
		case said = <-closed:
			open = false
		case <-time.After(time.Second):
		}
	}
	if said != "" {
		t.Errorf("a header that never ends keeps its connection: %s", said)
	}
}
