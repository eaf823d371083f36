package xapi

import (
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// A string is read as encoding/json reads it, whatever the pieces it comes in.
func TestJSONStringAsEncodingJSON(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			`\"`, `\\`, `\/`, `\b`, `\f`, `\n`, `\r`, `\t`, `\u0041`, `\u00e9`, `\u20AC`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83dx`,
			`\uD83D\u0041`, `\ud83d\ud83d\ude00`, `\ud83d\n`, "é", "€", "😀", "\x7f",
		}),
		rapid.SampledFrom([]string{`\x`, `\u12`, `\u12g4`, `\u+123`, `\ud83d\u12`, "\n", "\x00", `\`}),
		rapid.StringMatching(`[a-zA-Z0-9 {}:,]{1,20}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		inside := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		var want string
		wrong := json.Unmarshal([]byte(`"`+inside+`"`), &want)
		var from io.Reader = strings.NewReader(inside + `" and more`)
		if rapid.Bool().Draw(t, "slow") {
			from = iotest.OneByteReader(from)
		}
		r := aheadOf(from, 16)
		got, err := io.ReadAll(&jsonString{r: r})
		switch {
		case wrong == nil && (err != nil || string(got) != want):
			t.Fatalf("%q: %q, %v; encoding/json: %q", inside, got, err, want)
		case wrong != nil && err == nil && !endsEarly(inside):
			t.Fatalf("%q: %q; encoding/json: %v", inside, got, wrong)
		}
		if rest := rest(r); wrong == nil && string(rest) != " and more" {
			t.Fatalf("%q: it left %q", inside, rest)
		}
	})
}

// rest gives what is left of a body.
func rest(r *ahead) []byte {
	var all []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			return all
		}
		all = append(all, c)
	}
}

// endsEarly reports whether text, put between quotes, ends its string by a quote
// of its own: encoding/json refuses what follows, and jsonString leaves it.
func endsEarly(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return true
		}
	}
	return strings.HasSuffix(text, `\`)
}

// plainJSON stops where a look at each byte would.
func TestPlainJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte("abc\"\\ !#[]\x1f\x20\x7f\x80\xa2\xdc"))), 0, 40).Draw(t, "text")
		want := slices.IndexFunc(text, func(c byte) bool { return c == '"' || c == '\\' || c < ' ' })
		if want < 0 {
			want = len(text)
		}
		if got := plainJSON(text); got != want {
			t.Fatalf("%q: %d, want %d", text, got, want)
		}
	})
}
