package subtitle

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestVTT(t *testing.T) {
	hello := []Cue{{Start: sec, End: 2500 * time.Millisecond, Text: "Hello\nthere"}, {Start: 3 * sec, End: 4 * sec, Text: "Bye"}}
	plain := "WEBVTT\n\n00:01.000 --> 00:02.500\nHello\nthere\n\n00:00:03.000 --> 00:00:04.000\nBye\n"
	named := []Cue{{ID: "one", Start: sec, End: 2500 * time.Millisecond, Text: "Hello\nthere"}, hello[1]}
	one := func(c Cue) []Cue { c.Start, c.End = sec, 2*sec; return []Cue{c} }
	cue := func(rest string) string { return "WEBVTT\n\n00:01.000 --> 00:02.000" + rest }
	tests := []struct {
		name, text string
		want       []Cue
	}{
		{"plain", plain, hello},
		{"BOM, title and CRLF", "\uFEFF" + strings.ReplaceAll(strings.Replace(plain, "WEBVTT", "WEBVTT - A film", 1), "\n", "\r\n"), hello},
		{"CR", strings.ReplaceAll(plain, "\n", "\r"), hello},
		{"header lines", strings.Replace(plain, "WEBVTT", "WEBVTT\nKind: captions\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0", 1), hello},
		{"no blank line behind the header", strings.Replace(plain, "WEBVTT\n\n", "WEBVTT\n", 1), hello},
		{"an identifier", strings.Replace(plain, "00:01", "one\n00:01", 1), named},
		{"commas", strings.ReplaceAll(plain, ".", ","), hello},
		{"blanks at the ends", strings.ReplaceAll(plain, "\n", " \n"), hello},
		{"no blank line between", strings.Replace(plain, "there\n\n", "there\n", 1), hello},
		{
			"notes, styles and regions",
			"WEBVTT\n\nSTYLE\n::cue { color: red }\n\nREGION \nid:a\nwidth:40%\n\nNOTE\n\nNOTE a\nb\n\nNOTE\n00:09.000 --> 00:10.000\nnot shown\n\n" +
				strings.TrimPrefix(plain, "WEBVTT\n\n") + "\nNOTE the end", hello,
		},
		{"a cue named STYLE", "WEBVTT\n\nSTYLE\n00:01.000 --> 00:02.000\nHi", one(Cue{Text: "Hi"})},
		{"settings", cue(" line:-1 position:50%,line-left  size:33.3%\talign:start vertical:rl\nHi"), one(Cue{Settings: "line:-1 position:50%,line-left size:33.3% align:start vertical:rl", Text: "Hi"})},
		{"settings that are none", cue(" line:x region:a align:middle size:101% foo:1 :: line:5\nHi"), one(Cue{Settings: "line:5", Text: "Hi"})},
		{"WebVTT's tags", cue("\n<v.loud Ann Bee>Hi</v> <c.red.big>x</c> <lang en-GB>y</lang> <ruby>z<rt>w</rt></ruby> <u>v</u>"), one(Cue{Text: "<v.loud Ann Bee>Hi</v> <c.red.big>x</c> <lang en-GB>y</lang> <ruby>z<rt>w</rt></ruby> <u>v</u>"})},
		{"karaoke", cue("\nHi <00:00:01.500>there"), one(Cue{Text: "Hi there"})},
		{"an arrow in the text", cue("\na --> b"), one(Cue{Text: "a --&gt; b"})},
		{"NUL", cue("\na\x00b"), one(Cue{Text: "a\uFFFDb"})},
		{"no text", cue("\n\n"), one(Cue{})},
		{"as it ends", cue(""), one(Cue{})},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			track, err := Parse(strings.NewReader(test.text), media.VTT)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, track.Cues); diff != "" {
				t.Errorf("cues (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVTTRefuses(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"nothing":               {"", "line 1: a WebVTT file begins with the line WEBVTT, found nothing"},
		"SRT":                   {"1\n00:00:01,000 --> 00:00:02,000\nHi", `line 1: a WebVTT file begins with the line WEBVTT, found "1"`},
		"almost":                {"WEBVTTX\n\n00:01.000 --> 00:02.000\n", `line 1: a WebVTT file begins with the line WEBVTT, found "WEBVTTX"`},
		"no cues":               {"WEBVTT\n", "the file has no cues"},
		"only a note":           {"WEBVTT\n\nNOTE 00:01.000 --> 00:02.000\n", "the file has no cues"},
		"backward":              {"WEBVTT\n\nx\n00:02.000 --> 00:01.000\nHi", "line 4: the cue ends (00:00:01.000) before it begins (00:00:02.000)"},
		"stray text":            {"WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n\nthere\nfriend\n", `line 6: expected a cue's timing, such as 00:00:01.000 --> 00:00:02.000, or a NOTE, STYLE or REGION, found "there"`},
		"text at the end":       {"WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n\nthere", `line 6: expected a cue's timing, such as 00:00:01.000 --> 00:00:02.000, or a NOTE, STYLE or REGION, found "there"`},
		"no end":                {"WEBVTT\n\n00:01.000 -->\nHi", "line 3: the time when the cue ends should be written like 00:00:01.000, found nothing"},
		"a bad time":            {"WEBVTT\n\n00:01.000 --> 00:99.000\nHi", `line 3: the time when the cue ends should be written like 00:00:01.000, found "00:99.000"`},
		"two identifiers":       {"WEBVTT\n\none\ntwo\n00:01.000 --> 00:02.000\nHi", `line 3: expected a cue's timing, such as 00:00:01.000 --> 00:00:02.000, or a NOTE, STYLE or REGION, found "one"`},
		"a style in lower case": {"WEBVTT\n\nstyle\n::cue {}\n", `line 3: expected a cue's timing, such as 00:00:01.000 --> 00:00:02.000, or a NOTE, STYLE or REGION, found "style"`},
	}
	for name, test := range tests {
		_, err := Parse(strings.NewReader(test.text), media.VTT)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != test.want {
			t.Errorf("%s: error %v\nwant %s", name, err, test.want)
		}
	}
}

func FuzzVTT(f *testing.F) {
	f.Add("WEBVTT\n\n00:01.000 --> 00:02.500 line:0 align:start\nHello\nthere\n\nid\n00:00:03.000 --> 00:00:04.000\nBye\n")
	f.Add("\uFEFFWEBVTT x\r\rSTYLE\r::cue{}\r\rNOTE\rx\r\r0:1,5 --> 0:2\r<v A<b>B>&lt;&amp;lt;<ruby><rt>x</ruby>")
	f.Add("WEBVTT\n00:00:01,000 -->")
	f.Add("WEBVTT\n\nREGION\n00:01.000 --> 00:02.000\n<i.a..b c><b></i><lang x y></lang><c></ c>")
	f.Fuzz(func(t *testing.T, text string) { checkParsed(t, text, media.VTT) })
}
