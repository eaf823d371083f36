package ffmpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// export is how editors write a film that fits.
var export = []string{"-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-profile:v", "high", "-g", "60", "-c:a", "aac", "-b:a", "96k"}

// packets are the sums of a stream's packets, as they are in the file.
func packets(t *testing.T, data []byte, stream string) []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.mp4")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("ffmpeg", "-v", "error", "-i", path, "-map", "0:"+stream, "-c", "copy", "-bsf:v", "filter_units=remove_types=6|9|12", "-f", "framehash", "-hash", "adler32", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	var sums []string
	for line := range strings.Lines(string(out)) {
		if !strings.HasPrefix(line, "#") {
			fields := strings.Split(strings.TrimSpace(line), ",")
			sums = append(sums, strings.TrimSpace(fields[2])+" "+strings.TrimSpace(fields[len(fields)-1]))
		}
	}
	return sums
}

// A film that already is what the top rung asks for is not encoded again: its
// packets are the original's, at the same times, and the lower rungs begin
// their groups where it does.
func TestCopy(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=640x360:r=30:d=5"), tone("d=5"), export, []string{"-metadata", "title=secret", "in.mp4"})...)
	o, m := mustProcess(t, media.MP4, data)
	if o.More {
		t.Error("a short film is not made at once")
	}
	for _, stream := range []string{"v", "a"} {
		if diff := cmp.Diff(packets(t, data, stream), packets(t, m.files["640x360.mp4"], stream)); diff != "" {
			t.Errorf("%s: %s", stream, diff)
		}
	}
	checkHLS(t, m, 5, 2)
	top, low := inspect(t, m.files["640x360.mp4"]), inspect(t, m.files["320x180.mp4"])
	if diff := cmp.Diff(keyTimes(top), keyTimes(low)); diff != "" {
		t.Errorf("groups begin elsewhere (-top +low): %s", diff)
	}
	if bytes.Contains(m.files["640x360.mp4"], []byte("secret")) || bytes.Contains(m.files["640x360.mp4"], []byte("x264 - core")) {
		t.Error("what the encoder wrote beside the pictures is still there")
	}
}

// Whatever does not fit is encoded.
func TestCopyOnlyWhatFits(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"10 bits":             slices.Concat(picture("s=320x180:r=30:d=2"), []string{"-c:v", "libx264", "-pix_fmt", "yuv420p10le", "in.mp4"}),
		"4:4:4":               slices.Concat(picture("s=320x180:r=30:d=2"), []string{"-c:v", "libx264", "-pix_fmt", "yuv444p", "in.mp4"}),
		"pixels not square":   slices.Concat(picture("s=320x180:r=30:d=2"), export, []string{"-vf", "setsar=2", "in.mp4"}),
		"an odd size":         slices.Concat(picture("s=321x181:r=30:d=2"), []string{"-c:v", "libx264", "-pix_fmt", "yuv444p", "in.mp4"}),
		"too many bits":       slices.Concat(picture("s=320x180:r=30:d=2"), []string{"-vf", "noise=alls=100:allf=t"}, export, []string{"-qp", "1", "in.mp4"}),
		"a simple profile":    slices.Concat(picture("s=320x180:r=30:d=2"), x264, []string{"in.mp4"}),
		"uneven pictures":     slices.Concat(picture("s=320x180:r=30:d=4"), []string{"-vf", "select='not(mod(n,3))+lt(n,20)'", "-fps_mode", "passthrough"}, export, []string{"in.mp4"}),
		"groups too long":     slices.Concat(picture("s=160x90:r=10:d=25"), []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "1000", "-sc_threshold", "0", "in.mp4"}),
		"groups not closed":   slices.Concat(picture("s=160x90:r=30:d=4"), []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "30", "-x264-params", "open-gop=1:scenecut=0", "in.mp4"}),
		"another container":   slices.Concat(picture("s=320x180:r=30:d=2"), export, []string{"-f", "mpegts", "in.ts"}),
		"sound that goes on":  slices.Concat(picture("s=320x180:r=30:d=2"), tone("d=4"), export, []string{"in.mp4"}),
		"pictures start late": slices.Concat([]string{"-itsoffset", "0.5"}, picture("s=320x180:r=30:d=2"), tone("d=2.5"), export, []string{"-fps_mode", "passthrough", "in.mp4"}),
		"turned":              nil,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var data []byte
			if args == nil {
				upright := generate(t, slices.Concat(picture("s=320x180:r=30:d=2"), x264, []string{"in.mp4"})...)
				args = []string{"-i", "source", "-c", "copy", "-metadata:s:v", "rotate=90", "in.mp4"}
				data = generateFrom(t, upright, args...)
			} else {
				data = generate(t, args...)
			}
			typ := media.MP4
			if strings.HasSuffix(args[len(args)-1], ".ts") {
				typ = media.MPEGTS
			}
			_, m := mustProcess(t, typ, data)
			name := ""
			for _, n := range m.names() {
				if strings.HasSuffix(n, ".mp4") {
					name = n
				}
			}
			if slices.Equal(packets(t, data, "v"), packets(t, m.files[name], "v")) {
				t.Errorf("%s is a copy", name)
			}
		})
	}
}

