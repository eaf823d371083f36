package xapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"unsafe"

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
		sizes := rapid.SliceOfN(rapid.ByteRange(1, 200), 0, 5).Draw(t, "sizes")
		for how, decode := range ways() {
			if got, err := decode([]byte(lines.String()), sizes); err != nil || got != want {
				t.Fatalf("%s: %d bytes, %v; want %d", how, len(got), err, len(want))
			}
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
	for how, decode := range ways() {
		got, err := decode(text, sizes)
		switch {
		case good && (err != nil || got != want):
			t.Fatalf("%s: %q by %d: %q, %v; want %q", how, text, sizes, got, err, want)
		case !good && media.CodeOf(err) != media.CodeInvalid:
			t.Fatalf("%s: %q by %d: took %q, %v", how, text, sizes, got, err)
		}
	}
}

// ways are those in which base64 comes, in pieces of the given sizes.
func ways() map[string]func(text, sizes []byte) (string, error) {
	return map[string]func(text, sizes []byte) (string, error){
		"a part": func(text, sizes []byte) (string, error) {
			var d base64Decoder
			var got strings.Builder
			from := &pieces{text: text, sizes: sizes}
			for {
				piece := make([]byte, 4<<10)
				n, err := from.Read(piece)
				if err != nil {
					return got.String(), d.end()
				}
				used, made, err := d.decode(piece[:n:n], piece[:n:n], asWritten)
				if err != nil {
					return got.String(), err
				}
				if used != n {
					return got.String(), fmt.Errorf("%d of %d bytes used", used, n)
				}
				got.Write(piece[:made])
			}
		},
		"JSON": func(text, sizes []byte) (string, error) {
			var got strings.Builder
			text = append(escaped(text, "\"\\", `\u%04x`), '"')
			err := decodeBase64(&got, &jsonString{r: aheadOf(&pieces{text: text, sizes: sizes}, 64)})
			return got.String(), err
		},
		"a form": func(text, sizes []byte) (string, error) {
			var got strings.Builder
			text = append(escaped(text, "%&", "%%%02X"), "&x=y"...)
			err := decodeBase64(&got, &urlText{r: aheadOf(&pieces{text: text, sizes: sizes}, 64), plus: '+'})
			return got.String(), err
		},
	}
}

// escaped writes the given characters, control characters and slashes in another way.
func escaped(text []byte, special, format string) []byte {
	var b []byte
	for _, c := range text {
		if c < ' ' || c == '/' || strings.IndexByte(special, c) >= 0 {
			b = fmt.Appendf(b, format, c)
		} else {
			b = append(b, c)
		}
	}
	return b
}

func TestDecodeBase64Refuses(t *testing.T) {
	for _, text := range []string{"e", "eHh4e", "*", "eHh4*", "eA==eA==", "eA=A", "é", "eA\x00=", "=eA"} {
		for how, decode := range ways() {
			if got, err := decode([]byte(text), nil); media.CodeOf(err) != media.CodeInvalid || !strings.Contains(err.Error(), "is not valid base64") {
				t.Errorf("%s: %q: %q, %v", how, text, got, err)
			}
		}
	}
}

func TestDecodeBase64HandsErrorsOn(t *testing.T) {
	broken := errors.New("connection reset")
	for _, text := range []string{"", "eHh4", "eHh4e", "eA=="} {
		from := io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken))
		if err := decodeBase64(io.Discard, &jsonString{r: aheadOf(from, 64)}); !errors.Is(err, broken) {
			t.Errorf("after %q: %v", text, err)
		}
	}
	full := errors.New("no room")
	if err := decodeBase64(refusing{full}, &jsonString{r: aheadOf(strings.NewReader(`eHh4"`), 64)}); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

// TestDecodeBase64KeepsPages: what a fast client's text becomes lies in the buffer as in
// the pages of the file that it goes to, but for the little that comes first.
func TestDecodeBase64KeepsPages(t *testing.T) {
	data := bytes.Repeat([]byte("0123456789"), 100_000)
	body := base64.StdEncoding.EncodeToString(data) + `"`
	large := make([]byte, largeBuffer)
	pages := &paged{first: &large[0]}
	in := io.MultiReader(iotest.OneByteReader(strings.NewReader(body[:7])), strings.NewReader(body[7:]))
	r := newAhead(in, func(n int) []byte {
		if n < len(large) {
			return large
		}
		return nil
	})
	if err := decodeBase64(pages, &jsonString{r: r}); err != nil || !bytes.Equal(pages.got, data) {
		t.Fatalf("%d bytes, %v", len(pages.got), err)
	}
	if pages.kept < len(data)*9/10 {
		t.Errorf("%d of %d bytes lay as in their pages", pages.kept, len(data))
	}
}

// TestDecodeBase64InLargeBuffers: where bytes are put before the text that they come out
// of, they are still those, with line breaks and escapes anywhere and in any pieces.
func TestDecodeBase64InLargeBuffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		want := make([]byte, rapid.IntRange(0, 200_000).Draw(t, "size"))
		for i := range want {
			want[i] = byte(rnd.Uint32())
		}
		breaks := rapid.SampledFrom([]int{1 << 30, 5000, 76, 9}).Draw(t, "breaks")
		var text []byte
		for i, c := range []byte(base64.RawURLEncoding.EncodeToString(want)) {
			if rnd.IntN(breaks) == 0 {
				text = append(text, "\r\n \t"[i%4])
			}
			text = append(text, c)
		}
		most := rapid.SampledFrom([]int{3, 700, 9000, 1 << 20}).Draw(t, "most")
		from := func(body []byte) *ahead {
			return aheadOf(randomly{bytes.NewReader(body), func() int { return 1 + rnd.IntN(most) }}, 5*pageSize)
		}
		for how, decode := range map[string]func(io.Writer) error{
			"JSON": func(w io.Writer) error {
				return decodeBase64(w, &jsonString{r: from(append(escaped(text, "_", `\u%04x`), '"'))})
			},
			"a form": func(w io.Writer) error {
				return decodeBase64(w, &urlText{r: from(escaped(text, "_", "%%%02X")), plus: '+'})
			},
		} {
			var got bytes.Buffer
			if err := decode(&got); err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Fatalf("%s: %d bytes, %v; want %d, or others", how, got.Len(), err, len(want))
			}
		}
	})
}

// paged counts the bytes that lie in a buffer as in the pages of what was written.
type paged struct {
	first *byte // of the buffer
	got   []byte
	kept  int
}

func (p *paged) Write(b []byte) (int, error) {
	off := uintptr(unsafe.Pointer(&b[0])) - uintptr(unsafe.Pointer(p.first))
	if off%pageSize == uintptr(len(p.got)%pageSize) {
		p.kept += len(b)
	}
	p.got = append(p.got, b...)
	return len(b), nil
}

// refusing is a sink that takes nothing.
type refusing struct{ err error }

func (r refusing) Write([]byte) (int, error) { return 0, r.err }
