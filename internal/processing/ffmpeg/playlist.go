package ffmpeg

import (
	"fmt"
	"math"
	"strings"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// masterName is what the multivariant playlist is saved as.
const masterName = "master.m3u8"

// segmentSeconds is how long an HLS segment is: two groups of pictures.
const segmentSeconds = 4

const playlistType = "application/x-mpegURL"

// playlists writes HLS (RFC 8216) over the rungs' own MP4s: what players fetch
// are byte ranges of the files that others download.
func playlists(p plan, made []rendered) ([]file, error) {
	var files []file
	var streams []variant
	for _, r := range made {
		list := segments(r.Fragments)
		codecs, err := codecString(r.Header)
		if err != nil {
			return nil, fmt.Errorf("playlist of %s: %w", r.name(), err)
		}
		if p.Audio != nil {
			codecs += ",mp4a.40.2"
		}
		v := variant{
			name: r.name() + ".m3u8", width: r.Width, height: r.Height,
			peak: list.peak(), average: list.average(), rate: p.Rate, codecs: codecs,
		}
		streams = append(streams, v)
		files = append(files, file{
			Rendition: media.Rendition{
				Role: media.RolePlaylist, Name: v.name, ContentType: playlistType,
				BitRate: v.average, Width: r.Width, Height: r.Height,
			},
			head: []byte(list.text(r.name()+".mp4", r.Init)),
		})
	}
	keys := keysOf(made)
	codecs, err := codecString(keys.Header)
	if err != nil {
		return nil, fmt.Errorf("playlist of %s's key pictures: %w", keys.name(), err)
	}
	files = append(files, keyPlaylist(keys))
	t := p.top()
	return append(files, file{
		Rendition: media.Rendition{Role: media.RoleMaster, Name: masterName, ContentType: playlistType, Width: t.Width, Height: t.Height},
		head:      []byte(master(streams) + keyVariant(keys, codecs)),
	}), nil
}

// playlist is a media playlist: its segments, in order.
type playlist []segment

type segment struct {
	hybrid.Range
	seconds float64
}

// segments joins fragments until each segment is long enough. What is left at
// the end is a shorter one.
func segments(fragments []hybrid.Fragment) playlist {
	var out playlist
	for _, f := range fragments {
		// A tenth less will do: key pictures come at the first picture after
		// their time.
		if n := len(out); n > 0 && out[n-1].seconds < segmentSeconds-0.1 {
			out[n-1].seconds += f.Seconds
			out[n-1].Length += f.Length
			continue
		}
		out = append(out, segment{f.Range, f.Seconds})
	}
	return out
}

// target is the longest segment in whole seconds, at least one: players divide
// by it.
func (p playlist) target() int {
	longest := 0.0
	for _, s := range p {
		longest = max(longest, s.seconds)
	}
	return max(int(math.Round(longest)), 1)
}

// text writes the playlist of a file whose initialization section is at start,
// with tags of its own before it.
func (p playlist) text(name string, start hybrid.Range, tags ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-INDEPENDENT-SEGMENTS\n", p.target())
	for _, t := range tags {
		b.WriteString(t + "\n")
	}
	fmt.Fprintf(&b, "#EXT-X-MAP:URI=\"%s\",BYTERANGE=\"%d@%d\"\n", name, start.Length, start.Offset)
	for _, s := range p {
		fmt.Fprintf(&b, "#EXTINF:%.6f,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", s.seconds, s.Length, s.Offset, name)
	}
	b.WriteString("#EXT-X-ENDLIST\n")
	return b.String()
}

// average is the bits a second of the whole.
func (p playlist) average() int64 {
	var s segment
	for _, x := range p {
		s.seconds += x.seconds
		s.Length += x.Length
	}
	return s.rate()
}

// peak is what RFC 8216 calls the peak segment bit rate: the most that any run
// of segments between half and one and a half target durations has. A stream
// that is shorter has its average.
func (p playlist) peak() int64 {
	most := int64(0)
	target := float64(p.target())
	for i := range p {
		var run segment
		for _, x := range p[i:] {
			run.seconds += x.seconds
			run.Length += x.Length
			if run.seconds > 1.5*target {
				break
			}
			if run.seconds >= 0.5*target {
				most = max(most, run.rate())
			}
		}
	}
	return max(most, p.average())
}

func (s segment) rate() int64 { return int64(float64(s.Length) * 8 / max(s.seconds, 0.001)) }

// variant is one line of the multivariant playlist.
type variant struct {
	name          string
	width, height int
	peak, average int64
	rate          ratio
	codecs        string
}

// master writes the multivariant playlist. The smallest comes first: players
// that do not know their bandwidth yet begin there.
func master(streams []variant) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n")
	for _, s := range streams {
		fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,RESOLUTION=%dx%d,FRAME-RATE=%.3f,CODECS=\"%s\"\n%s\n",
			s.peak, s.average, s.width, s.height, s.rate.float(), s.codecs, s.name)
	}
	return b.String()
}