// So is one that is larger than 1920×1080.
func TestCopyLarge(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=2560x1440:r=10:d=2"), export, []string{"in.mp4"})...)
	_, m := mustProcess(t, media.MP4, data)
	if diff := cmp.Diff(packets(t, data, "v"), packets(t, m.files["2560x1440.mp4"], "v")); diff != "" {
		t.Error(diff)
	}
	checkHLS(t, m, 2, 5)
	for r, want := range map[rung]int{{1920, 1080, 0}: 42, {1080, 1920, 0}: 42, {2580, 1080, 0}: 52, {3840, 2160, 0}: 52} {
		if got := levelFor(r); got != want {
			t.Errorf("%s: level %d, want %d", r.name(), got, want)
		}
	}
}

// Sound that doesn't fit is encoded beside copied pictures, and stays in time.
func TestCopyPicturesAlone(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=320x180:r=30:d=3"), tone("d=3"), []string{"-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p", "-g", "60", "-c:a", "libmp3lame", "in.mp4"})...)
	_, m := mustProcess(t, media.MP4, data)
	file := m.files["320x180.mp4"]
	if diff := cmp.Diff(packets(t, data, "v"), packets(t, file, "v")); diff != "" {
		t.Error(diff)
	}
	f := inspect(t, file)
	if len(f.Streams) != 2 || f.Streams[1].Codec != "aac" || !near(toFloat(t, f.Streams[1].Duration), 3, 0.05) {
		t.Errorf("%+v", f.Streams)
	}
}

// A long film that fits is shown with its own pictures first, and made whole by
// a second attempt.
func TestCopyFirst(t *testing.T) {
	t.Parallel()
	// Four seconds of little to see, over and over.
	piece := generate(t, "-f", "lavfi", "-i", "smptebars=s=1280x720:r=30:d=4",
		"-c:v", "libx264", "-preset", "superfast", "-crf", "40", "-pix_fmt", "yuv420p", "-g", "60", "in.mp4")
	data := generateFrom(t, piece, slices.Concat([]string{"-stream_loop", "9", "-i", "source"}, tone("d=40"), []string{"-c:v", "copy", "-c:a", "aac", "in.mp4"})...)
	o, m := mustProcess(t, media.MP4, data)
	if diff := cmp.Diff([]string{"1280x720.m3u8", "1280x720.mp4", "iframes.m3u8", "master.m3u8", "poster.jpg"}, m.names()); diff != "" || !o.More {
		t.Fatalf("more %t: %s", o.More, diff)
	}
	checkHLS(t, m, 40, 1)
	checkPoster(t, m, 1280, 720)
	// Its index was written last, into room that was not much too large.
	if len(m.drafts) != 1 || !bytes.Contains(m.files["1280x720.mp4"][:m.drafts[0].head], []byte("free\x00\x00\x00\x00")) {
		t.Errorf("%d drafts were begun", len(m.drafts))
	}
	checkRoom(t, m.files["1280x720.mp4"])

	var all memory
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	in.Again = true
	o, err := newEngine(t).Process(context.Background(), in, &all)
	if err != nil || o.More {
		t.Fatalf("%v, more %t", err, o.More)
	}
	checkHLS(t, &all, 40, 3)
	checkThumbs(t, &all, 40)
	if !bytes.Equal(all.files["1280x720.mp4"], m.files["1280x720.mp4"]) {
		t.Error("what was shown first has changed")
	}
}

// checkRoom looks at what is left free before the pictures.
func checkRoom(t *testing.T, data []byte) {
	t.Helper()
	for at := 0; at+8 <= len(data); {
		n := int(binary.BigEndian.Uint32(data[at:]))
		switch kind := string(data[at+4 : at+8]); {
		case kind == "free":
			if n > 8<<10 {
				t.Errorf("%d bytes are left free", n)
			}
			return
		case kind == "mdat" || n < 8:
			t.Error("nothing is left free")
			return
		}
		at += n
	}
}

// longFilm fits, and takes so long to encode that it is copied first, even where
// somebody waits who is quickly served. There is little to see.
func longFilm(t *testing.T, more ...string) []byte {
	t.Helper()
	piece := generate(t, slices.Concat([]string{"-f", "lavfi", "-i", "color=gray:s=1920x1080:r=30:d=3"}, tone("d=3"), []string{
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-pix_fmt", "yuv420p", "-g", "30", "-c:a", "aac",
	}, more, []string{"in.mp4"})...)
	return generateFrom(t, piece, "-stream_loop", "14", "-i", "source", "-c", "copy", "-movflags", "+faststart", "in.mp4")
}

