package xapi

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestDecodeBase64InEveryWayOfWriting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := string(rapid.SliceOfN(rapid.Byte(), 0, 4000).Draw(t, "data"))
		text := rapid.SampledFrom([]*base64.Encoding{
			base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
		}).Draw(t, "encoding").EncodeToString([]byte(want))
		width := rapid.SampledFrom([]int{1, 3, 64, 76, 1 << 20}).Draw(t, "width")
		var lines strings.Builder
		for len(text) > width {
			lines.WriteString(text[:width] + rapid.SampledFrom([]string{"\r\n", "\n", " ", "\t"}).Draw(t, "break"))
			text = text[width:]
		}
		lines.WriteString(text)
		var from io.Reader = strings.NewReader(lines.String())
		switch rapid.IntRange(0, 2).Draw(t, "pace") {
		case 1:
			from = iotest.HalfReader(from)
		case 2:
			from = iotest.DataErrReader(from)
		}
		var got strings.Builder
		if err := decodeBase64(&got, from); err != nil || got.String() != want {
			t.Fatalf("%d bytes, %v; want %d", got.Len(), err, len(want))
		}
	})
}

func TestDecodeBase64Refuses(t *testing.T) {
	for _, text := range []string{"e", "eHh4e", "*", "eHh4*", "eA==eA==", "eA=A", "é", "eA\x00=", "=eA"} {
		var got strings.Builder
		if err := decodeBase64(&got, strings.NewReader(text)); media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "is not valid base64") {
			t.Errorf("%q: %q, %v", text, &got, err)
		}
	}
}

func TestDecodeBase64HandsErrorsOn(t *testing.T) {
	broken := errors.New("connection reset")
	for _, text := range []string{"", "eHh4", "eHh4e", "eA=="} {
		from := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if err := decodeBase64(io.Discard, from); !errors.Is(err, broken) {
			t.Errorf("after %q: %v", text, err)
		}
	}
	full := errors.New("no room")
	if err := decodeBase64(refusing{full}, strings.NewReader("eHh4")); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// refusing is a sink that takes nothing.
type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }
