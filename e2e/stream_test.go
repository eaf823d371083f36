package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// told is one message of a stream.
type told struct {
	id, kind string
	data     map[string]any
}

// listen opens a stream and gives its messages; the channel closes at its end.
func (c client) listen(last string) (<-chan told, context.CancelFunc) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/magpie/v1/stream", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		c.t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	out := make(chan told, 1000)
	go func() {
		defer close(out)
		defer answer.Body.Close()
		var m told
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				m.id = value
			case "event":
				m.kind = value
			case "data":
				if json.Unmarshal([]byte(value), &m.data) != nil {
					m.kind = "unreadable " + value
				}
			case "":
				if m.kind != "" {
					out <- m
				}
				m = told{}
			}
		}
	}()
	return out, cancel
}

// next gives the next message.
func next(t *testing.T, all <-chan told) told {
	t.Helper()
	select {
	case m, ok := <-all:
		if !ok {
			t.Fatal("the stream ended")
		}
		return m
	case <-time.After(time.Minute):
		t.Fatal("nothing came")
	}
	return told{}
}

// ended waits for the end of a stream.
func ended(t *testing.T, all <-chan told) {
	t.Helper()
	for deadline := time.After(time.Minute); ; {
		select {
		case _, ok := <-all:
			if !ok {
				return
			}
		case <-deadline:
			t.Fatal("the stream goes on")
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	s := start(t, "--faults")
	c := s.client()
	all, leave := c.listen("")
	begin := next(t, all)
	if begin.kind != "ready" || begin.id == "" {
		t.Fatalf("it begins with %+v", begin)
	}
	c.as(s.token("7")).upload("text/vtt", "subtitles", []byte(greeting), 100) // not for this one
	text := c.upload("text/vtt", "subtitles", []byte(greeting), 100)
	first := next(t, all)
	if first.kind != "media.succeeded" || first.data["id"] != text["id"] || first.data["media_key"] != text["media_key"] || first.id == "" {
		t.Fatalf("a success: %+v", first)
	}
	picture := animation(40, 30, 3, 10, false)
	gif := c.initialize("image/gif", "tweet_gif", len(picture))
	c.append(gif, 0, picture).data()
	c.call("POST", "/2/media/upload/"+gif+"/finalize", nil, "X-Magpie-Fault", "processing-time=8s") // long enough to be seen, though the server should stand still meanwhile
	moved := 0
	for {
		m := next(t, all)
		if m.data["id"] != gif {
			t.Fatalf("another's: %+v", m)
		}
		if m.kind == "media.progress" {
			if state := m.data["state"]; m.id != "" || state != "pending" && state != "in_progress" {
				t.Fatalf("on its way: %+v", m)
			}
			moved++
			continue
		}
		if m.kind != "media.succeeded" || moved == 0 {
			t.Fatalf("after %d: %+v", moved, m)
		}
		break
	}
	if a := c.call("DELETE", "/magpie/v1/media/"+gif, nil); a.status >= 300 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	gone := next(t, all)
	if gone.kind != "media.deleted" || gone.data["id"] != gif || gone.data["state"] != "deleted" {
		t.Errorf("a deletion: %+v", gone)
	}
	leave()

	// What was missed, and then what is new; in another process of the server.
	s.kill()
	s.run()
	all, leave = c.listen(first.id)
	if m := next(t, all); m.kind != "media.succeeded" || m.data["id"] != gif {
		t.Errorf("what was missed: %+v", m)
	}
	if m := next(t, all); m.kind != "media.deleted" || m.id != gone.id {
		t.Errorf("and then: %+v", m)
	}
	if m := next(t, all); m.kind != "ready" {
		t.Errorf("after that: %+v", m)
	}
	leave()
	for _, last := range []string{"9999999", "-1", "x"} {
		all, leave = c.listen(last)
		if m := next(t, all); m.kind != "reset" || m.id == "" {
			t.Errorf("after %s: %+v", last, m)
		}
		leave()
	}
}

func TestStreamEnds(t *testing.T) {
	t.Parallel()
	s := start(t)
	own := s.client()
	guest := s.token("7")
	all, _ := own.as(guest).listen("")
	next(t, all)
	list, _, _ := magpie(t, "token", "list", "--data", s.data)
	for _, line := range strings.Split(list, "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[1] == "7" {
			if _, errs, code := magpie(t, "token", "revoke", "--data", s.data, f[0]); code != 0 {
				t.Fatal(errs)
			}
		}
	}
	ended(t, all) // with its token

	var open []<-chan told
	for range 10 {
		one, _ := own.listen("")
		next(t, one)
		open = append(open, one)
	}
	own.call("GET", "/magpie/v1/stream", nil).refused(429, "10 streams")
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	for _, one := range open {
		ended(t, one)
	}
}

func TestStreamIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	c.as("").call("GET", "/magpie/v1/stream", nil).refused(401)
	c.as(s.token("1", "--scopes", "users.read")).call("GET", "/magpie/v1/stream", nil).refused(403, "scope")
	c.as(s.token("1", "--app-only")).call("GET", "/magpie/v1/stream", nil).refused(403, "Application-Only")
	c.call("GET", "/magpie/v1/stream?x=1", nil).refused(400, "x")
}