// A film whose index says that it has fewer samples than it has is copied by way
// of scratch: it is a matter of speed, and no fault.
func TestCopyWithoutRoom(t *testing.T) {
	t.Parallel()
	data := longFilm(t)
	e := newEngine(t)
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	src, err := sourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.prepare(t.Context(), in, src)
	if err != nil || !p.Copy || p.Room == 0 {
		t.Fatalf("%v, %+v", err, p)
	}
	for _, room := range []int64{0, 100, p.Room} {
		var m memory
		now := p.onlyTop()
		now.Room = room
		made, _, err := e.make(t.Context(), src, now, in, &m)
		if err != nil || len(made) != 1 || !made[0].playsAlone() {
			t.Fatalf("%d bytes of room: %v", room, err)
		}
		if straight := made[0].draft != nil; straight != (room == p.Room) {
			t.Errorf("%d bytes of room: straight into the store: %t", room, straight)
		}
		if room == 100 && (len(m.drafts) == 0 || slices.ContainsFunc(m.drafts, func(d *draft) bool { return !d.ended })) {
			t.Error("what was begun is still there")
		}
	}
}

// What turns out not to do is dropped, and encoded.
func TestCopyDropped(t *testing.T) {
	t.Parallel()
	for name, data := range map[string][]byte{
		"open groups": longFilm(t, "-x264-params", "open-gop=1:scenecut=0"),
		"damage":      damaged(longFilm(t)),
	} {
		in := inputOf(t, media.MP4, media.TweetVideo, data)
		in.Quick = true // so that it need not be encoded here
		var m memory
		_, err := newEngine(t).Process(t.Context(), in, &m)
		if !errors.Is(err, processing.ErrLong) {
			t.Errorf("%s: %v", name, err)
		}
		if len(m.drafts) != 1 || !m.drafts[0].ended || len(m.order) != 0 {
			t.Errorf("%s: %d drafts, saved %v", name, len(m.drafts), m.order)
		}
	}
}

// damaged makes the length of some key picture's unit a wrong one.
func damaged(data []byte) []byte {
	for at := len(data) / 2; ; at++ {
		if data[at] == 0 && data[at+1] == 0 && data[at+4] == 0x65 {
			data[at] = 0x7F
			return data
		}
	}
}

// A copy that is cancelled in its middle leaves nothing: no blob, no file, no
// child.
func TestCopyCancelled(t *testing.T) {
	data := longFilm(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	m := memory{onWrite: cancel}
	_, err := newEngine(t).Process(ctx, in, &m)
	wantFault(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
	if len(m.drafts) != 1 || !m.drafts[0].ended || len(m.order) != 0 {
		t.Errorf("%d drafts, saved %v", len(m.drafts), m.order)
	}
	if left := children(t); len(left) != 0 {
		t.Errorf("children are left: %v", left)
	}
	left, err := filepath.Glob(filepath.Join(in.Scratch, "*.mp4"))
	if err != nil || len(left) > 0 {
		t.Errorf("scratch holds %v, %v", left, err)
	}
}

// A store that takes no more is a fault of the surroundings.
func TestCopyIntoAFullStore(t *testing.T) {
	t.Parallel()
	full := errors.New("no room")
	m := memory{writeErr: full}
	_, err := newEngine(t).Process(t.Context(), inputOf(t, media.MP4, media.TweetVideo, longFilm(t)), &m)
	wantFault(t, err)
	if !errors.Is(err, full) || !m.drafts[0].ended {
		t.Errorf("error %v", err)
	}
}

// More than a film of its length can have is not stored, by whatever way it
// comes.
func TestCapped(t *testing.T) {
	t.Parallel()
	got, err := io.ReadAll(&capped{r: strings.NewReader("12345"), left: 5})
	if err != nil || string(got) != "12345" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = io.ReadAll(&capped{r: strings.NewReader("123456"), left: 5})
	wantFailure(t, err, media.UnsupportedMedia, "larger")
}

// A matrix that is neither a turn nor none is not copied along: the film is
// encoded, and upright.
func TestCopyOfAStrangeMatrix(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=320x180:r=30:d=2"), export, []string{"in.mp4"})...)
	at := bytes.Index(data, []byte("tkhd")) + 4 + 40
	data[at+3] = 1 // 1.00002 times as wide
	_, m := mustProcess(t, media.MP4, data)
	if slices.Equal(packets(t, data, "v"), packets(t, m.files["320x180.mp4"], "v")) {
		t.Error("it is a copy")
	}
	if f := inspect(t, m.files["320x180.mp4"]); len(f.Streams[0].SideData) > 0 {
		t.Errorf("its matrix is still there: %v", f.Streams[0].SideData)
	}
}
