package ffmpeg

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// TestPlaylistDisguised uploads texts that make a plain ffprobe read other
// files and call other hosts. A canary of each kind must stay untouched.
func TestPlaylistDisguised(t *testing.T) {
	t.Parallel()
	clip := generate(t, slices.Concat(picture("s=64x64:r=10:d=0.5"), x264, []string{"in.ts"})...)
	dir := t.TempDir()
	canary := filepath.Join(dir, "canary.ts")
	if err := os.WriteFile(canary, clip, 0o644); err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	listener := serveFunc(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		_, _ = w.Write(clip)
	})
	head := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
	texts := map[string]string{
		"HLS to a file":     head + "file://" + canary + "\n#EXT-X-ENDLIST\n",
		"HLS to a host":     head + listener + ".ts\n#EXT-X-ENDLIST\n",
		"ffconcat":          "ffconcat version 1.0\nfile '" + canary + "'\n",
		"DASH":              `<?xml version="1.0"?><MPD type="static"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>` + listener + `</BaseURL></Representation></AdaptationSet></Period></MPD>`,
		"session text":      "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
		"subtitle with URL": "1\n00:00:00,000 --> 00:00:01,000\n" + listener + "\n",
	}
	for name, text := range texts {
		for _, typ := range []media.Type{media.MP4, media.QuickTime, media.WebM, media.MPEGTS, media.GIF} {
			in := inputOf(t, typ, media.TweetVideo, []byte(text))
			if typ == media.GIF {
				in.Media.Category = media.TweetGIF
			}
			var m memory
			_, err := newEngine(t).Process(t.Context(), in, &m)
			wantFailure(t, err, media.InvalidMedia, "The ")
			if len(m.order) != 0 || calls.Load() != 0 {
				t.Errorf("%s as %s: saved %v, %d calls", name, typ, m.order, calls.Load())
			}
		}
	}
	// The control: without all that, the canaries are found.
	for _, name := range []string{"HLS to a file", "HLS to a host"} {
		path := filepath.Join(dir, "playlist.mp4")
		if err := os.WriteFile(path, []byte(texts[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.Command("ffprobe", "-v", "error", "-allowed_extensions", "ALL",
			"-protocol_whitelist", "file,http,tcp", "-show_streams", path).CombinedOutput()
		if !strings.Contains(string(out), "codec_name=h264") {
			t.Errorf("%s does not even fool a plain ffprobe: %s", name, out)
		}
	}
	if calls.Load() == 0 {
		t.Error("the canary listener cannot be reached")
	}
}

func TestSourceOf(t *testing.T) {
	in := processing.Input{Media: media.Media{Type: media.MP4}, URL: "http://127.0.0.1:4321/x"}
	s, err := sourceOf(in)
	if err != nil || s.port != 4321 {
		t.Fatalf("%+v, %v", s, err)
	}
	args := strings.Join(s.args, " ")
	for _, want := range []string{
		"-protocol_whitelist http,tcp ", "-format_whitelist mov ", "-f mov ", "-enable_drefs 0", "-use_absolute_path 0", "-codec_whitelist h264,hevc,",
	} {
		if !strings.Contains(args+" ", want) {
			t.Errorf("%q is not in %s", want, args)
		}
	}
	for typ, demuxer := range map[media.Type]string{
		media.QuickTime: "mov", media.WebM: "matroska", media.MPEGTS: "mpegts", media.GIF: "gif",
	} {
		in.Media.Type = typ
		if s, err = sourceOf(in); err != nil || !strings.Contains(strings.Join(s.args, " "), "-f "+demuxer) {
			t.Errorf("%s: %v, %v", typ, s.args, err)
		}
	}
	for _, typ := range []media.Type{"", media.PNG, media.SRT} {
		in.Media.Type = typ
		if _, err := sourceOf(in); err == nil {
			t.Errorf("type %q is taken", typ)
		}
	}
	in.Media.Type = media.MP4
	for _, u := range []string{"", "file:///etc/passwd", "http://192.0.2.1:80/", "http://localhost/", "https://127.0.0.1:1/", "concat:a|b"} {
		in.URL = u
		_, err := sourceOf(in)
		wantFault(t, err)
	}
}
