package ffmpeg

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestBlame(t *testing.T) {
	for _, c := range []struct {
		name  string
		exit  exit
		fails string // "" is a fault of the surroundings
		words string
	}{
		{"no index", exit{code: 1, stderr: "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x56365d7fb4c0] [error] moov atom not found\n[error] http://127.0.0.1:8911/t1.mp4: Invalid data found when processing input\n"}, media.InvalidMedia, "index (moov) is missing"},
		{"short", exit{code: 1, stderr: "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x5628f43be980] [error] error reading header\n[error] http://127.0.0.1:8912/t3.mp4: End of file\n"}, media.InvalidMedia, "ends before the first picture"},
		{"cut off", exit{code: 1, stderr: "[matroska,webm @ 0x5] [error] File ended prematurely\n[matroska,webm @ 0x5] [error] Duplicate element\n[error] http://127.0.0.1:1/: Input/output error\n"}, media.InvalidMedia, "it ends early"},
		{"beyond the end", exit{code: 1, stderr: "[http @ 0x5] [error] HTTP error 416 Requested Range Not Satisfiable\n"}, media.InvalidMedia, "not those of an MP4"},
		{"decoder crash", exit{code: -1, signal: syscall.SIGSEGV}, media.InvalidMedia, "decoding it fails"},
		{"processor time", exit{code: 255, overCPU: true}, media.UnsupportedMedia, "more work"},
		{"file size", exit{code: -1, signal: syscall.SIGXFSZ}, media.UnsupportedMedia, "larger when converted"},
		{"memory", exit{code: 1, stderr: "[error] Error while opening decoder: Cannot allocate memory\n"}, media.UnsupportedMedia, "more memory"},
		{"decoder", exit{code: 1, stderr: "[qtrle @ 0x5] [error] Codec (qtrle) not on whitelist 'h264,hevc'\n"}, media.UnsupportedMedia, "(qtrle); H.264"},
		{"killed", exit{code: -1, signal: syscall.SIGKILL}, "", ""},
		{"terminated", exit{code: -1, signal: syscall.SIGTERM}, "", ""},
		{"disk", exit{code: 1, stderr: "[error] av_interleaved_write_frame(): No space left on device\n"}, "", ""},
		{"disk, of one of several files", exit{code: 228, stderr: "[tee @ 0x5] [error] Slave muxer #0 failed, aborting.\n[error] av_interleaved_write_frame(): No space left on device\n"}, "", ""},
		{"muxer", exit{code: 234, stderr: "[AVFormatContext @ 0x5] [error] Requested output format 'tee' is not a suitable output format\n"}, "", ""},
		{"source", exit{code: 1, stderr: "[http @ 0x1] [error] HTTP error 503 Service Unavailable\n[error] http://127.0.0.1:1/: Server returned 5XX Server Error reply\n"}, "", ""},
		{"no source", exit{code: 1, stderr: "[tcp @ 0x55853f9e9800] [error] Connection to tcp://127.0.0.1:1 failed: Connection refused\n"}, "", ""},
		{"libraries", exit{code: 127, stderr: "ffmpeg: error while loading shared libraries: libx264.so: cannot open shared object file\n"}, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := blame("render", "an MP4", c.exit)
			if c.fails == "" {
				wantFault(t, err)
				return
			}
			wantFailure(t, err, c.fails, c.words)
		})
	}
	if err := outside("render", exit{stderr: "[http @ 0x1] [error] Stream ends prematurely at 5, should be 9\n"}); err == nil {
		t.Error("a source that ended early passes")
	}
	if err := outside("render", exit{code: 1, stderr: "[error] av_interleaved_write_frame(): No space left on device\n"}); media.CodeOf(err) != media.CodeFull {
		t.Errorf("a full disk is %v", err)
	}
	if err := outside("render", exit{stderr: "[error] Error writing trailer of 320x180.mp4: No space left on device\n"}); media.CodeOf(err) != media.CodeFull {
		t.Errorf("a disk that is full at a file's end is %v", err)
	}
	if err := outside("render", exit{stderr: "libnuma: Permission denied\n"}); err != nil {
		t.Errorf("a library's grumbling is taken for a failure: %v", err)
	}
	if err := outside("render", exit{stderr: "[h264 @ 0x1] [error] error while decoding MB 3 4\n"}); err != nil {
		t.Errorf("damage is blamed on the surroundings: %v", err)
	}
}

// TestSourceFails: a source that breaks off or answers with an error, at any
// of the steps, is not held against the file.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=320x240:r=30:d=4"), []string{"-c:v", "mjpeg", "-q:v", "1", "-movflags", "+faststart", "in.mov"})...)
	for _, how := range []string{"503", "breaks off"} {
		for _, healthy := range []int64{0, 1} { // requests that go well before
			var n atomic.Int64
			in := inputOf(t, media.QuickTime, media.TweetVideo, data)
			in.URL = serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case n.Add(1) <= healthy:
					http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
				case how == "503":
					w.WriteHeader(http.StatusServiceUnavailable)
				default:
					w.Header().Set("Content-Length", strconv.Itoa(len(data)))
					w.Header().Set("Accept-Ranges", "bytes")
					_, _ = w.Write(data[:len(data)/2])
					panic(http.ErrAbortHandler)
				}
			})
			var m memory
			_, err := newEngine(t).Process(t.Context(), in, &m)
			if how == "breaks off" && healthy == 0 && err == nil {
				continue // the probe had read all that it needed, and so had the next
			}
			wantFault(t, err)
			if len(m.order) != 0 {
				t.Errorf("saved %v", m.order)
			}
		}
	}
	in := inputOf(t, media.QuickTime, media.TweetVideo, data)
	in.URL = "http://127.0.0.1:1/"
	_, err := newEngine(t).Process(t.Context(), in, &memory{})
	wantFault(t, err)
}
