package xapi

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestDelimiterIndex: as bytes.Index, in windows of what looks like it.
func TestDelimiterIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		boundary := rapid.StringMatching(`-{0,30}[-a-c0-9]{1,40}`).Draw(t, "boundary")
		d := newDelimiter(boundary)
		pieces := rapid.SliceOfN(rapid.OneOf(
			rapid.SampledFrom([]string{"\r", "\n", "\r\n--", "-", "\r\n--" + boundary, boundary, "\x00"}),
			rapid.Map(rapid.IntRange(0, len(d.text)), func(n int) string { return string(d.text[:n]) }),
			rapid.Map(rapid.IntRange(0, 90), func(n int) string { return strings.Repeat("x", n) }),
		), 0, 40).Draw(t, "pieces")
		window := []byte(strings.Join(pieces, ""))
		if got, want := d.index(window), bytes.Index(window, d.text); got != want {
			t.Fatalf("%d, bytes.Index says %d", got, want)
		}
		begun := 0
		for n := min(len(d.text)-1, len(window)); n > 0 && begun == 0; n-- {
			if bytes.HasSuffix(window, d.text[:n]) {
				begun = n
			}
		}
		if got := d.begun(window); got != begun {
			t.Fatalf("%d bytes may begin one, want %d", got, begun)
		}
	})
}

// TestDelimiterEverywhere: whatever its length and wherever it lies.
func TestDelimiterEverywhere(t *testing.T) {
	for length := 1; length <= maxBoundary; length++ {
		d := newDelimiter(strings.Repeat("b", length))
		window := make([]byte, 3*len(d.text))
		for at := range len(window) - len(d.text) + 1 {
			clear(window)
			copy(window[at:], d.text)
			if got := d.index(window); got != at {
				t.Fatalf("boundary of %d: found at %d, is at %d", length, got, at)
			}
			if got := d.index(window[:at+len(d.text)-1]); got != -1 {
				t.Fatalf("boundary of %d: found at %d, and is cut", length, got)
			}
		}
	}
}

func BenchmarkDelimiter(b *testing.B) {
	random := make([]byte, 256<<10)
	r := rand.NewChaCha8([32]byte{})
	_, _ = r.Read(random)
	for name, window := range map[string][]byte{
		"random": random,
		"dashes": bytes.Repeat([]byte("-"), 256<<10),
		"lines":  bytes.Repeat([]byte("\r\n--"), 64<<10),
		"text":   bytes.Repeat([]byte("0123456789 lines of some text\r\n"), 8<<10),
	} {
		d := newDelimiter("------------------------0123456789abcdef")
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(window)))
			for b.Loop() {
				if d.index(window) >= 0 {
					b.Fatal("found")
				}
			}
		})
		b.Run(name+"/bytes.Index", func(b *testing.B) {
			b.SetBytes(int64(len(window)))
			for b.Loop() {
				if bytes.Contains(window, d.text) {
					b.Fatal("found")
				}
			}
		})
	}
}
