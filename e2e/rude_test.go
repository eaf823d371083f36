package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// raw is a request as it goes over the wire.
type raw struct {
	name string
	path string
	kind string
	body string
}

// waysToAppend are the ways to append one segment to an upload.
func waysToAppend(id string, index int, segment []byte) []raw {
	text := base64.StdEncoding.EncodeToString(segment)
	b, kind := form(index, segment)
	inForm := func(fields ...string) string {
		return string(bytes.Replace(b, []byte("--"+boundaryOf(kind)), []byte("--"+boundaryOf(kind)+parts(boundaryOf(kind), fields)), 1))
	}
	command := inForm("command", "APPEND", "media_id", id)
	plain := url.Values{"command": {"APPEND"}, "media_id": {id}, "segment_index": {strconv.Itoa(index)}, "media_data": {text}}.Encode()
	json := fmt.Sprintf(`{"segment_index":%d,"media":"%s"}`, index, strings.ReplaceAll(text, "/", `\/`))
	const v2, v1, urlencoded = "/2/media/upload", "/1.1/media/upload.json", "application/x-www-form-urlencoded"
	return []raw{
		{"REST, multipart", v2 + "/" + id + "/append", kind, string(b)},
		{"REST, JSON", v2 + "/" + id + "/append", "application/json", json},
		{"command, multipart", v2, kind, command},
		{"command, form", v2, urlencoded, plain},
		{"command, JSON", v2 + "?command=APPEND&media_id=" + id, "application/json", json},
		{"1.1, multipart", v1, kind, command},
		{"1.1, form", v1, urlencoded, plain},
	}
}

func boundaryOf(kind string) string {
	return strings.TrimPrefix(kind, "multipart/form-data; boundary=")
}

// parts is form fields, up to the next boundary.
func parts(boundary string, fields []string) string {
	var b strings.Builder
	for i := 0; i < len(fields); i += 2 {
		fmt.Fprintf(&b, "\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n--%s", fields[i], fields[i+1], boundary)
	}
	return b.String()
}

// head is the head of a request.
func (r raw) head() string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: magpie\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		r.path, secret, r.kind, len(r.body))
}

func (s *server) dial() *net.TCPConn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address())
	if err != nil {
		s.t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// hold counts what the process has open: sockets, and files below blobs/ but for
// packs, of which some stay open for what comes next.
func (s *server) hold() (sockets, files int) {
	s.t.Helper()
	folder := fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid)
	list, err := os.ReadDir(folder)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, fd := range list {
		to, _ := os.Readlink(filepath.Join(folder, fd.Name())) // it may be closed by now
		switch {
		case strings.HasPrefix(to, "socket:"):
			sockets++
		case strings.HasPrefix(to, filepath.Join(s.data, "blobs")) && !strings.HasSuffix(to, ".pack"):
			files++
		}
	}
	return sockets, files
}

// unfinished lists what is on its way in.
func (s *server) unfinished() []string {
	list, _ := filepath.Glob(filepath.Join(s.data, "blobs", "tmp", "*"))
	return list
}

