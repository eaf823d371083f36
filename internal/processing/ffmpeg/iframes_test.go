package ffmpeg

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// checkKeys asserts that the playlist of key pictures that the master names
// covers so many seconds, and that each of its byte ranges is enough, behind
// the initialization section, to decode one picture: the one that the size's
// MP4 has there.
func checkKeys(t *testing.T, m *memory, seconds float64) {
	t.Helper()
	line := regexp.MustCompile(`\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=(\d+),AVERAGE-BANDWIDTH=(\d+),RESOLUTION=(\d+x\d+),CODECS="avc1\.64[0-9A-F]{4}",URI="iframes\.m3u8"\n`).
		FindStringSubmatch(string(m.files["master.m3u8"]))
	if line == nil {
		t.Fatalf("the master names no key pictures:\n%s", m.files["master.m3u8"])
	}
	var peak, average int
	fmt.Sscan(line[1], &peak)
	fmt.Sscan(line[2], &average)
	if average <= 0 || peak < average {
		t.Errorf("peak %d, average %d", peak, average)
	}
	if r := m.records["iframes.m3u8"]; r.Role != media.RolePlaylist || r.ContentType != "application/x-mpegURL" {
		t.Errorf("record %+v", r)
	}
	text, name := string(m.files["iframes.m3u8"]), line[3]+".mp4"
	whole := m.files[name]
	head := regexp.MustCompile(`^#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:(\d+)\n[^@]*#EXT-X-I-FRAMES-ONLY\n#EXT-X-MAP:URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"\n#EXTINF`).FindStringSubmatch(text)
	if head == nil || head[2] != name {
		t.Fatalf("key pictures of %s:\n%s", name, text)
	}
	var target, length, offset int
	fmt.Sscan(head[1], &target)
	fmt.Sscan(head[3]+" "+head[4], &length, &offset)
	start := whole[offset : offset+length]

	dir := t.TempDir()
	shown := keyTimes(inspect(t, whole))
	total := 0.0
	all := regexp.MustCompile(`#EXTINF:([\d.]+),\n#EXT-X-BYTERANGE:(\d+)@(\d+)\n(\S+)\n`).FindAllStringSubmatch(text, -1)
	if len(all) != len(shown) {
		t.Fatalf("%d key pictures are listed, of %d", len(all), len(shown))
	}
	for i, s := range all {
		if d := toFloat(t, s[1]); d > float64(target)+0.5 {
			t.Errorf("picture %d lasts %v s with a target of %d", i, d, target)
		}
		if at := toFloat(t, shown[i]); !near(total, at, 0.02) {
			t.Errorf("picture %d is listed at %.3f s and shown at %.3f", i, total, at)
		}
		total += toFloat(t, s[1])
		fmt.Sscan(s[2]+" "+s[3], &length, &offset)
		piece := filepath.Join(dir, "piece.mp4")
		if err := os.WriteFile(piece, append(append([]byte{}, start...), whole[offset:offset+length]...), 0o600); err != nil {
			t.Fatal(err)
		}
		first := func(args ...string) string {
			args = append(append([]string{"-v", "quiet", "-skip_frame", "nokey"}, args...), "-map", "0:v", "-frames:v", "1", "-fps_mode", "passthrough", "-f", "md5", "-")
			out, _ := exec.Command("ffmpeg", args...).Output()
			return string(out)
		}
		film := filepath.Join(dir, "film.mp4")
		if err := os.WriteFile(film, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := first("-i", piece), first("-ss", shown[i], "-i", film); got != want || got == "" {
			t.Errorf("picture %d: %q, want %q", i, got, want)
		}
	}
	if !near(total, seconds, 0.1) || !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
		t.Errorf("key pictures last %.3f s, want %v:\n%s", total, seconds, text)
	}
	if err := os.WriteFile(filepath.Join(dir, name), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "iframes.m3u8")
	if err := os.WriteFile(list, m.files["iframes.m3u8"], 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffprobe", "-v", "quiet", "-select_streams", "v", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0", list).Output()
	if want := "h264," + strings.Replace(line[3], "x", ",", 1); err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("ffprobe finds %q, %v, want %s", out, err, want)
	}
}

func TestKeyPictures(t *testing.T) {
	list := keyPictures([]hybrid.Fragment{
		{Range: hybrid.Range{Offset: 1100, Length: 400}, Seconds: 2, Key: 90},
		{Range: hybrid.Range{Offset: 1500, Length: 600}, Seconds: 2, Key: 80},
		{Range: hybrid.Range{Offset: 2100, Length: 600}, Seconds: 1, Open: true}, // sound alone
		{Range: hybrid.Range{Offset: 2700, Length: 600}, Seconds: 0.5, Key: 70},
	})
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:3
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-I-FRAMES-ONLY
#EXT-X-MAP:URI="a.mp4",BYTERANGE="100@1000"
#EXTINF:2.000000,
#EXT-X-BYTERANGE:90@1100
a.mp4
#EXTINF:3.000000,
#EXT-X-BYTERANGE:80@1500
a.mp4
#EXTINF:0.500000,
#EXT-X-BYTERANGE:70@2700
a.mp4
#EXT-X-ENDLIST
`
	if got := list.text("a.mp4", hybrid.Range{Offset: 1000, Length: 100}, keysOnly); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestKeysOf(t *testing.T) {
	made := func(sizes ...rung) (out []rendered) {
		for _, s := range sizes {
			out = append(out, rendered{rung: s})
		}
		return out
	}
	for want, list := range map[string][]rendered{
		"640x360":  made(rung{320, 180, 1}, rung{640, 360, 1}, rung{1280, 720, 1}),
		"1280x720": made(rung{1280, 720, 1}), // what is shown first
		"360x640":  made(rung{180, 320, 1}, rung{360, 640, 1}, rung{540, 960, 1}),
	} {
		if got := keysOf(list).name(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
