package ffmpeg

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestTruncated(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=160x90:r=30:d=4"), tone("d=4"), x264, aac, []string{"in.mp4"})...)
	front := generateFrom(t, data, "-i", "source", "-c", "copy", "-movflags", "+faststart", "in.mp4")
	index := bytes.Index(front, []byte("mdat"))

	_, m, err := process(t, newEngine(t), media.MP4, data[:len(data)/2])
	wantFailure(t, err, media.InvalidMedia, "its index (moov) is missing")
	if len(m.order) != 0 {
		t.Errorf("saved %v", m.order)
	}
	_, m, err = process(t, newEngine(t), media.MP4, front[:index+(len(front)-index)/2])
	wantFailure(t, err, media.InvalidMedia, "s of 4.0 s could be read.")
	if len(m.order) != 0 {
		t.Errorf("saved %v", m.order)
	}
	_, _, err = process(t, newEngine(t), media.MP4, front[:index+8])
	wantFailure(t, err, media.InvalidMedia, "The file ")
	_, _, err = process(t, newEngine(t), media.MP4, nil)
	wantFailure(t, err, media.InvalidMedia, "The file is not a video")
	// A tail that nobody would miss.
	if _, _, err = process(t, newEngine(t), media.MP4, front[:len(front)-len(front)/50]); err != nil {
		t.Errorf("almost whole: %v", err)
	}
}

// TestOverrun: a file that says it is short and is not has no limits that
// mean anything, so it is refused where its word ends.
func TestOverrun(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=32x32:r=2:d=40"), []string{"-c:v", "libx264", "-g", "80", "-pix_fmt", "yuv420p", "in.mkv"})...)
	// The duration, a float in milliseconds, is made 1 s.
	i := bytes.Index(data, []byte{0x44, 0x89, 0x88})
	if i < 0 {
		t.Fatal("no Duration in the header")
	}
	copy(data[i+3:], []byte{0x40, 0x8f, 0x40, 0, 0, 0, 0, 0}) // 1000.0
	_, m, err := process(t, newEngine(t), media.WebM, data)
	wantFailure(t, err, media.InvalidMedia, "The file says that it lasts 1.0 s and goes on for longer.")
	if len(m.order) != 0 {
		t.Errorf("saved %v", m.order)
	}
}

// TestDamaged: bytes in the middle are overwritten; whatever comes out, it
// is either a verdict on the file or a whole set of renditions.
func TestDamaged(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=64x64:r=10:d=2"), tone("d=2"), x264, aac, []string{"-movflags", "+faststart", "in.mp4"})...)
	index := bytes.Index(data, []byte("mdat"))
	noise := bytes.Clone(data)
	for i := index + 8; i < len(noise); i++ {
		noise[i] = byte(i*7 + i>>8)
	}
	_, _, err := process(t, newEngine(t), media.MP4, noise)
	wantFailure(t, err, media.InvalidMedia, "The file ")

	wild := bytes.Clone(data)
	if i := bytes.Index(wild, []byte("stco")); i > 0 {
		binary.BigEndian.PutUint32(wild[i+12:], 0x7fffffff) // the first chunk is beyond the end
	}
	_, _, err = process(t, newEngine(t), media.MP4, wild)
	if err != nil {
		wantFailure(t, err, media.InvalidMedia, "The file ")
	}
}

// A WebM that is cut off before or in its first pictures is refused, not
// tried again.
func TestCutOff(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=64x64:r=10:d=2"), []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "in.webm"})...)
	cluster := bytes.Index(data, []byte("\x1F\x43\xB6\x75"))
	for _, n := range []int{cluster, cluster + 12, cluster + 20, cluster + 40, cluster + 200} {
		_, _, err := process(t, newEngine(t), media.WebM, data[:n])
		wantFailure(t, err, media.InvalidMedia, "The file ")
	}
}

func TestShort(t *testing.T) {
	for _, c := range []struct {
		got, want time.Duration
		short     bool
	}{
		{0, 0, false},
		{time.Second, 0, false},
		{5 * time.Second, 4 * time.Second, false},
		{time.Second, 2 * time.Second, false}, // just a second
		{time.Second, 2100 * time.Millisecond, true},
		{95 * time.Second, 100 * time.Second, false},
		{89 * time.Second, 100 * time.Second, true},
	} {
		if got := short(c.got, c.want); got != c.short {
			t.Errorf("%v of %v: %v", c.got, c.want, got)
		}
	}
	if got := inWords(3723 * time.Second); got != "1h2m3s" {
		t.Error(got)
	}
}