// settles waits until the process holds no more sockets than it did, and nothing
// of any upload; so many files of blobs may be kept open for the next viewer.
func (s *server) settles(sockets, kept int) {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		now, files := s.hold()
		left := s.unfinished()
		if now <= sockets && files <= kept && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("left: %d sockets of %d, %d files, %v", now, sockets, files, left)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// quit ends the process and gives the stacks of its goroutines.
func (s *server) quit() string {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	s.wait()
	_, stacks, found := strings.Cut(s.log.tail(1<<20), "SIGQUIT")
	if !found {
		s.t.Fatal("the server left no stacks")
	}
	return stacks
}

// TestDisconnectsLeaveNothing has clients break off anywhere in a request, in
// every dialect, with and without a reset: no bytes are kept or counted, no
// connection and no goroutine is left. What was acknowledged is there.
func TestDisconnectsLeaveNothing(t *testing.T) {
	t.Parallel()
	s := prepare(t)
	// Keep-alive connections of the harness would count.
	s.web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s.run()
	c := s.client()
	picture := tinyPNG(t, 1)
	file := append(picture, make([]byte, 300<<10)...) // a picture ends where it ends
	step := len(file)/3 + 1
	cut := func(i int) []byte { return file[i*step : min((i+1)*step, len(file))] }
	id := c.initialize("image/png", "tweet_image", len(file))
	other := c.initialize("image/png", "tweet_image", len(file))
	c.append(id, 2, cut(2)).data()
	sockets, _ := s.hold()

	random := rand.New(rand.NewPCG(6, 4))
	type plan struct {
		request raw
		stop    int // bytes after which the client goes; all of them before the answer
		reset   bool
	}
	var plans []plan
	for i := range 196 {
		// All but the last few bytes at most: the segment never is whole.
		ways := waysToAppend(id, i%3, cut(i%3))
		p := plan{request: ways[i%len(ways)], reset: random.IntN(2) == 0}
		head := len(p.request.head())
		switch whole := i >= 21 && i < 24; { // each segment once: the upload has room for it twice
		case whole: // and then the answer would come
			p.request = waysToAppend(other, i%3, cut(i%3))[i%len(ways)]
			p.stop = len(p.request.head()) + len(p.request.body)
		case i/7%4 == 0:
			p.stop = random.IntN(head)
		case i/7%4 == 1:
			p.stop = head + random.IntN(200)
		default:
			p.stop = head + random.IntN(len(p.request.body))
		}
		plans = append(plans, p)
	}
	var wg sync.WaitGroup
	gate := make(chan struct{}, 50)
	for _, p := range plans {
		wg.Add(1)
		gate <- struct{}{}
		go func() {
			defer wg.Done()
			defer func() { <-gate }()
			conn, err := net.Dial("tcp", s.address())
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte((p.request.head() + p.request.body)[:p.stop]))
			if p.reset {
				_ = conn.(*net.TCPConn).SetLinger(0)
			}
		}()
	}
	wg.Wait()
	s.settles(sockets, 0)

	// Nothing of the segments that broke off was kept, and the session has room
	// for twice what it declared, as if nobody had come: one segment is there.
	if got := c.segments(id); fmt.Sprint(got) != "[2]" {
		t.Errorf("segments %v were kept of bodies that broke off", got)
	}
	for range 2 {
		for i := range 3 {
			c.append(id, i, cut(i)).data()
		}
	}
	c.finalize(id).data()
	if got := c.original(id); sum(got.body) != sum(file) {
		t.Error("the original is not what was acknowledged")
	}
	// Those who left before the answer may have had their segment kept, whole.
	for i := range 3 {
		c.append(other, i, cut(i)).data()
	}
	c.finalize(other).data()
	if got := c.original(other); sum(got.body) != sum(file) {
		t.Error("the other original is not what was sent")
	}
	s.settles(sockets, 0)
	if stacks := s.quit(); strings.Contains(stacks, "magpie/internal/xapi.(*API)") {
		t.Errorf("a connection is still served:\n%s", stacks)
	}
}

// segments lists the indexes that arrived of an upload.
func (c client) segments(id string) []int {
	c.t.Helper()
	var list []int
	for _, v := range c.call("GET", "/magpie/v1/uploads/"+id, nil).data()["segments"].([]any) {
		list = append(list, int(v.(map[string]any)["segment_index"].(float64)))
	}
	return list
}

// briefPatience is how long the servers of the tests below wait for a client: long
// enough that a machine which stands still for some seconds is none that stalls.
const briefPatience = "7s"

