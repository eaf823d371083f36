package ffmpeg

import (
	"strings"
	"testing"
)

const mediaPlaylist = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="a.m4s",BYTERANGE="100@0"
#EXTINF:4.000000,
#EXT-X-BYTERANGE:1000@100
a.m4s
#EXTINF:4.000000,
#EXT-X-BYTERANGE:4000@1100
a.m4s
#EXTINF:0.040000,
#EXT-X-BYTERANGE:900@5100
a.m4s
#EXT-X-ENDLIST
`

func TestParsePlaylist(t *testing.T) {
	p, err := parsePlaylist(mediaPlaylist, "a.m4s", 6000)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.segments) != 3 || p.target != 4 {
		t.Errorf("%+v", p)
	}
	if got, want := p.average(), int64(5870); got != want {
		t.Errorf("average %d, want %d", got, want)
	}
	// The last is too short to count alone: 4900 bytes in 4.04 s.
	if got, want := p.peak(), int64(9702); got != want {
		t.Errorf("peak %d, want %d", got, want)
	}
	for name, change := range map[string][2]string{
		"another file":       {"\na.m4s\n", "\nb.m4s\n"},
		"another map":        {`URI="a.m4s"`, `URI="/etc/a.m4s"`},
		"past the end":       {"900@5100", "901@5100"},
		"no offset":          {"900@5100", "900"},
		"negative":           {"900@5100", "900@-1"},
		"huge":               {"900@5100", "9223372036854775807@5100"},
		"no length":          {"#EXTINF:0.040000,", ""},
		"no number":          {"#EXTINF:4.000000,", "#EXTINF:x,"},
		"no map":             {`#EXT-X-MAP:URI="a.m4s",BYTERANGE="100@0"`, ""},
		"no target duration": {"#EXT-X-TARGETDURATION:4", ""},
		"nothing":            {mediaPlaylist, ""},
	} {
		if _, err := parsePlaylist(strings.Replace(mediaPlaylist, change[0], change[1], 1), "a.m4s", 6000); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzParsePlaylist(f *testing.F) {
	f.Add(mediaPlaylist)
	f.Add("#EXTINF:\n#EXT-X-BYTERANGE:1@1\na.m4s")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePlaylist(text, "a.m4s", 6000)
		if err != nil {
			return
		}
		if len(p.segments) == 0 || p.peak() < p.average() {
			t.Fatalf("%+v: peak %d, average %d", p, p.peak(), p.average())
		}
	})
}

func TestMaster(t *testing.T) {
	got := master([]variant{
		{name: "320x180.m3u8", width: 320, height: 180, peak: 500, average: 400, rate: ratio{30000, 1001}, codecs: "avc1.64000D,mp4a.40.2"},
		{name: "640x360.m3u8", width: 640, height: 360, peak: 900, average: 800, rate: ratio{30000, 1001}, codecs: "avc1.64001E"},
	})
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=500,AVERAGE-BANDWIDTH=400,RESOLUTION=320x180,FRAME-RATE=29.970,CODECS="avc1.64000D,mp4a.40.2"
320x180.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=900,AVERAGE-BANDWIDTH=800,RESOLUTION=640x360,FRAME-RATE=29.970,CODECS="avc1.64001E"
640x360.m3u8
`
	if got != want {
		t.Errorf("got\n%s", got)
	}
}
