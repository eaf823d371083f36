package xapi

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func TestReadURLFormGivesWhatNetURLWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 1, 2000).Draw(t, "data")
		sent := rapid.MapOf(rapid.StringN(1, 8, -1), rapid.String()).Draw(t, "fields")
		delete(sent, "media")
		delete(sent, "media_data")
		form := url.Values{}
		for k, v := range sent {
			form.Set(k, v)
		}
		form.Set(rapid.SampledFrom([]string{"media", "media_data"}).Draw(t, "name"), base64.StdEncoding.EncodeToString(data))
		var got bytes.Buffer
		f, err := readURLForm(aheadOf(iotest.HalfReader(strings.NewReader(form.Encode())), 64), &got)
		if err != nil || !f.media || !bytes.Equal(got.Bytes(), data) {
			t.Fatalf("%d bytes of %d, %v", got.Len(), len(data), err)
		}
		if len(f.values) != len(sent) {
			t.Fatalf("%d fields, sent %d", len(f.values), len(sent))
		}
		for k, v := range sent {
			if f.values[k] != v {
				t.Fatalf("%q: got %q, sent %q", k, f.values[k], v)
			}
		}
	})
}

func TestReadURLFormTakes(t *testing.T) {
	for body, want := range map[string]string{
		"":                    "",
		"media_data=aGk/":     "hi?",
		"media=aGk%2F&&":      "hi?",
		"media=aGl+&x=a+b%20": "hi~",
		"x&media=aGk/":        "hi?",
		"media":               "", // a field without a value is no file
	} {
		var got strings.Builder
		f, err := readURLForm(aheadOf(strings.NewReader(body), 64), &got)
		if err != nil || got.String() != want || f.media != (want != "") {
			t.Errorf("%q: got %q, %v, %v", body, got.String(), f, err)
		}
	}
}

func TestReadURLFormRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"a bad escape":     "x=%zz",
		"half an escape":   "x=%4",
		"bad base64":       "media=*",
		"a field twice":    "x=1&x=2",
		"media twice":      "media=aGk/&media_data=aGk/",
		"an endless value": "x=" + strings.Repeat("y", maxFields+1),
		"an endless name":  strings.Repeat("y", maxFields+1),
	} {
		t.Run(name, func(t *testing.T) {
			if f, err := readURLForm(aheadOf(strings.NewReader(body), 64), &strings.Builder{}); err == nil {
				t.Errorf("took %v", f)
			}
		})
	}
}

func FuzzReadURLForm(f *testing.F) {
	f.Add("command=INIT&total_bytes=10&media_type=video%2Fmp4")
	f.Add("media_data=aGk%2F&x=+")
	f.Fuzz(func(t *testing.T, body string) {
		var got bytes.Buffer
		form, err := readURLForm(aheadOf(iotest.OneByteReader(strings.NewReader(body)), 16), &got)
		if err != nil || form.media {
			return
		}
		if want, err := url.ParseQuery(body); err == nil {
			for k := range want {
				if k != "" && !isMedia(k) && form.values[k] != want.Get(k) {
					t.Errorf("%q: %q is %q, net/url reads %q", body, k, form.values[k], want.Get(k))
				}
			}
		}
	})
}

// before stops where a look at each byte would.
func TestSpecialsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("abc%&+=$'\x25\xa5\x00"))), 0, 40).Draw(t, "text")
		s := specials{'%', rapid.SampledFrom([]byte("%+")).Draw(t, "second"), rapid.SampledFrom([]byte("&=")).Draw(t, "third"), '&'}
		want := slices.IndexFunc(text, func(c byte) bool { return bytes.IndexByte(s[:], c) >= 0 })
		if want < 0 {
			want = len(text)
		}
		if got := s.before(text); got != want {
			t.Fatalf("%q in %q: %d, want %d", s, text, got, want)
		}
	})
}

// A text is read as net/url reads it, in whatever pieces, through whatever
// buffer.
func TestURLTextAsNetURL(t *testing.T) {
	piece := rapid.OneOf(
		rapid.StringMatching(`[a-zA-Z0-9/*.=_-]{1,20}`),
		rapid.SampledFrom([]string{"%2F", "%2b", "%00", "%FF", "+", "%25", "%", "%4", "%zz", "%+1", "\x00", "\xff"}),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		more := rapid.SampledFrom([]string{"", "&", "&more=x"}).Draw(t, "more")
		sizes := rapid.SliceOfN(rapid.ByteRange(1, 20), 0, 3).Draw(t, "sizes")
		want, wrong := url.QueryUnescape(text)
		r := aheadOf(&pieces{text: []byte(text + more), sizes: sizes}, 16)
		got, err := io.ReadAll(&urlText{r: r, plus: ' '})
		if (err != nil) != (wrong != nil) || err == nil && string(got) != want {
			t.Fatalf("%q: %q, %v; net/url: %q, %v", text, got, err, want, wrong)
		}
		if left := string(rest(r)); err == nil && left != strings.TrimPrefix(more, "&") {
			t.Fatalf("%q: it left %q of %q", text, left, more)
		}
	})
}
