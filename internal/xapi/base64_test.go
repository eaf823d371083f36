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
		if err := decodeBase64(&got, from, newTexts); err != nil || got.String() != want {
			t.Fatalf("%d bytes, %v; want %d", got.Len(), err, len(want))
		}
	})
}

// reference decodes a text by encoding/base64, which takes one alphabet and no
// blanks, and knows no padding here: what comes from the first on is the test's.
func reference(text []byte) (string, bool) {
	clean := strings.NewReplacer("\r", "", "\n", "", " ", "", "\t", "", "-", "+", "_", "/").Replace(string(text))
	digits, padding, _ := strings.Cut(clean, "=")
	b, err := base64.RawStdEncoding.DecodeString(digits)
	return string(b), err == nil && strings.Trim(padding, "=") == ""
}

// pieces gives a text in pieces of the given sizes, over and over.
type pieces struct {
	text  []byte
	sizes []byte
	turn  int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.text) == 0 {
		return 0, io.EOF
	}
	n := len(p.text)
	if len(p.sizes) > 0 {
		n = int(p.sizes[p.turn%len(p.sizes)])
		p.turn++
	}
	n = copy(b, p.text[:min(n, len(p.text))])
	p.text = p.text[n:]
	return n, nil
}

// Good and bad texts alike, in any pieces, come to what encoding/base64 says.
func TestDecodeBase64AsEncodingBase64(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9+/_-]{0,40}`), rapid.StringMatching(`[A-Za-z0-9+/]{64}`),
		rapid.SampledFrom([]string{"\r\n", "\n", " ", "\t", "=", "==", "*", "\x00", "é", "\xff", ".", "\v"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		whole := []byte(strings.Join(rapid.SliceOfN(text, 0, 12).Draw(t, "text"), ""))
		sizes := rapid.SliceOfN(rapid.ByteRange(1, 40), 0, 5).Draw(t, "sizes")
		againstReference(t, whole, sizes)
	})
}

// Every character at every place among digits, split at every place.
func TestDecodeBase64AtEveryPlace(t *testing.T) {
	const digits = "QUJDREVGR0hJSktMTU5P"
	for c := range 256 {
		for at := range len(digits) {
			whole := []byte(digits[:at] + string([]byte{byte(c)}) + digits[at:])
			againstReference(t, whole, nil)
			for split := 1; split < len(whole); split++ {
				againstReference(t, whole, []byte{byte(split), byte(len(whole) - split)})
			}
		}
	}
}

func FuzzDecodeBase64(f *testing.F) {
	f.Add([]byte("QUJDREVGR0hJSktMTU5P"), []byte{3, 5})
	f.Add([]byte("QUJD\r\nREVG-_=="), []byte{})
	f.Fuzz(func(t *testing.T, text, sizes []byte) {
		for i := range sizes {
			sizes[i] = max(1, sizes[i])
		}
		againstReference(t, text, sizes)
	})
}

func againstReference(t rapid.TB, text, sizes []byte) {
	want, good := reference(text)
	var got strings.Builder
	err := decodeBase64(&got, &pieces{text: text, sizes: sizes}, newTexts)
	switch {
	case good && (err != nil || got.String() != want):
		t.Fatalf("%q by %d: %q, %v; want %q", text, sizes, &got, err, want)
	case !good && media.CodeOf(err) != media.CodeInvalid:
		t.Fatalf("%q by %d: took %q, %v", text, sizes, &got, err)
	}
}

// What a client sends in small pieces never costs the buffers of a fast one.
func TestDecodeBase64KeepsSmallBuffersForSlowClients(t *testing.T) {
	text := []byte(strings.Repeat("QUJD", 64<<10))
	for size, most := range map[int]int{1000: firstText, len(text): mostText} {
		seen := &widest{r: &pieces{text: text}, most: size}
		if err := decodeBase64(io.Discard, seen, newTexts); err != nil || seen.widest > most || size > most && seen.widest < most {
			t.Errorf("pieces of %d were read into %d bytes, %v", size, seen.widest, err)
		}
	}
}

// widest notes the largest buffer that it was to fill, and fills most of it.
type widest struct {
	r      io.Reader
	most   int
	widest int
}

func (w *widest) Read(p []byte) (int, error) {
	w.widest = max(w.widest, len(p))
	return w.r.Read(p[:min(len(p), w.most)])
}

func TestDecodeBase64Refuses(t *testing.T) {
	for _, text := range []string{"e", "eHh4e", "*", "eHh4*", "eA==eA==", "eA=A", "é", "eA\x00=", "=eA"} {
		var got strings.Builder
		if err := decodeBase64(&got, strings.NewReader(text), newTexts); media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "is not valid base64") {
			t.Errorf("%q: %q, %v", text, &got, err)
		}
	}
}

func TestDecodeBase64HandsErrorsOn(t *testing.T) {
	broken := errors.New("connection reset")
	for _, text := range []string{"", "eHh4", "eHh4e", "eA=="} {
		from := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if err := decodeBase64(io.Discard, from, newTexts); !errors.Is(err, broken) {
			t.Errorf("after %q: %v", text, err)
		}
	}
	full := errors.New("no room")
	if err := decodeBase64(refusing{full}, strings.NewReader("eHh4"), newTexts); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// refusing is a sink that takes nothing.
type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }

func newTexts() *texts { return new(texts) }
