package auth

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dghubble/oauth1"
	"pgregory.net/rapid"
)

func TestPercentEncode(t *testing.T) {
	for plain, want := range map[string]string{
		"":                       "",
		"abcXYZ019-._~":          "abcXYZ019-._~",
		" +%":                    "%20%2B%25",
		"=%3D":                   "%3D%253D",
		"Ladies + Gentlemen":     "Ladies%20%2B%20Gentlemen", // X's examples
		"An encoded string!":     "An%20encoded%20string%21",
		"Dogs, Cats & Mice":      "Dogs%2C%20Cats%20%26%20Mice",
		"☃":                      "%E2%98%83",
		"\x00\xff\n":             "%00%FF%0A",
		"kd94hf93k423kf44":       "kd94hf93k423kf44",
		"http://example.com/r v": "http%3A%2F%2Fexample.com%2Fr%20v",
	} {
		got := percentEncode(plain)
		if got != want {
			t.Errorf("%q: %q, want %q", plain, got, want)
		}
		if back, err := percentDecode(got); err != nil || back != plain {
			t.Errorf("%q came back as %q, %v", plain, back, err)
		}
	}
	for _, text := range []string{"%", "%2", "a%zz", "%G0", "%0G", "%%41", "x%2"} {
		if got, err := percentDecode(text); !errors.Is(err, errEscape) || got != "" {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := percentDecode("%c3%A9+"); err != nil || got != "é+" {
		t.Errorf("either case: %q, %v", got, err)
	}
}

func TestPercentEncodeAsOthersDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		plain := string(rapid.SliceOf(rapid.Byte()).Draw(t, "plain"))
		if got, want := percentEncode(plain), oauth1.PercentEncode(plain); got != want {
			t.Errorf("%q: %q, want %q", plain, got, want)
		}
		if back, err := percentDecode(percentEncode(plain)); err != nil || back != plain {
			t.Errorf("%q came back as %q, %v", plain, back, err)
		}
	})
}

func TestFormText(t *testing.T) {
	text := &formText{r: bufio.NewReader(strings.NewReader("a+%2b&%26=%3d%"))}
	for i, want := range []struct {
		c     byte
		plain bool
		taken int64
	}{{'a', true, 1}, {' ', false, 2}, {'+', false, 5}, {'&', true, 6}, {'&', false, 9}, {'=', true, 10}, {'=', false, 13}} {
		c, plain, err := text.next()
		if c != want.c || plain != want.plain || text.taken != want.taken || err != nil {
			t.Errorf("byte %d: %q %v after %d, %v", i, c, plain, text.taken, err)
		}
	}
	if _, _, err := text.next(); err == nil || errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "two hexadecimal digits") {
		t.Errorf("a %% at the end: %v", err)
	}
}
