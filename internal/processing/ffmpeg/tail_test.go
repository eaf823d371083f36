package ffmpeg

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w tail
		var all strings.Builder
		for _, n := range rapid.SliceOfN(rapid.IntRange(0, 3*stderrKeep), 0, 8).Draw(t, "sizes") {
			piece := strings.Repeat(string(rune('a'+n%26)), n)
			all.WriteString(piece)
			if m, err := w.Write([]byte(piece)); m != n || err != nil {
				t.Fatalf("wrote %d, %v", m, err)
			}
		}
		got, want := w.String(), all.String()
		if len(want) <= 2*stderrKeep {
			if got != want {
				t.Fatalf("%d bytes of %d", len(got), len(want))
			}
			return
		}
		if want = want[:stderrKeep] + "\n...\n" + want[len(want)-stderrKeep:]; got != want {
			t.Fatalf("%d bytes, want %d", len(got), len(want))
		}
	})
}

func TestBounded(t *testing.T) {
	b := bounded{limit: 5}
	if _, err := b.Write([]byte("12345")); err != nil {
		t.Error(err)
	}
	if _, err := b.Write([]byte("6")); !errors.Is(err, errOutput) || string(b.data) != "12345" {
		t.Errorf("%q, %v", b.data, err)
	}
}
