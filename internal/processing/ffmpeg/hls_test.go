package ffmpeg

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magpie/internal/media"
)

// checkHLS asserts that the playlists that were saved play: the master through
// every rung, from beginning to end, with everything beside it by bare name.
func checkHLS(t *testing.T, m *memory, seconds float64, rungs int) {
	t.Helper()
	dir := t.TempDir()
	for name, data := range m.files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := string(m.files["master.m3u8"])
	if r := m.records["master.m3u8"]; r.Role != media.RoleMaster || r.ContentType != "application/x-mpegURL" {
		t.Errorf("record %+v", r)
	}
	line := regexp.MustCompile(`#EXT-X-STREAM-INF:BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),RESOLUTION=(\d+x\d+),FRAME-RATE=(\d+\.\d{3}),CODECS="(avc1\.64[0-9A-F]{4})(,mp4a\.40\.2)?"\n(\S+)\n`)
	all := line.FindAllStringSubmatch(text, -1)
	if len(all) != rungs || !strings.HasPrefix(text, "#EXTM3U\n#EXT-X-VERSION:7\n") {
		t.Fatalf("master has %d streams, want %d:\n%s", len(all), rungs, text)
	}
	for _, s := range all {
		name := s[3]
		if s[7] != name+".m3u8" {
			t.Errorf("stream %s refers to %s", name, s[7])
		}
		var peak, average int
		fmt.Sscan(s[1], &peak)
		fmt.Sscan(s[2], &average)
		if average <= 0 || peak < average {
			t.Errorf("%s: peak %d, average %d", name, peak, average)
		}
		list := string(m.files[name+".m3u8"])
		if !strings.Contains(list, `#EXT-X-MAP:URI="`+name+`.mp4",BYTERANGE="`) || !strings.Contains(list, "#EXT-X-BYTERANGE:") ||
			!strings.Contains(list, "#EXT-X-ENDLIST") || !strings.Contains(list, "#EXT-X-INDEPENDENT-SEGMENTS") {
			t.Errorf("%s.m3u8:\n%s", name, list)
		}
		if r := m.records[name+".m3u8"]; r.Role != media.RolePlaylist || r.ContentType != "application/x-mpegURL" {
			t.Errorf("record %+v", r)
		}
		got := inspectFile(t, filepath.Join(dir, name+".m3u8"))
		if d := toFloat(t, got.Format.Duration); !near(d, seconds, 0.1) {
			t.Errorf("%s.m3u8 lasts %v s, want %v", name, d, seconds)
		}
		mp4 := inspect(t, m.files[name+".mp4"])
		if len(got.Packets) != len(mp4.Packets) {
			t.Errorf("%s: %d pictures in HLS, %d in the MP4", name, len(got.Packets), len(mp4.Packets))
		}
	}
	inspectFile(t, filepath.Join(dir, "master.m3u8"))
	checkKeys(t, m, seconds)
}
