package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The script runs for half an hour of measuring before anyone looks at what it
// made, so a picture of it is looked at here.
func TestLadderScriptMakesFourRungs(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "source.mp4")
	if _, err := ffmpeg(t.Context(), "-f", "lavfi", "-i", "testsrc2=size=1920x1080:rate=30", "-f", "lavfi", "-i", "sine",
		"-t", "0.2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", source); err != nil {
		t.Fatal(err)
	}
	if _, err := reference(t.Context(), ladderScript, source, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	for _, rung := range []string{"320x180", "640x360", "1280x720", "1920x1080"} {
		out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-of", "csv=p=0:s=x",
			"-show_entries", "stream=codec_name,width,height", filepath.Join(dir, "out", rung+".mp4")).Output()
		if err != nil || strings.Join(strings.Fields(string(out)), " ") != "h264x"+rung+" aac" {
			t.Errorf("%s: %q, %v", rung, out, err)
		}
	}
}

func TestTotal(t *testing.T) {
	files := map[string]int64{"a.mp4": 1, "b.mp4": 10, "a.m3u8": 100, "poster.jpg": 1000}
	if got := total(files, ".mp4", ".m3u8"); got != 111 {
		t.Errorf("MP4s and playlists have %d bytes, want 111", got)
	}
	if got := total(files, ""); got != 1111 {
		t.Errorf("all have %d bytes, want 1111", got)
	}
}
