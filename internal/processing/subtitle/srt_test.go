package subtitle

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

func TestSRT(t *testing.T) {
	hello := []Cue{{Start: sec, End: 2500 * time.Millisecond, Text: "Hello\nthere"}, {Start: 3 * sec, End: 4 * sec, Text: "Bye"}}
	plain := "1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n"
	one := func(text string) []Cue { return []Cue{{Start: sec, End: 2 * sec, Text: text}} }
	cue := func(text string) string { return "1\n00:00:01,000 --> 00:00:02,000\n" + text }
	tests := []struct {
		name, text string
		want       []Cue
	}{
		{"plain", plain, hello},
		{"BOM and CRLF", "\uFEFF" + strings.ReplaceAll(plain, "\n", "\r\n"), hello},
		{"CR", strings.ReplaceAll(plain, "\n", "\r"), hello},
		{"no numbers", "00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n00:00:03,000 --> 00:00:04,000\nBye", hello},
		{"no blank line between", "1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n2\n00:00:03,000 --> 00:00:04,000\nBye", hello},
		{"blank lines everywhere", "\n\n \n" + strings.ReplaceAll(plain, "\n\n", "\n\n \t\n\n") + "\n\n", hello},
		{"blanks at the ends", strings.ReplaceAll(plain, "\n", "  \n"), hello},
		{"numbers out of order", strings.Replace(plain, "2\n", "1\n", 1), hello},
		{"cues out of order", "2\n00:00:03,000 --> 00:00:04,000\nBye\n\n1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n", hello},
		{"dots, short and long fractions, few digits", "1\n0:0:1.0-->0:00:02.500000\nHello\nthere\n\n2\n00:00:03 --> 00:04\nBye", hello},
		{"places", "1\n00:00:01,000 --> 00:00:02,000 X1:1 X2:2 Y1:3 Y2:4\nHi", one("Hi")},
		{"no text", cue(""), one("")},
		{"a number as text", cue("42\n\n"), one("42")},
		{"markup", cue(`<font color="#ff0000"><I>Hi</I></font> <b>you</b>{\an8} {not this}`), one("<i>Hi</i> <b>you</b> {not this}")},
		{"signs", cue("1 < 2 > 0 & I <3 --> you"), one("1 &lt; 2 &gt; 0 &amp; I &lt;3 --&gt; you")},
		{"99 hours and more", "1\n00:00:00,000 --> 1234:00:00,000\nHi", []Cue{{End: 1234 * time.Hour, Text: "Hi"}}},
		{"no length", "1\n00:00:01,000 --> 00:00:01,000\nHi", []Cue{{Start: sec, End: sec, Text: "Hi"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			track, err := Parse(strings.NewReader(test.text), media.SRT)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, track.Cues); diff != "" {
				t.Errorf("cues (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSRTRefuses(t *testing.T) {
	const cue = "1\n00:00:01,000 --> 00:00:02,000\nHi\n\n"
	tests := map[string]struct{ text, want string }{
		"nothing":                    {"", "the file has no cues"},
		"blank":                      {"\uFEFF\n \n", "the file has no cues"},
		"prose":                      {"Hello\n", `line 1: expected a timing, such as 00:00:01,000 --> 00:00:02,000, found "Hello"`},
		"backward":                   {cue + "2\n00:00:02,000 --> 00:00:01,000\n", "line 6: the cue ends (00:00:01,000) before it begins (00:00:02,000)"},
		"backward, no line between":  {"1\n00:00:01,000 --> 00:00:02,000\nHi\n2\n00:00:02,000 --> 00:00:01,000\n", "line 5: the cue ends (00:00:01,000) before it begins (00:00:02,000)"},
		"no end":                     {"1\n00:00:01,000 -->\nHi", "line 2: the time when the cue ends should be written like 00:00:01,000, found nothing"},
		"no begin":                   {"1\n --> 00:00:01,000\nHi", "line 2: the time when the cue begins should be written like 00:00:01,000, found nothing"},
		"61 seconds":                 {"1\n00:00:61,000 --> 00:01:02,000\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "00:00:61,000"`},
		"60 minutes":                 {"1\n00:00:01,000 --> 00:60:02,000\nHi", `line 2: the time when the cue ends should be written like 00:00:01,000, found "00:60:02,000"`},
		"negative":                   {"1\n-00:00:01,000 --> 00:00:02,000\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "-00:00:01,000"`},
		"10,000 hours":               {"1\n00:00:01,000 --> 10000:00:02,000\nHi", `line 2: the time when the cue ends should be written like 00:00:01,000, found "10000:00:02,000"`},
		"seconds alone":              {"1\n1,000 --> 2,000\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "1,000"`},
		"letters":                    {"1\n00:00:0l,000 --> 00:00:02,000\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "00:00:0l,000"`},
		"frames":                     {"1\n00:00:01:12 --> 00:00:02:12\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "00:00:01:12"`},
		"a comma and no more":        {"1\n00:00:01, --> 00:00:02,000\nHi", `line 2: the time when the cue begins should be written like 00:00:01,000, found "00:00:01,"`},
		"a number at the end":        {cue + "2\n\n", "line 5: the cue number 2 has no timing after it"},
		"a blank line within a text": {cue + "there\n", `line 5: expected a timing, such as 00:00:01,000 --> 00:00:02,000, found "there"`},
		"two numbers":                {"1\n2\n00:00:01,000 --> 00:00:02,000\nHi", `line 2: expected a timing, such as 00:00:01,000 --> 00:00:02,000, found "2"`},
		"WebVTT":                     {"WEBVTT\n\n00:01.000 --> 00:02.000\n", `line 1: expected a timing, such as 00:00:01,000 --> 00:00:02,000, found "WEBVTT"`},
		"a long line of prose":       {strings.Repeat("ä", 100), `line 1: expected a timing, such as 00:00:01,000 --> 00:00:02,000, found "` + strings.Repeat("ä", 30) + `…"`},
	}
	for name, test := range tests {
		_, err := Parse(strings.NewReader(test.text), media.SRT)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != test.want {
			t.Errorf("%s: error %v\nwant %s", name, err, test.want)
		}
	}
}

func FuzzSRT(f *testing.F) {
	f.Add("1\n00:00:01,000 --> 00:00:02,500\nHello\nthere\n\n2\n00:00:03,000 --> 00:00:04,000\nBye\n")
	f.Add("\uFEFF00:00:01.5-->00:02 X1:1\r\n<i>Hi</i>{\\an8} & <font>x\r\r\n2\r00:00:01,000 --> 00:00:01,000")
	f.Add("00:00:01,000 -->")
	f.Add("1\n00:00:01,000 --> 00:00:02,000\n3\n4\n00:00:03,000 --> 00:00:04,000\n<v >&#10;&lt<br>")
	f.Fuzz(func(t *testing.T, text string) { checkParsed(t, text, media.SRT) })
}
