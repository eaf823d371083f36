package ffmpeg

import (
	"bytes"
	"encoding/binary"
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
		if !strings.Contains(list, `#EXT-X-MAP:URI="`+name+`.m4s",BYTERANGE="`) || !strings.Contains(list, "#EXT-X-BYTERANGE:") ||
			!strings.Contains(list, "#EXT-X-ENDLIST") || !strings.Contains(list, "#EXT-X-INDEPENDENT-SEGMENTS") {
			t.Errorf("%s.m3u8:\n%s", name, list)
		}
		if r := m.records[name+".m3u8"]; r.Role != media.RolePlaylist || r.ContentType != "application/x-mpegURL" {
			t.Errorf("record %+v", r)
		}
		if r := m.records[name+".m4s"]; r.Role != media.RoleSegments || r.ContentType != "video/mp4" {
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
		checkClean(t, name+".m4s", m.files[name+".m4s"], facts{})
		checkBeginning(t, name+".m4s", m.files[name+".m4s"])
	}
	inspectFile(t, filepath.Join(dir, "master.m3u8"))
}

// checkBeginning asserts that the first picture of segments is at 0 for players
// that read edit lists and for those that don't (ISO/IEC 14496-12 §8.6.6 and
// §8.8.8): subtitles count from there.
func checkBeginning(t *testing.T, name string, data []byte) {
	t.Helper()
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("elst"))
		if i < 0 {
			break
		}
		at += i + 4
		// Version and flags, the number of edits, and the first: how long, from where.
		if edit := data[at:]; binary.BigEndian.Uint32(edit) != 0 || int32(binary.BigEndian.Uint32(edit[12:])) < 0 {
			t.Errorf("%s begins with nothing: edit list %x", name, edit[:16])
		}
	}
	i := bytes.Index(data, []byte("trun"))
	if i < 0 {
		t.Fatalf("%s has no fragment", name)
	}
	const dataOffset, firstFlags, duration, size, flags, composition = 0x1, 0x4, 0x100, 0x200, 0x400, 0x800
	run := data[i+4:]
	present := binary.BigEndian.Uint32(run) & 0xffffff
	if present&composition == 0 {
		return // every picture is shown when it is decoded
	}
	first := 8 // behind the number of samples
	for _, flag := range []uint32{dataOffset, firstFlags, duration, size, flags} {
		if present&flag != 0 {
			first += 4
		}
	}
	if offset := int32(binary.BigEndian.Uint32(run[first:])); offset != 0 {
		t.Errorf("%s: the first picture is %d units late", name, offset)
	}
}
