package e2e

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// onSmallDisk puts the server's data folder on a filesystem of its own and
// gives a folder beside it.
func (s *server) onSmallDisk(size string) (beside string) {
	s.t.Helper()
	disk := s.t.TempDir()
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "magpie-e2e", disk).CombinedOutput()
	if err != nil {
		s.t.Fatalf("this test fills a disk and must be allowed to mount a tmpfs (run it as root): %v: %s", err, out)
	}
	s.t.Cleanup(func() {
		s.kill()
		if out, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			s.t.Errorf("umount: %v: %s", err, out)
		}
	})
	s.data = filepath.Join(disk, "data")
	return disk
}

// fill takes all the room of a folder's filesystem until the file that it
// makes is removed.
func fill(t *testing.T, folder string) (filler string) {
	t.Helper()
	filler = filepath.Join(folder, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for n := 1 << 20; n > 0; { // the last byte, too
		if _, err := f.Write(make([]byte, n)); errors.Is(err, syscall.ENOSPC) {
			n /= 2
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return filler
}

// lacksRoom reports whether an answer refuses for want of room, and fails on
// any answer but that and success.
func (a answer) lacksRoom() bool {
	a.t.Helper()
	switch a.status {
	case http.StatusOK:
		return false
	case http.StatusInsufficientStorage, http.StatusServiceUnavailable:
		a.refused(a.status, "room")
	default:
		a.t.Errorf("status %d on a full disk: %s", a.status, a.body)
	}
	return true
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--reserve", "0B")
	disk := s.onSmallDisk("64m")
	s.run()
	c := s.client()

	picture, video := tinyPNG(t, 1), tinyMP4(t, 2)
	whole := map[string][]byte{} // what must never be lost
	first := c.upload("image/png", "tweet_image", picture, 1<<20)["id"].(string)
	whole[first] = picture
	unfinished := c.initialize("video/mp4", "tweet_video", len(video))
	half := len(video) / 2
	c.append(unfinished, 0, video[:half]).data()
	c.append(unfinished, 1, video[half:]).data() // all acknowledged, and to be finalized on the full disk
	open := c.initialize("image/png", "tweet_image", len(picture))

	filler := fill(t, disk)
	if !c.append(open, 0, picture).lacksRoom() {
		t.Error("an append found room on a full disk")
	}
	full := false
	for range 3000 { // until SQLite's log has no room either
		if full = c.call(http.MethodPost, "/2/media/upload/initialize", map[string]any{"total_bytes": 1}).lacksRoom(); full || t.Failed() {
			break
		}
	}
	if !full {
		t.Error("initialize never found the disk full")
	}
	if !c.finalize(unfinished).lacksRoom() {
		t.Error("finalize found room where initialize had none")
	}
	s.readiness(http.StatusServiceUnavailable)
	if got := c.original(first); sum(got.body) != sum(picture) {
		t.Errorf("an earlier original can't be read on the full disk: %d", got.status)
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.readiness(http.StatusOK)
	c.append(open, 0, picture).data()
	c.finalize(open).data()
	whole[open] = picture
	c.finalize(unfinished).data()
	whole[unfinished] = video
	for id, want := range whole {
		c.succeeded(id)
		if got := c.original(id); sum(got.body) != sum(want) {
			t.Errorf("%s is not what was sent", id)
		}
	}
	s.quiet()
	s.checkWhole()
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// readiness waits until the server says that it can, or cannot, take uploads.
// It is alive all the time.
func (s *server) readiness(want int) {
	s.t.Helper()
	eventually(s.t, func() string {
		if status, body := s.get("/healthz"); status != http.StatusOK {
			s.t.Errorf("healthz: %d %s", status, body)
		}
		status, body := s.get("/readyz")
		if status != want {
			return "readyz: " + http.StatusText(status) + " " + body
		}
		return ""
	})
}

// TestFullDiskWhileProcessing fills the disk under finalized media. They are
// put off, and not taken for broken files.
func TestFullDiskWhileProcessing(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--reserve", "0B")
	disk := s.onSmallDisk("64m")
	s.run()
	c := s.client()
	picture := tinyPNG(t, 2)
	still := c.initialize("image/png", "tweet_image", len(picture))
	c.append(still, 0, picture).data()
	var id, filler string
	for secs := 20; ; secs *= 2 {
		id, secs = s.transcodes(secs)
		filler = fill(t, disk)
		eventually(t, func() string { // the attempt has ended, for want of room
			if len(s.transcoders()) > 0 {
				return "the transcoder is still at it"
			}
			return ""
		})
		info := c.status(id).processing()
		if info["state"] == "in_progress" || info["state"] == "pending" {
			break
		}
		if info["state"] != "succeeded" || secs > 80 {
			t.Fatalf("a full disk is taken for a broken video: %v", info)
		}
		if err := os.Remove(filler); err != nil { // it was ready before the disk was full
			t.Fatal(err)
		}
		s.readiness(http.StatusOK)
	}
	if !c.finalize(still).lacksRoom() {
		info, _ := c.status(still).data()["processing_info"].(map[string]any)
		if info["state"] == "failed" {
			t.Errorf("a full disk is taken for a broken image: %v", info)
		}
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.readiness(http.StatusOK)
	c.finalize(still).data()
	c.succeeded(still)
	c.succeeded(id)
	s.quiet()
	s.checkWhole()
}

// TestReserve is refused while there is still room, so that the disk never
// gets full.
func TestReserve(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--reserve", "32MiB")
	disk := s.onSmallDisk("64m")
	s.run()
	c := s.client()
	file := bytes.Repeat([]byte("x"), 4<<20)
	id := c.initialize("video/mp4", "tweet_video", 64<<20)
	taken := 0
	for taken < 16 && !c.append(id, taken, file).lacksRoom() {
		taken++
	}
	if taken == 0 || taken == 16 {
		t.Errorf("%d segments of 4 MiB were taken on a disk of 64 MiB with a reserve of 32 MiB", taken)
	}
	spare := freeOn(t, disk) - 32<<20
	if spare < 0 {
		t.Fatalf("the reserve has lost %d bytes", -spare)
	}
	// Announced or not: a body of unknown length is stopped on the way.
	body, kind := form(taken, bytes.Repeat([]byte("x"), 30<<20))
	if !c.call(http.MethodPost, "/2/media/upload/"+id+"/append", io.MultiReader(bytes.NewReader(body)), "Content-Type", kind).lacksRoom() {
		t.Error("a body of unknown length went past the reserve")
	}
	if left := s.uploading(); len(left) > 0 {
		t.Errorf("refused segments left %v", left)
	}
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, spare+1), 0o600); err != nil {
		t.Fatal(err)
	}
	s.readiness(http.StatusServiceUnavailable)
	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	s.readiness(http.StatusOK)
	s.checkWhole()
}

// freeOn is how many bytes are free on a folder's filesystem.
func freeOn(t *testing.T, folder string) int64 {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(folder, &st); err != nil {
		t.Fatal(err)
	}
	return int64(st.Bavail) * st.Bsize
}
