package ffmpeg

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const progressText = "frame=0\nout_time_us=N/A\nprogress=continue\n" +
	"frame=12\nfps=3.1\nout_time_us=480000\nout_time=00:00:00.48\nprogress=continue\n" +
	"frame=-1\nout_time_us=-5\nnoise\nprogress=continue\n" +
	"frame=25\nout_time_us=1000000\nprogress=end\n"

var progressWant = []progress{{}, {480 * time.Millisecond, 12}, {480 * time.Millisecond, 12}, {time.Second, 25}}

// TestProgressWriter: however the stream is cut, the reports are the same.
func TestProgressWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got []progress
		w := progressWriter{report: func(p progress) { got = append(got, p) }}
		for rest := progressText; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			if m, err := w.Write([]byte(rest[:n])); m != n || err != nil {
				t.Fatalf("wrote %d, %v", m, err)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(progressWant, got, cmp.AllowUnexported(progress{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestProgressWriterBounded(t *testing.T) {
	w := progressWriter{report: func(progress) {}}
	for range 1000 {
		if _, err := w.Write([]byte(strings.Repeat("x", 1000))); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.line) > 2000 {
		t.Errorf("keeps %d bytes", len(w.line))
	}
}
