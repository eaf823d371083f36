package ffmpeg

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestSave(t *testing.T) {
	dir := t.TempDir()
	var files []file
	for _, n := range []string{"b", "a"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("bytes of "+n), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file{Rendition: media.Rendition{Role: media.RoleMP4, Name: n}, head: []byte("some "), body: n})
	}
	files = append(files, file{Rendition: media.Rendition{Name: "text"}, head: []byte("alone")})
	var m memory
	if err := save(t.Context(), files, dir, &m); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b", "a", "text"}, m.order); diff != "" {
		t.Error(diff)
	}
	if string(m.files["a"]) != "some bytes of a" || string(m.files["text"]) != "alone" || m.progress[len(m.progress)-1] != 100 {
		t.Errorf("%q, %v", m.files["a"], m.progress)
	}

	broken := errors.New("no room")
	err := save(t.Context(), files, dir, &memory{saveErr: broken})
	wantFault(t, err)
	if !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := save(ctx, files, dir, &memory{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	wantFault(t, save(t.Context(), []file{{body: "gone"}}, dir, &memory{}))
}
