package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// uploading is one run of magpie upload, with a state folder of its own.
type uploading struct {
	cmd       *exec.Cmd
	out, errs syncBuffer
}

func runUpload(t *testing.T, to, state, file string, more ...string) *uploading {
	t.Helper()
	u := &uploading{}
	u.cmd = exec.CommandContext(t.Context(), binary, append([]string{"upload", file, "--to", to, "--segment", "16KiB"}, more...)...)
	u.cmd.Env = append(os.Environ(), "MAGPIE_TOKEN="+secret, "XDG_STATE_HOME="+state)
	u.cmd.Stdout, u.cmd.Stderr = &u.out, &u.errs
	u.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return u
}

// end waits for the process and gives its exit code.
func (u *uploading) end() int {
	_ = u.cmd.Wait()
	return u.cmd.ProcessState.ExitCode()
}

// id reads the media id of the final JSON.
func (u *uploading) id(t *testing.T) string {
	t.Helper()
	var final struct{ Data struct{ ID string } }
	if err := json.Unmarshal([]byte(u.out.tail(1<<20)), &final); err != nil || final.Data.ID == "" {
		t.Fatalf("%v: %q %s", err, u.out.tail(1<<20), u.errs.tail(4000))
	}
	return final.Data.ID
}

// remembered lists the state folder.
func remembered(t *testing.T, state string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(state, "magpie", "uploads", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

const wholePicture = 40 // segments of 16 KiB, the last short

// manySegments is an image that is as many segments long.
func manySegments(t *testing.T) []byte {
	t.Helper()
	b := noise(t, 464)
	if n := (len(b) + 16<<10 - 1) / (16 << 10); n != wholePicture {
		t.Fatalf("the picture has %d bytes, which is %d segments", len(b), n)
	}
	return b
}

const initializing = "POST /2/media/upload/initialize"

// TestUploadGoesOnAfterKill: an upload that was killed in the middle sends, run
// again, only what is missing, and ends as the same media; where magpie's own
// API can't be had, too.
func TestUploadGoesOnAfterKill(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, row := range map[string]struct {
		hides bool
		more  []string
		own   int // calls of magpie's own API at most
		again int // segments that may be sent although they arrived
	}{
		"magpie":          {own: 3},
		"magpie, 4 lanes": {own: 3, more: []string{"--parallel", "4"}},
		"x, found out":    {hides: true, own: 2, more: []string{"--parallel", "1"}},
		"x, said":         {hides: true, more: []string{"--api", "x", "--parallel", "4"}, again: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := manySegments(t)
			g, state, file := newGate(t, s, row.hides), t.TempDir(), fileWith(t, "noise.png", content)
			g.allow(15)
			first := runUpload(t, g.url, state, file, row.more...)
			g.holding(t, 1)
			eventually(t, func() string {
				if n, _, _, _ := g.count(""); n < 15 {
					return "not all that entered arrived"
				}
				return ""
			})
			_ = first.cmd.Process.Kill()
			first.end()
			if got := remembered(t, state); len(got) != 1 {
				t.Fatalf("remembered: %v", got)
			}
			g.allow(1 << 30)
			second := runUpload(t, g.url, state, file, row.more...)
			if code := second.end(); code != 0 {
				t.Fatalf("exit %d: %s", code, second.errs.tail(4000))
			}
			id := second.id(t)
			segments, twice, _, opened := g.count(initializing)
			if segments-wholePicture > row.again || twice > row.again || opened != 1 {
				t.Errorf("%d segments were acknowledged, %d of them again, in %d uploads; want %d in one", segments, twice, opened, wholePicture)
			}
			if !strings.Contains(second.errs.tail(4000), "going on with "+id) || !strings.Contains(second.errs.tail(4000), "arrived before") {
				t.Errorf("it does not say that it goes on: %s", second.errs.tail(4000))
			}
			if g.own > row.own {
				t.Errorf("%d calls of magpie's own API, want at most %d", g.own, row.own)
			}
			if got := s.client().original(id); sum(got.body) != sum(content) {
				t.Errorf("the original is not the file: %d", got.status)
			}
			if got := remembered(t, state); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// TestUploadInterrupted: Ctrl-C ends an upload with words how it goes on, and it
// does; --no-resume begins anew.
func TestUploadInterrupted(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, stop := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			content := manySegments(t)
			g, state, file := newGate(t, s, false), t.TempDir(), fileWith(t, "noise.png", content)
			g.allow(10)
			first := runUpload(t, g.url, state, file)
			g.holding(t, 3)
			_ = first.cmd.Process.Signal(stop)
			if code := first.end(); code != 130 || first.out.tail(100) != "" || !strings.Contains(first.errs.tail(4000), "the same command goes on from there") {
				t.Errorf("exit %d: %q %s", code, first.out.tail(100), first.errs.tail(4000))
			}
			if name == "SIGTERM" {
				g.allow(1 << 30)
				anew := runUpload(t, g.url, state, file, "--no-resume")
				if code := anew.end(); code != 0 {
					t.Fatalf("--no-resume: exit %d: %s", code, anew.errs.tail(4000))
				}
				if segments, _, _, opened := g.count(initializing); segments != 10+wholePicture || opened != 2 {
					t.Errorf("--no-resume: %d segments in %d uploads", segments, opened)
				}
				if got := remembered(t, state); len(got) != 1 {
					t.Errorf("--no-resume: remembered: %v", got)
				}
				return
			}
			g.allow(1 << 30)
			second := runUpload(t, g.url, state, file)
			if code := second.end(); code != 0 {
				t.Fatalf("exit %d: %s", code, second.errs.tail(4000))
			}
			if segments, twice, bytes, opened := g.count(initializing); segments != wholePicture || twice != 0 || opened != 1 || bytes != int64(len(content)) {
				t.Errorf("%d segments of %d bytes, %d twice, in %d uploads", segments, bytes, twice, opened)
			}
		})
	}
}

// TestUploadOfAChangedFile begins anew with words, and ends the old upload.
func TestUploadOfAChangedFile(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := manySegments(t)
	g, state, file := newGate(t, s, false), t.TempDir(), fileWith(t, "noise.png", content)
	g.allow(10)
	first := runUpload(t, g.url, state, file)
	g.holding(t, 3)
	other := runUpload(t, g.url, state, file)
	if code := other.end(); code != 1 || !strings.Contains(other.errs.tail(4000), "another magpie") {
		t.Errorf("a second at once: exit %d: %s", code, other.errs.tail(4000))
	}
	_ = first.cmd.Process.Kill()
	first.end()
	content = noise(t, 300)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	g.allow(1 << 30)
	second := runUpload(t, g.url, state, file)
	if code := second.end(); code != 0 || !strings.Contains(second.errs.tail(4000), "has changed since its upload began") {
		t.Fatalf("exit %d: %s", code, second.errs.tail(4000))
	}
	if got := s.client().original(second.id(t)); sum(got.body) != sum(content) {
		t.Errorf("the original is not the new file: %d", got.status)
	}
	if a := s.client().call("GET", "/magpie/v1/uploads", nil); a.status != 200 || !bytes.Contains(a.body, []byte(`"data":[]`)) {
		t.Errorf("the old upload is still there: %s", a.body)
	}
}

// TestUploadWhatTheServerLost: an upload that the server no longer has begins
// anew, and segments that hold something else are sent again.
func TestUploadWhatTheServerLost(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := manySegments(t)
	g, state, file := newGate(t, s, false), t.TempDir(), fileWith(t, "noise.png", content)
	stopAfter := func(n int) string {
		g.allow(n)
		first := runUpload(t, g.url, state, file)
		g.holding(t, 3)
		_ = first.cmd.Process.Kill()
		first.end()
		names := remembered(t, state)
		if len(names) != 1 {
			t.Fatalf("remembered: %v", names)
		}
		b, err := os.ReadFile(names[0])
		if err != nil {
			t.Fatal(err)
		}
		var known struct {
			ID string `json:"media_id"`
		}
		if err := json.NewDecoder(bytes.NewReader(b)).Decode(&known); err != nil {
			t.Fatal(err)
		}
		g.allow(1 << 30)
		return known.ID
	}
	id := stopAfter(10)
	s.client().append(id, 3, bytes.Repeat([]byte{'x'}, 16<<10)) // the newest of an index counts
	second := runUpload(t, g.url, state, file)
	if code := second.end(); code != 0 {
		t.Fatalf("exit %d: %s", code, second.errs.tail(4000))
	}
	if got := s.client().original(second.id(t)); second.id(t) != id || sum(got.body) != sum(content) {
		t.Errorf("%s became %s, and the original is not the file: %d", id, second.id(t), got.status)
	}
	id = stopAfter(10)
	if a := s.client().call("DELETE", "/magpie/v1/uploads/"+id, nil); a.status != 204 {
		t.Fatalf("%d", a.status)
	}
	third := runUpload(t, g.url, state, file)
	if code := third.end(); code != 0 || third.id(t) == id || !strings.Contains(third.errs.tail(4000), "beginning anew") {
		t.Errorf("exit %d: %s", code, third.errs.tail(4000))
	}
}

// TestUploadWhileTheServerIsAway: the command waits for it and goes on; without
// patience it ends with the status that says to come again, and goes on then.
func TestUploadWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	content := manySegments(t)
	g, state, file := newGate(t, s, false), t.TempDir(), fileWith(t, "noise.png", content)
	g.allow(10)
	first := runUpload(t, g.url, state, file, "--retry", "1ms")
	g.holding(t, 3)
	s.kill()
	g.open()
	if code := first.end(); code != 75 || !strings.Contains(first.errs.tail(4000), "502") || !strings.Contains(first.errs.tail(4000), "the same command goes on") {
		t.Errorf("exit %d: %s", code, first.errs.tail(4000))
	}
	second := runUpload(t, g.url, state, file)
	eventually(t, func() string {
		if !strings.Contains(second.errs.tail(4000), "trying again in") {
			return "it does not try again: " + second.errs.tail(4000)
		}
		return ""
	})
	s.run()
	if code := second.end(); code != 0 {
		t.Fatalf("exit %d: %s", code, second.errs.tail(4000))
	}
	if segments, twice, _, opened := g.count(initializing); segments != wholePicture || twice != 0 || opened != 1 {
		t.Errorf("%d segments, %d twice, in %d uploads", segments, twice, opened)
	}
	if got := s.client().original(second.id(t)); sum(got.body) != sum(content) {
		t.Errorf("the original is not the file: %d", got.status)
	}
	s.checkWhole()
}

// TestUploadToXAlone: where magpie's own API can't be had, the calls are X's, in
// X's order, and say what X wants to be told.
func TestUploadToXAlone(t *testing.T) {
	t.Parallel()
	s := start(t)
	g := newGate(t, s, true)
	metadata := fileWith(t, "m.json", []byte(`{"metadata":{"alt_text":{"text":"words"},"upload_source":{"upload_source":"cli"}}}`))
	captions := fileWith(t, "en.srt", []byte("1\n00:00:00,000 --> 00:00:01,000\nhello\n"))
	u := runUpload(t, g.url, t.TempDir(), fileWith(t, "clip.mp4", tinyMP4(t, 2)), "--api", "x", "--metadata", metadata, "--subtitles", captions+":en:English")
	if code := u.end(); code != 0 {
		t.Fatalf("exit %d: %s", code, u.errs.tail(4000))
	}
	id := u.id(t)
	order := []string{
		initializing, "POST /2/media/upload/" + id + "/finalize", "POST /2/media/metadata",
		initializing, "POST /2/media/subtitles", "GET /2/media/upload", "GET /2/media/7_" + id,
	}
	at := 0
	for _, c := range g.calls {
		if at < len(order) && c == order[at] {
			at++
		}
	}
	if at != len(order) || g.own != 0 {
		t.Errorf("%d calls of magpie's own API, and of X's %v; want these in order: %v", g.own, g.calls, order)
	}
	var shown struct {
		Data struct {
			Metadata  map[string]json.RawMessage
			Subtitles []struct{ Language string }
		}
	}
	a := s.client().call("GET", "/magpie/v1/media/"+id, nil)
	if err := json.Unmarshal(a.body, &shown); err != nil || len(shown.Data.Metadata) != 2 || len(shown.Data.Subtitles) != 1 || shown.Data.Subtitles[0].Language != "en" {
		t.Errorf("%v: %s", err, a.body)
	}
	for name, in := range map[string][]byte{"told from its bytes": tinyPNG(t, 3)} {
		cmd := exec.CommandContext(t.Context(), binary, "upload", "-", "--to", g.url, "--token", secret)
		cmd.Stdin = bytes.NewReader(in)
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte(`"type": "photo"`)) {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
	if !slices.Contains(g.calls, "POST /2/media/metadata") {
		t.Error("no metadata")
	}
}

// TestUploadEndsSoonInAPipe: standard input that does not end does not keep the
// command from ending.
func TestUploadEndsSoonInAPipe(t *testing.T) {
	t.Parallel()
	s := start(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	g := newGate(t, s, false)
	u := &uploading{cmd: exec.CommandContext(t.Context(), binary, "upload", "-", "--to", g.url, "--token", secret, "--segment", "1KiB")}
	u.cmd.Stdin, u.cmd.Stdout, u.cmd.Stderr = r, &u.out, &u.errs
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 3<<10)); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() string {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.calls) < 2 {
			return "it has not begun"
		}
		return ""
	})
	_ = u.cmd.Process.Signal(os.Interrupt)
	ended := make(chan int, 1)
	go func() { ended <- u.end() }()
	select {
	case code := <-ended:
		if code != 130 {
			t.Errorf("exit %d: %s", code, u.errs.tail(4000))
		}
	case <-time.After(2 * time.Minute):
		t.Error("Ctrl-C does not end it")
	}
}
