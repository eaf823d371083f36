package e2e

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// cachedMP4 makes each of these videos once a run.
var cachedMP4 sync.Map

// tinyMP4 is a 160×120 video of some seconds, with sound.
func tinyMP4(t *testing.T, seconds int) []byte {
	t.Helper()
	made, _ := cachedMP4.LoadOrStore(seconds, sync.OnceValues(func() ([]byte, error) {
		dir, err := os.MkdirTemp("", "magpie-e2e-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		out := filepath.Join(dir, "tiny.mp4")
		cmd := exec.Command("ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=160x120:rate=15:duration=%d", seconds),
			"-f", "lavfi", "-i", fmt.Sprintf("sine=duration=%d", seconds), "-c:v", "mpeg4", "-c:a", "aac", "-shortest", out)
		if said, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("ffmpeg: %w: %s", err, said)
		}
		return os.ReadFile(out)
	}))
	b, err := made.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tinyPNG is a picture that differs from those of other seeds.
func tinyPNG(t *testing.T, seed int) []byte {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for i := range m.Pix {
		m.Pix[i] = byte(i*7 + seed*131 + seed>>8*i)
		if i%4 == 3 {
			m.Pix[i] &= 0x7f // an opaque picture, as one seed in 16,384 gave, gets other renditions
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tinyGIF is an animation of six frames.
func tinyGIF(t *testing.T) []byte {
	t.Helper()
	var g gif.GIF
	for i := range 6 {
		m := image.NewPaletted(image.Rect(0, 0, 64, 48), color.Palette{color.Black, color.White, color.RGBA{R: 200, A: 255}})
		for x := range 8 {
			m.SetColorIndex(8*i+x, 10+x, uint8(1+x%2))
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// eventually polls until the condition gives "", and fails with what it said
// last when that takes too long.
func eventually(t *testing.T, condition func() string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		said := condition()
		if said == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatal(said)
		}
		time.Sleep(20 * time.Millisecond) // polls
	}
}

// files lists the files of a folder and those below it, by their paths from
// there. A folder that is not there has none.
func files(t *testing.T, folder string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // gone since it was listed
		}
		if err == nil && !d.IsDir() {
			found = append(found, strings.TrimPrefix(path, folder+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// blobs lists the blobs of one media, such as segments or renditions, by their
// paths on disk, those in packs as if they had files.
func (s *server) blobs(kind, id string) []string {
	s.t.Helper()
	var paths []string
	for _, b := range s.located(kind, id) {
		paths = append(paths, b.path)
	}
	return paths
}

// located tells of the same blobs where their bytes are. The id * is for all media.
func (s *server) located(kind, id string) []stored {
	s.t.Helper()
	found, err := filepath.Glob(filepath.Join(s.data, "blobs", kind, "*", id))
	if err != nil {
		s.t.Fatal(err)
	}
	var all []stored
	for _, folder := range found {
		for _, f := range files(s.t, folder) {
			all = append(all, inFile(s.t, filepath.Join(folder, f))...)
		}
	}
	of := func(b stored) bool {
		parts := strings.Split(strings.TrimPrefix(b.path, filepath.Join(s.data, "blobs")+"/"), "/")
		return parts[0] == kind && (parts[2] == id || id == "*")
	}
	for _, b := range s.inPacks() {
		if of(b) {
			all = append(all, b)
		}
	}
	return all
}

// inPacks tells where the blobs are that share files with those of other media.
func (s *server) inPacks() []stored {
	s.t.Helper()
	var all []stored
	folder := filepath.Join(s.data, "blobs", "_packs")
	for _, f := range files(s.t, folder) {
		all = append(all, inFile(s.t, filepath.Join(folder, f))...)
	}
	return all
}

// uploading lists what is in the blob store's folder of unfinished files.
func (s *server) uploading() []string { return files(s.t, filepath.Join(s.data, "blobs", "tmp")) }

// transcoders lists the processes that work in the server's data folder, other
// than the server.
func (s *server) transcoders() []string {
	s.t.Helper()
	found, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		s.t.Fatal(err)
	}
	var list []string
	for _, link := range found {
		cwd, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(cwd, s.data+"/") {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(link), "cmdline"))
		list = append(list, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return list
}

// transcodes uploads a video of so many seconds, or of as many more as the machine
// needs for a transcoder to be seen at work on it, and gives how many those were.
func (s *server) transcodes(secs int) (id string, took int) {
	s.t.Helper()
	c := s.client()
	for ; secs <= 320; secs *= 2 {
		id = c.upload("video/mp4", "tweet_video", tinyMP4(s.t, secs), 1<<20)["id"].(string)
		ended := false
		eventually(s.t, func() string {
			seen := len(s.transcoders()) > 0
			info := c.status(id).processing()
			ended = info["state"] == "succeeded"
			if !seen && !ended {
				return fmt.Sprintf("no transcoder was seen: %v", info)
			}
			return ""
		})
		if !ended {
			return id, secs
		}
	}
	s.t.Fatal("videos are ready before a transcoder is seen")
	return "", 0
}

// transcoding reports whether an attempt has begun to work in the scratch folder.
func (s *server) transcoding() bool {
	entries, _ := os.ReadDir(filepath.Join(s.data, "scratch"))
	return len(entries) > 0
}

// quiet waits until nothing is being processed, and checks that nothing of it
// is left.
func (s *server) quiet() {
	s.t.Helper()
	eventually(s.t, func() string {
		if s.transcoding() {
			return "the scratch folder is not empty"
		}
		if left := s.transcoders(); len(left) > 0 {
			return "child processes are left: " + strings.Join(left, "; ")
		}
		return ""
	})
}

// get asks for a path without a token and gives the status and the body.
func (s *server) get(path string) (int, string) {
	s.t.Helper()
	a := s.client().as("").call(http.MethodGet, path, nil)
	return a.status, string(a.body)
}

// fails runs a server that must not start, and checks that it ends with
// status 1 and words that hold every one of the pieces.
func (s *server) fails(pieces ...string) {
	s.t.Helper()
	args := append([]string{"serve", "--listen", strings.TrimPrefix(s.url, "http://"), "--data", s.data}, s.args...)
	cmd := exec.CommandContext(s.t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.WaitDelay = time.Second
	out, _ := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 1 {
		s.t.Errorf("exit status %d, want 1: %s", code, out)
	}
	for _, piece := range pieces {
		if !strings.Contains(string(out), piece) {
			s.t.Errorf("the words do not name %q: %s", piece, out)
		}
	}
}
