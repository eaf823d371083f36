package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob/s3blob/s3test"
	"magpie/internal/catalog/postgrestest"
)

// house is an installation with something of everything in it.
type house struct {
	keys, originals, links []string
	deleted, open, other   string
	open0, open1           []byte
	counted                string // the key of a media that was played
}

// furnish fills a server.
func furnish(t *testing.T, s *server) house {
	t.Helper()
	c := s.client()
	h := house{other: s.token("77")}
	add := func(up map[string]any) string {
		c.succeeded(up["id"].(string))
		h.keys = append(h.keys, up["media_key"].(string))
		h.originals = append(h.originals, up["id"].(string))
		return up["id"].(string)
	}
	video := tinyMP4(t, 1)
	clip := add(c.upload("video/mp4", "tweet_video", video, 4000)) // many segments
	picture := add(c.upload("image/png", "tweet_image", tinyPNG(t, 1), 1<<20))
	c.annotate(picture, map[string]any{"alt_text": map[string]any{"text": "a magpie — 🐦"}})
	captions := c.captions("1\n00:00:00,000 --> 00:00:01,000\nChatter\n")
	c.attach(clip, captions, "en", "English")
	locked := add(c.upload("image/png", "tweet_image", tinyPNG(t, 2), 1<<20))
	c.forSubscribers(locked)
	signed, _ := c.sign(locked, creatorsOnly)
	for _, link := range signed {
		h.links = append(h.links, link)
	}
	for _, e := range c.lookup("7_" + clip)["variants"].([]any) {
		h.links = append(h.links, e.(map[string]any)["url"].(string))
	}
	theirs := c.as(h.other).upload("image/png", "tweet_image", tinyPNG(t, 3), 1<<20)["id"].(string)
	c.as(h.other).succeeded(theirs)

	h.deleted = c.picture(4)
	c.call("DELETE", library+"/"+h.deleted, nil).data()
	h.open, h.open0, h.open1 = c.initialize("video/mp4", "tweet_video", len(video)), video[:1000], video[1000:]
	c.append(h.open, 0, append([]byte("not what counts "), video[:500]...))
	c.append(h.open, 0, h.open0).data()

	id, key := c.playable()
	h.counted = key
	if a := c.tell(c.playback(id), playerEvent{ID: "1", Type: "start"}); a.status/100 != 2 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return h
}

// handed is a ticket that an answer hands out, which is good for an hour from then.
var handed = regexp.MustCompile(`ticket=v1[^"]*`)

// seen is what viewers and owners get, without the server's address.
func (h house) seen(t *testing.T, s *server) map[string]any {
	t.Helper()
	c, got := s.client(), map[string]any{}
	get := func(c client, path string) {
		a := c.call("GET", path, nil)
		body := any(sum(a.body))
		if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
			if err := json.Unmarshal(handed.ReplaceAll(bytes.ReplaceAll(a.body, []byte(s.url), []byte("http://here")), []byte("ticket=")), &body); err != nil {
				t.Fatal(err)
			}
		}
		got[path+" "+c.token[:2]] = []any{a.status, body}
	}
	for _, key := range h.keys {
		get(c, "/2/media/"+key+allFields)
	}
	for _, id := range h.originals {
		get(c, "/magpie/v1/media/"+id+"/original")
		get(c, "/magpie/v1/media/"+id+"/audit")
		get(c, "/magpie/v1/media/"+id+"/history")
	}
	for _, link := range h.links {
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		get(c.as("--"), u.RequestURI())
	}
	get(c, library)
	get(c, "/magpie/v1/storage")
	get(c.as(h.other), library)
	return got
}

// command is a run of the binary in an environment.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

// wantExit runs a command to its end.
func wantExit(t *testing.T, env []string, code int, says string, args ...string) {
	t.Helper()
	cmd := command(t, env, args...)
	out, _ := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != code || !strings.Contains(string(out), says) {
		t.Fatalf("magpie %s: %v, not %d and %q:\n%s", args[0], cmd.ProcessState, code, says, out)
	}
}

// TestMovingHouse: an installation goes from a data folder to PostgreSQL and S3,
// with a kill in the middle, and back to another folder; all that could be asked
// for before is answered the same, and an upload half-way is finished.
func TestMovingHouse(t *testing.T) {
	t.Parallel()
	store, err := s3test.Start("..")
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.MakeBucket("films"); err != nil {
		t.Fatal(err)
	}
	postgres, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer postgres.Stop()
	database, err := postgres.Create(t.Context(), "house", "")
	if err != nil {
		t.Fatal(err)
	}
	asked, err := store.Count()
	if err != nil {
		t.Fatal(err)
	}
	defer asked.Close()
	place := "s3://films/here?endpoint=http://" + asked.Address
	env := []string{"TO_AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "TO_AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}
	plain := []string{"AWS_ACCESS_KEY_ID=" + s3test.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s3test.SecretKey}

	old := start(t)
	h := furnish(t, old)
	before := h.seen(t, old)
	away := t.TempDir()
	there := []string{"copy", "--parallel", "1", "--from", old.data, "--to", away, "--to-database", database, "--to-blobs", place}
	wantExit(t, env, 1, "in use by another magpie", there...)
	old.kill() // so that it may have counted nothing of what was played

	killed := command(t, env, there...)
	held := asked.Hold(5)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-held:
	case <-time.After(time.Minute):
		t.Error("the copy puts little there")
	}
	_ = killed.Process.Kill()
	if err := killed.Wait(); err == nil {
		t.Fatal("the copy was over before it was killed")
	}
	asked.Let()
	out, err := command(t, env, there...).Output()
	if err != nil || !strings.Contains(string(out), "blobs") || strings.Contains(string(out), "; 0 of the blobs were there already") {
		t.Fatalf("the second copy: %v\n%s", err, out)
	}
	wantExit(t, env, 1, "not empty", there...)
	if strings.Contains(string(out), s3test.SecretKey) {
		t.Error("the secret is shown")
	}

	moved := prepare(t, "--database", database, "--blobs", place)
	moved.data, moved.env = away, append(moved.env, plain...)
	moved.run()
	if diff := cmp.Diff(before, h.seen(t, moved)); diff != "" {
		t.Errorf("at the new place (-before +after):\n%s", diff)
	}
	c := moved.client()
	c.append(h.open, 1, h.open1).data()
	c.finalize(h.open).data()
	c.succeeded(h.open)
	if got := c.original(h.open); !bytes.Equal(got.body, append(append([]byte{}, h.open0...), h.open1...)) {
		t.Errorf("the upload that was half-way has %d bytes", len(got.body))
	}
	c.call("POST", library+"/"+h.deleted+"/restore", nil).data()
	c.counted(h.counted, func(m map[string]any) bool { return m["playback_start"] == 1.0 })
	wantExit(t, plain, 0, "whole", "check", "--data", away, "--database", database, "--blobs", place)

	// And back.
	h.originals = append(h.originals, h.open, h.deleted)
	before = h.seen(t, moved)
	home := t.TempDir()
	back := []string{"copy", "--from", t.TempDir(), "--from-database", database, "--from-blobs", place, "--to", home}
	wantExit(t, plain, 1, "stop them first", back...)
	moved.stop()
	back[2] = away
	wantExit(t, plain, 0, "are at the new place", back...)
	last := prepare(t)
	last.data = home
	last.run()
	if diff := cmp.Diff(before, h.seen(t, last)); diff != "" {
		t.Errorf("back home (-before +after):\n%s", diff)
	}
	last.client().counted(h.counted, func(m map[string]any) bool { return m["playback_start"] == 1.0 })
	last.checkWhole()
	if got := last.client().call("GET", "/2/media/"+h.keys[0], nil); got.status != http.StatusOK {
		t.Errorf("%d", got.status)
	}
}

// TestCopyRefuses: what is missing or damaged is named, and then nothing is there
// that a server would take for the installation.
func TestCopyRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	good, bad := c.picture(1), c.picture(2)
	s.stop()
	segments := s.located("segments", bad)
	if len(segments) != 1 {
		t.Fatalf("on disk are %+v", segments)
	}
	to := t.TempDir()
	wantExit(t, nil, 1, "--from", "copy", "--from", filepath.Join(to, "none"), "--to", to)
	wantExit(t, nil, 1, "no such file", "copy", "--from", t.TempDir(), "--to", to)
	wantExit(t, nil, 1, "--from-blobs", "copy", "--from", s.data, "--from-blobs", "s3://x", "--to", to)
	b, err := os.ReadFile(segments[0].file)
	if err != nil {
		t.Fatal(err)
	}
	b[segments[0].end-1] ^= 1
	if err := os.WriteFile(segments[0].file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	wantExit(t, nil, 1, "is damaged", "copy", "--from", s.data, "--to", to)
	b[segments[0].end-1] ^= 1
	if err := os.WriteFile(segments[0].file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	other, taken := start(t), t.TempDir()
	other.client().picture(3)
	other.stop()
	if err := os.Rename(filepath.Join(other.data, "blobs"), filepath.Join(taken, "blobs")); err != nil {
		t.Fatal(err)
	}
	wantExit(t, nil, 1, "--to-blobs: the store is not empty, and ", "copy", "--from", s.data, "--to", taken)
	wantExit(t, nil, 1, "--blobs: the store is not empty, and ", "restore", "--from", s.data, "--data", taken)
	wantExit(t, nil, 0, "are at the new place", "copy", "--from", s.data, "--to", to)
	s.data = to
	s.run()
	for _, id := range []string{good, bad} {
		if a := s.client().original(id); a.status != http.StatusOK {
			t.Errorf("%s: %d", id, a.status)
		}
	}
	s.checkWhole()
}
