package subtitle

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

const sec = time.Second

func written(t interface{ Fatal(...any) }, track *Track) string {
	var b bytes.Buffer
	if err := track.WriteVTT(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestWriteVTT(t *testing.T) {
	track := &Track{Cues: []Cue{
		{ID: "intro", Start: sec, End: 2500 * time.Millisecond, Settings: "line:0 align:start", Text: "Hello\n<i>there</i>"},
		{Start: 100 * time.Hour, End: 101*time.Hour + time.Millisecond},
		{
			ID: "a --> b", Start: -sec, End: -2 * sec, Settings: "region:x size:101% align:left",
			Text: "1 < 2\n\n00:00:01.000 --> 00:00:02.000\r\n<script>alert()</script>\xFF",
		},
		{ID: "NOTE this", Start: 1e6 * time.Hour, End: 2e6 * time.Hour, Text: "x"},
	}}
	want := `WEBVTT

intro
00:00:01.000 --> 00:00:02.500 line:0 align:start
Hello
<i>there</i>

100:00:00.000 --> 101:00:00.001

00:00:00.000 --> 00:00:00.000 align:left
1 &lt; 2
00:00:01.000 --&gt; 00:00:02.000
alert()` + "\uFFFD" + `

9999:59:59.999 --> 9999:59:59.999
x
`
	if diff := cmp.Diff(want, written(t, track)); diff != "" {
		t.Errorf("written (-want +got):\n%s", diff)
	}
	if end := track.End(); end != 2e6*time.Hour {
		t.Errorf("ends at %s", end)
	}
	if got := written(t, &Track{}); got != "WEBVTT\n" {
		t.Errorf("no cues are %q", got)
	}
	full := errors.New("no room")
	if err := track.WriteVTT(brokenWriter{full}); !errors.Is(err, full) {
		t.Errorf("error %v, want the writer's", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// Whatever a track holds, what is written reads back, and from then on nothing
// changes.
func TestRoundTrip(t *testing.T) {
	word := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"<b>", "</b>", "<i.x.y>", "</i>", "<v Ann & Bob>", "</v>", "<lang de-CH>", "<ruby>", "<rt>", "</ruby>",
		"<font color=red>", "<", ">", "-->", "&lt;", "&amp", "&#10;", "\n", "\n\n", "\r", " ", "\t", "NOTE", "STYLE",
		"00:01.000 --> 00:02.000", "1", "<br/>", "\x00", "\xFF", "{\\an8}", "<00:00:01.000>",
	}))
	text := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(word, 0, 8).Draw(t, "words"), "")
	})
	cue := rapid.Custom(func(t *rapid.T) Cue {
		start := rapid.Int64Range(0, int64(20*time.Hour)).Draw(t, "start")
		return Cue{
			ID: text.Draw(t, "id"), Start: time.Duration(start),
			End:      time.Duration(start + rapid.Int64Range(-10, int64(time.Minute)).Draw(t, "length")),
			Settings: rapid.SampledFrom([]string{"", "line:-1", "line:5%,end align:left", "size:200% x", "position:10%,line-left"}).Draw(t, "settings"),
			Text:     text.Draw(t, "text"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		given := &Track{Cues: rapid.SliceOfN(cue, 1, 6).Draw(t, "cues")}
		first := written(t, given)
		x, err := Parse(strings.NewReader(first), media.VTT)
		if err != nil {
			t.Fatalf("%v in\n%s", err, first)
		}
		if len(x.Cues) != len(given.Cues) {
			t.Fatalf("%d cues became %d in\n%s", len(given.Cues), len(x.Cues), first)
		}
		y, err := Parse(strings.NewReader(written(t, x)), media.VTT)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x, y); diff != "" {
			t.Fatalf("parse(write(x)) is not x:\n%s", diff)
		}
	})
}
