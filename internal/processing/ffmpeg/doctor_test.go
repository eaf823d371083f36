package ffmpeg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"magpie/internal/media"
)

func TestCheckEngine(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	v, err := e.Versions(t.Context())
	if err != nil || v.FFmpeg == "" || v.FFmpeg != v.FFprobe {
		t.Fatalf("%+v, %v", v, err)
	}
	findings, err := e.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, f := range findings {
		if f.Verdict != Good && !strings.Contains(f.Words, "sandbox") {
			t.Errorf("missing: %s", f.Words)
		}
		text.WriteString(f.Words + "\n")
	}
	for _, want := range []string{"ffmpeg " + v.FFmpeg, "libx264, aac", "image2pipe, tee", "mov, matroska, mpegts, gif", "libdav1d", "zscale", "sandbox"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is not in\n%s", want, text.String())
		}
	}
	if !e.canToneMap(t.Context()) {
		t.Error("HDR cannot be mapped")
	}
}

func TestNew(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "ffmpeg")
	if _, err := New(Config{FFmpeg: missing}); err == nil || !strings.Contains(err.Error(), "find ffmpeg") {
		t.Errorf("error %v", err)
	}
	if err := os.WriteFile(missing, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{FFprobe: missing}); err == nil || !strings.Contains(err.Error(), "find ffprobe") {
		t.Errorf("a file that is no program: %v", err)
	}
	if _, err := New(Config{Threads: -1}); err == nil {
		t.Error("-1 threads are taken")
	}
	if e, err := New(Config{}); err != nil || e.limits != media.DefaultLimits() || e.threads < 1 {
		t.Errorf("%+v, %v", e, err)
	}
}
