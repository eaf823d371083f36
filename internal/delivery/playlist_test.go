package delivery

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

const mediaPlaylist = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
	"#EXT-X-MAP:URI=\"640x360.mp4\",BYTERANGE=\"800@24\"\n#EXTINF:4.000000,\n#EXT-X-BYTERANGE:1000@824\n640x360.mp4\n" +
	"#EXTINF:1.500000,\n#EXT-X-BYTERANGE:500@1824\n640x360.mp4\n#EXT-X-ENDLIST\n"

func TestTicketed(t *testing.T) {
	got, err := ticketed(mediaPlaylist, "v1.a.b_-")
	want := strings.ReplaceAll(strings.ReplaceAll(mediaPlaylist, "640x360.mp4\n", "640x360.mp4?ticket=v1.a.b_-\n"), `"640x360.mp4"`, `"640x360.mp4?ticket=v1.a.b_-"`)
	if diff := cmp.Diff(want, got); err != nil || diff != "" || strings.Count(got, "ticket=") != 3 {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	attached := []media.Subtitle{{Language: "en", DisplayName: `A,URI="b.mp4",#EXTINF`}}
	text := captionedMaster(strings.ReplaceAll(storedMaster, "\n", "\r\n"), attached)
	if got, err = ticketed(text, "T&x"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\r\n320x180.m3u8?ticket=T%26x\r\n", "\r\n640x360.m3u8?ticket=T%26x\r\n", `URI="iframes.m3u8?ticket=T%26x"`,
		`NAME="A,URI='b.mp4',#EXTINF",LANGUAGE="en"`, `FORCED=NO,URI="subtitles-en.m3u8?ticket=T%26x"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Count(got, "ticket=") != 4 || strings.ReplaceAll(got, "?ticket=T%26x", "") != text {
		t.Errorf("more is changed:\n%s", got)
	}
}

// What is not written as magpie writes it is refused: a ticket must not be sent
// to another server, and no file be left without it.
func TestTicketedRefuses(t *testing.T) {
	for _, lines := range []string{
		"https://evil.example/a.ts", "//evil.example/a.ts", "/a.ts", "../a.ts", "a/b.ts", "a.ts?x=1", "a.ts#x", ".a", "-a", "a b.ts", "ä.ts", "a.ts ", "\ta.ts", "javascript:a",
		`#EXT-X-KEY:METHOD=AES-128,URI="k"`, `#EXT-X-NEW:URI="a.ts"`, `#EXT-X-NEW:A=1,URI=a.ts`,
		`#EXT-X-MAP:URI=a.mp4`, `#EXT-X-MAP:URI="a.mp4`, `#EXT-X-MAP:URI="https://evil.example/a.mp4"`, `#EXT-X-MAP:URI=""`, `#EXT-X-MAP:URI="a.mp4"B="c"`,
		`#EXT-X-MAP:URI="a.mp4",`, `#EXT-X-MAP:`, `#EXT-X-MAP`, `#EXT-X-MAP:uri="a.mp4"`, `#EXT-X-MAP:A=b"c"`, `#EXT-X-MAP: URI="a.mp4"`,
	} {
		if got, err := ticketed("#EXTM3U\n"+lines+"\n", "T"); err == nil {
			t.Errorf("%s gave %q", lines, got)
		}
	}
	for _, text := range []string{"", "\n#EXTM3U\n", "WEBVTT\n"} {
		if got, err := ticketed(text, "T"); err == nil {
			t.Errorf("%q gave %q", text, got)
		}
	}
}

func TestTicketedTrack(t *testing.T) {
	const text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nsprite-1.jpg#xywh=0,0,160,90\n\n00:00:01.000 --> 00:00:02.000\nsprite-2.jpg#xywh=160,0,160,90\n"
	got, err := ticketedTrack(text, "T")
	if want := strings.ReplaceAll(text, ".jpg#", ".jpg?ticket=T#"); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err := ticketedTrack("WEBVTT\r\n\r\n0 --> 1\r\na.jpg", "T"); err != nil || got != "WEBVTT\r\n\r\n0 --> 1\r\na.jpg?ticket=T" {
		t.Errorf("%v %q", err, got)
	}
	for _, text := range []string{
		"", "#EXTM3U\n", "WEBVTT\n\na.jpg\n", "WEBVTT\n\n0 --> 1\na.jpg\nb.jpg\n", "WEBVTT\n\n0 --> 1\nhttps://evil.example/a.jpg\n", "WEBVTT\n\n0 --> 1\n#x\n",
	} {
		if got, err := ticketedTrack(text, "T"); err == nil {
			t.Errorf("%q gave %q", text, got)
		}
	}
}

// Whatever is changed is only more by the tickets.
func FuzzTicketed(f *testing.F) {
	f.Add(mediaPlaylist)
	f.Add(storedMaster)
	f.Add("#EXTM3U\r\n#EXT-X-MEDIA:NAME=\"a,b\",URI=\"c.m3u8\"\r\n\r\n# a comment\r\nx")
	f.Add("WEBVTT\n\n0 --> 1\na.jpg#xywh=0,0,1,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		const ticket = "~T~"
		if strings.Contains(text, "T~") || strings.Contains(text, "%7E") {
			return
		}
		for _, change := range []func(string, string) (string, error){ticketed, ticketedTrack} {
			got, err := change(text, ticket)
			if err != nil {
				continue
			}
			if strings.ReplaceAll(got, ticketQuery(ticket), "") != text {
				t.Fatalf("%q became %q", text, got)
			}
			if again, err := change(got, ticket); err == nil && strings.Contains(got, ticket) {
				t.Fatalf("%q was taken for a name: %q", got, again)
			}
		}
	})
}

// A quoted attribute holds what it will; only the real URI is changed.
func TestTicketedAttributes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.StringMatching(`[^"\r\n]{0,12}`), rapid.SampledFrom([]string{`URI=`, `,URI=a`, `=`, `,`}))
		name := rapid.StringMatching(`[A-Z][A-Z0-9-]{0,5}`).Filter(func(s string) bool { return s != "URI" })
		var list []string
		for range rapid.IntRange(0, 4).Draw(t, "before") {
			list = append(list, name.Draw(t, "name")+`="`+value.Draw(t, "value")+`"`)
		}
		list = append(list, `URI="a.m3u8"`, "END=1x2")
		text := strings.Join(list, ",")
		got, err := ticketedAttributes(text, "T")
		if at := strings.LastIndex(text, `a.m3u8"`) + len("a.m3u8"); err != nil || got != text[:at]+"?ticket=T"+text[at:] {
			t.Fatalf("%s: %v %s", text, err, got)
		}
	})
}
