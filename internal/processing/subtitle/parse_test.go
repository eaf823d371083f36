package subtitle

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// endless repeats a text, and counts what was read.
type endless struct {
	text string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text[(e.read+n)%len(e.text):])
	}
	e.read += n
	return n, nil
}

func TestParseBounds(t *testing.T) {
	const cue = "00:00:01.000 --> 00:00:02.000\nHello\n\n"
	short := "0:0 --> 0:1\n\n"
	tests := []struct {
		name, text, want string
	}{
		{"a million cues", "WEBVTT\n\n" + strings.Repeat(cue, 1_000_000), "the file is larger than 10 MiB"},
		{"100,001 short cues", "WEBVTT\n\n" + strings.Repeat(short, 100_001), fmt.Sprintf("line %d: the file has more than 100000 cues", 2+2*100_000+1)},
		{"a long line", "WEBVTT\n\n" + cue + "NOTE " + strings.Repeat("x", maxLine), "line 6: the line is longer than 64 KiB"},
		{"UTF-16", "\xFF\xFEW\x00E\x00", "the file is in UTF-16; save it as UTF-8"},
		{"UTF-16 of big end", "\xFE\xFF\x00W\x00E", "the file is in UTF-16; save it as UTF-8"},
		{"Latin-1", "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\ncaf\xE9\n", "line 4: the bytes are not UTF-8; save the file as UTF-8"},
	}
	for _, test := range tests {
		_, err := Parse(strings.NewReader(test.text), media.VTT)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Error() != test.want {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	track, err := Parse(strings.NewReader("WEBVTT\n\n"+strings.Repeat(short, 100_000)), media.VTT)
	if err != nil || len(track.Cues) != maxCues {
		t.Errorf("100,000 cues: %v", err)
	}
	e := &endless{text: cue}
	if _, err := Parse(e, media.SRT); err == nil || e.read > maxBytes+1<<20 {
		t.Errorf("of a file without end %d bytes were read: %v", e.read, err)
	}
	if _, err := Parse(strings.NewReader(strings.Repeat("1\n"+cue, 1_000_000)), media.SRT); err == nil || err.Error() != "the file is larger than 10 MiB" {
		t.Errorf("a million SRT cues: %v", err)
	}
}

func TestParseReadError(t *testing.T) {
	broken := errors.New("the disk is gone")
	_, err := Parse(io.MultiReader(strings.NewReader("WEBVTT\n"), iotest.ErrReader(broken)), media.VTT)
	var syntax *SyntaxError
	if !errors.Is(err, broken) || errors.As(err, &syntax) {
		t.Errorf("error %v, want the reader's", err)
	}
	if _, err := Parse(strings.NewReader(""), media.MP4); err == nil || errors.As(err, &syntax) {
		t.Errorf("MP4 as subtitles: %v", err)
	}
}

func TestLines(t *testing.T) {
	l := lines{rest: "a\nb\r\nc\rd\r\r\n\ne"}
	var got []string
	for line, ok := l.next(); ok; line, ok = l.next() {
		if got = append(got, line); l.number != len(got) {
			t.Errorf("line %d has number %d", len(got), l.number)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "", "", "e"}, got); diff != "" {
		t.Error(diff)
	}
}

// checkParsed holds what a parser accepted against what a player may be given.
func checkParsed(t *testing.T, text string, typ media.Type) {
	track, err := Parse(strings.NewReader(text), typ)
	if err != nil {
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Words == "" || syntax.Line > strings.Count(text, "\n")+strings.Count(text, "\r")+1 {
			t.Fatalf("%q: %v", text, err)
		}
		return
	}
	for i, c := range track.Cues {
		if c.Start < 0 || c.End < c.Start || i > 0 && c.Start < track.Cues[i-1].Start {
			t.Fatalf("cue %d from %s to %s", i, c.Start, c.End)
		}
		if strings.Contains(c.Text+c.ID, "-->") || strings.Contains(c.Text, "\n\n") || cleanText(c.Text) != c.Text {
			t.Fatalf("cue %d is not clean: %q", i, c.Text)
		}
	}
	vtt := written(t, track)
	again, err := Parse(strings.NewReader(vtt), media.VTT)
	if err != nil {
		if len(vtt) > maxLine { // escaping may take a line or the file above the bounds
			return
		}
		t.Fatalf("%v in\n%s", err, vtt)
	}
	if diff := cmp.Diff(track, again); diff != "" {
		t.Fatalf("parse(write(x)) is not x:\n%s", diff)
	}
}
