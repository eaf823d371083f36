package ffmpeg

import (
	"testing"

	"magpie/internal/processing/ffmpeg/hybrid"
)

func TestPlaylist(t *testing.T) {
	fragments := []hybrid.Fragment{
		{Range: hybrid.Range{Offset: 1100, Length: 400}, Seconds: 2},
		{Range: hybrid.Range{Offset: 1500, Length: 600}, Seconds: 2},
		{Range: hybrid.Range{Offset: 2100, Length: 1000}, Seconds: 2},
		{Range: hybrid.Range{Offset: 3100, Length: 3000}, Seconds: 1.966667},
		{Range: hybrid.Range{Offset: 6100, Length: 900}, Seconds: 0.04},
	}
	p := segments(fragments)
	want := `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="a.mp4",BYTERANGE="100@1000"
#EXTINF:4.000000,
#EXT-X-BYTERANGE:1000@1100
a.mp4
#EXTINF:3.966667,
#EXT-X-BYTERANGE:4000@2100
a.mp4
#EXTINF:0.040000,
#EXT-X-BYTERANGE:900@6100
a.mp4
#EXT-X-ENDLIST
`
	if got := p.text("a.mp4", hybrid.Range{Offset: 1000, Length: 100}); got != want {
		t.Errorf("got\n%s", got)
	}
	if got, want := p.average(), int64(5895); got != want {
		t.Errorf("average %d, want %d", got, want)
	}
	// The last is too short to count alone: 4900 bytes in 4.006667 s.
	if got, want := p.peak(), int64(9783); got != want {
		t.Errorf("peak %d, want %d", got, want)
	}
}

// A film of one picture has a target that nobody divides by zero with.
func TestPlaylistOfOnePicture(t *testing.T) {
	p := segments([]hybrid.Fragment{{Range: hybrid.Range{Offset: 5, Length: 10}, Seconds: 0.04}})
	if p.target() != 1 || p.peak() != p.average() || p.average() != 2000 {
		t.Errorf("target %d, peak %d, average %d", p.target(), p.peak(), p.average())
	}
	none := segments([]hybrid.Fragment{{Range: hybrid.Range{Offset: 5, Length: 10}}})
	if none.average() <= 0 {
		t.Errorf("a segment of no length has %d bits a second", none.average())
	}
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