// TestStalledClientsAreLetGo: bodies that stand still or drip end with 408 in
// the shape of their dialect, in time; a slow one that keeps going is taken.
func TestStalledClientsAreLetGo(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--patience", briefPatience, "--min-rate", "1KB")
	s.web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s.run()
	c := s.client()
	segment := bytes.Repeat([]byte("m"), 40<<10)
	id := c.initialize("video/mp4", "tweet_video", 1<<20)
	sockets, _ := s.hold()
	var wg sync.WaitGroup
	for i, way := range append(waysToAppend(id, 0, segment), raw{"own API", "/magpie/v1/webhooks", "application/json", strings.Repeat(" ", 1000)}) {
		conn := s.dial()
		wg.Go(func() {
			defer conn.Close()
			_, _ = io.WriteString(conn, way.head()+way.body[:len(way.body)/2])
			ended := make(chan struct{})
			wg.Go(func() {
				for at := len(way.body) / 2; i%2 == 0 && at < len(way.body); at++ { // every second one drips
					select {
					case <-ended:
						return
					case <-time.After(100 * time.Millisecond):
						_, _ = conn.Write([]byte{way.body[at]})
					}
				}
			})
			defer close(ended)
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
			r := bufio.NewReader(conn)
			got, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Errorf("%s: %v", way.name, err)
				return
			}
			body, err := io.ReadAll(got.Body)
			if err != nil || got.StatusCode != http.StatusRequestTimeout || !strings.Contains(string(body), "came too slowly") || !got.Close {
				t.Errorf("%s: %d, close %v, %s, %v", way.name, got.StatusCode, got.Close, body, err)
			}
			if isV1 := strings.HasPrefix(way.path, "/1.1/"); strings.Contains(string(body), `"title":"Request Timeout"`) == isV1 {
				t.Errorf("%s: %s", way.name, body)
			}
			if _, err := r.ReadByte(); err == nil {
				t.Errorf("%s: the connection goes on", way.name)
			}
		})
	}
	wg.Go(func() { // 5 KB/s, for longer than the patience
		way := waysToAppend(id, 1, segment)[0]
		conn := s.dial()
		defer conn.Close()
		_, _ = io.WriteString(conn, way.head())
		for rest := way.body; len(rest) > 0; rest = rest[min(500, len(rest)):] {
			_, _ = io.WriteString(conn, rest[:min(500, len(rest))])
			time.Sleep(100 * time.Millisecond) // its pace
		}
		_ = conn.SetReadDeadline(time.Now().Add(time.Minute))
		if got, err := http.ReadResponse(bufio.NewReader(conn), nil); err != nil || got.StatusCode != http.StatusOK {
			t.Errorf("at 5 KB/s: %v, %v", got, err)
		}
	})
	wg.Wait()
	s.settles(sockets, 0)
	if got := c.segments(id); fmt.Sprint(got) != "[1]" {
		t.Errorf("segments %v", got)
	}
}

// TestViewersWhoDoNotRead are let go, and those who read slowly get all of it.
func TestViewersWhoDoNotRead(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--patience", briefPatience)
	s.web = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	s.run()
	c := s.client()
	file := append(tinyPNG(t, 2), make([]byte, 24<<20)...) // more than sockets hold
	id := c.initialize("image/png", "tweet_image", len(file))
	for i, off := 0, 0; off < len(file); i, off = i+1, off+8<<20 {
		c.append(id, i, file[off:min(off+8<<20, len(file))]).data()
	}
	c.finalize(id).data()
	sockets, _ := s.hold()
	ask := fmt.Sprintf("GET /magpie/v1/media/%s/original HTTP/1.1\r\nHost: magpie\r\nAuthorization: Bearer %s\r\n\r\n", id, secret)
	deaf, slow := s.dial(), s.dial()
	defer deaf.Close()
	defer slow.Close()
	_, _ = io.WriteString(deaf, ask)
	_, _ = io.WriteString(slow, ask)
	r := bufio.NewReader(slow)
	got, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for { // longer than the patience, and with pauses
		if _, err := io.CopyN(&all, got.Body, 2<<20); err != nil {
			break
		}
		time.Sleep(600 * time.Millisecond)
	}
	if sum(all.Bytes()) != sum(file) {
		t.Errorf("the slow viewer got %d bytes of %d", all.Len(), len(file))
	}
	slow.Close()
	s.settles(sockets, 4) // the segments
}
