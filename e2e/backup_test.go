package e2e

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBackup: backups are made while pictures are uploaded and deleted; each is whole by itself
// and has what was acknowledged before it began. Of the last, after the server was
// killed, an installation is made elsewhere that answers all the same, and an upload
// that was half-way is finished there.
func TestBackup(t *testing.T) {
	t.Parallel()
	s := prepare(t, "--delete-grace", "1s", "--sweep-grace", "1s")
	s.run()
	c := s.client()
	folder := filepath.Join(t.TempDir(), "backup")
	again := []string{"backup", "--data", s.data, "--to", folder}

	stop := busy(t, c)
	var early []string
	for range 3 {
		early = append(early, c.picture(1))
		wantExit(t, nil, 0, "holds the installation as of", again...)
		wantExit(t, nil, 0, ": whole", "check", "--data", folder)
	}
	stop()
	s.stop()

	calm := prepare(t)
	calm.data = s.data
	calm.run()
	h := furnish(t, calm)
	h.originals = append(h.originals, early...)
	c = calm.client()
	c.counted(h.counted, func(m map[string]any) bool { return m["playback_start"] == 1.0 })
	before := h.seen(t, calm)
	wantExit(t, nil, 0, " removed that nothing names any more", again...)
	wantExit(t, nil, 0, "; 0 were copied now, and 0 removed", again...)
	wantExit(t, nil, 0, "; 0 were copied now, and 0 removed", append(again, "--verify")...)
	calm.kill()

	there := prepare(t)
	there.data = filepath.Join(t.TempDir(), "restored")
	wantExit(t, nil, 0, "are at the new place and read back", "restore", "--from", folder, "--data", there.data)
	wantExit(t, nil, 1, "--data: look whether the catalogue is empty: the catalogue is not empty", "restore", "--from", folder, "--data", there.data)
	there.run()
	if diff := cmp.Diff(before, h.seen(t, there)); diff != "" {
		t.Errorf("restored (-before +after):\n%s", diff)
	}
	c = there.client()
	c.append(h.open, 1, h.open1).data()
	c.finalize(h.open).data()
	c.succeeded(h.open)
	if got := c.original(h.open); !bytes.Equal(got.body, append(append([]byte{}, h.open0...), h.open1...)) {
		t.Errorf("the upload that was half-way has %d bytes", len(got.body))
	}
	c.counted(h.counted, func(m map[string]any) bool { return m["playback_start"] == 1.0 })
	there.checkWhole()
}

// busy uploads pictures, and deletes every other one, until it is told to stop.
func busy(t *testing.T, c client) (stop func()) {
	var wg sync.WaitGroup
	done := make(chan struct{})
	wg.Go(func() {
		for i := 2; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if id := c.picture(i); i%2 == 0 {
				c.call("DELETE", library+"/"+id, nil).data()
			}
		}
	})
	return sync.OnceFunc(func() { close(done); wg.Wait() })
}

// TestBackupRefuses: a folder that is something else is left alone, and what the
// installation has lost is named while the rest is backed up.
func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	good, bad := c.picture(1), c.picture(2)
	folder, other := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "letter"), []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantExit(t, nil, 1, "is neither empty nor a backup: there is letter", "backup", "--data", s.data, "--to", other)
	wantExit(t, nil, 1, "is neither empty nor a backup", "backup", "--data", s.data, "--to", s.data)
	wantExit(t, nil, 1, "--data: there is no installation in "+other, "backup", "--data", other, "--to", folder)
	wantExit(t, nil, 1, "--parallel", "backup", "--data", s.data, "--to", folder, "--parallel", "0")
	s.stop()

	wantExit(t, nil, 0, "holds the installation", "backup", "--data", s.data, "--to", folder)
	wantExit(t, nil, 1, "is this the backup of another installation", "backup", "--data", s.data, "--to", folder, "--key-file", filepath.Join(other, "letter"))
	if err := os.Rename(filepath.Join(s.data, "blobs"), filepath.Join(s.data, "elsewhere")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.data, "blobs"), 0o700); err != nil {
		t.Fatal(err)
	}
	// Everything is lost, and the backup has it still.
	wantExit(t, nil, 0, "0 were copied now", "backup", "--data", s.data, "--to", folder)
	second := t.TempDir()
	wantExit(t, nil, 1, "blobs are missing from the backup", "backup", "--data", s.data, "--to", second)

	to := t.TempDir()
	wantExit(t, nil, 1, "nothing is at the new place yet", "restore", "--from", second, "--data", to)
	wantExit(t, nil, 1, "their media are not whole", "restore", "--from", second, "--data", to, "--partial")
	whole := prepare(t)
	whole.data = t.TempDir()
	wantExit(t, nil, 0, "read back", "restore", "--from", folder, "--data", whole.data)
	whole.run()
	for _, id := range []string{good, bad} {
		if a := whole.client().original(id); a.status != http.StatusOK {
			t.Errorf("%s: %d", id, a.status)
		}
	}
	whole.checkWhole()
}

// TestBackupThroughAPipe: a backup may go through a pipe by tar. What broke off on the
// way is not taken for an installation, wherever that was.
func TestBackupThroughAPipe(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	ids := []string{c.picture(1), c.picture(2), c.picture(3)}
	folder := filepath.Join(t.TempDir(), "backup")
	wantExit(t, nil, 0, "holds the installation", "backup", "--data", s.data, "--to", folder)
	sent, err := exec.CommandContext(t.Context(), "tar", "-C", folder, "-cf", "-", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	arrive := func(stream []byte) (string, error) {
		to := t.TempDir()
		tar := exec.CommandContext(t.Context(), "tar", "-C", to, "-xf", "-")
		tar.Stdin = bytes.NewReader(stream)
		return to, tar.Run()
	}
	for part := range 8 {
		got, _ := arrive(sent[:len(sent)*part/8]) // where it ends between files, tar may not tell
		at := filepath.Join(t.TempDir(), "data")
		wantExit(t, nil, 1, "", "restore", "--from", got, "--data", at)
		if _, errs, code := magpie(t, "check", "--data", at); code == 0 {
			t.Errorf("%d eighths of it make an installation: %s", part, errs)
		}
	}
	got, err := arrive(sent)
	if err != nil {
		t.Fatal(err)
	}
	there := prepare(t)
	there.data = filepath.Join(t.TempDir(), "data")
	wantExit(t, nil, 0, "read back", "restore", "--from", got, "--data", there.data)
	there.run()
	for _, id := range ids {
		if before, after := c.original(id), there.client().original(id); after.status != http.StatusOK || !bytes.Equal(before.body, after.body) {
			t.Errorf("%s: %d", id, after.status)
		}
	}
}
