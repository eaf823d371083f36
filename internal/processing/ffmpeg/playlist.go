package ffmpeg

import (
	"fmt"
	"strconv"
	"strings"
)

// playlist is a media playlist reduced to its segments.
type playlist struct {
	target   float64 // EXT-X-TARGETDURATION in seconds
	segments []segment
}

type segment struct {
	seconds float64
	bytes   int64
}

// parsePlaylist reads a media playlist that packaging made, and checks that
// every line points into file, a bare name of size bytes, and nowhere else.
func parsePlaylist(text, file string, size int64) (playlist, error) {
	var p playlist
	var next segment
	mapped := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(line, ":")
		var err error
		switch {
		case name == "#EXT-X-TARGETDURATION":
			p.target, err = strconv.ParseFloat(value, 64)
		case name == "#EXTINF":
			next.seconds, err = strconv.ParseFloat(strings.TrimSuffix(value, ","), 64)
		case name == "#EXT-X-BYTERANGE":
			next.bytes, err = byteRange(value, size)
		case name == "#EXT-X-MAP":
			rest, ok := strings.CutPrefix(value, `URI="`+file+`",BYTERANGE="`)
			if !ok {
				return playlist{}, fmt.Errorf("playlist: map %q does not point into %s", value, file)
			}
			_, err = byteRange(strings.TrimSuffix(rest, `"`), size)
			mapped = true
		case line == "" || strings.HasPrefix(line, "#"):
		case line != file:
			return playlist{}, fmt.Errorf("playlist: segment %q is not %s", line, file)
		case next.seconds <= 0 || next.bytes <= 0:
			return playlist{}, fmt.Errorf("playlist: segment %d has no length", len(p.segments))
		default:
			p.segments = append(p.segments, next)
			next = segment{}
		}
		if err != nil {
			return playlist{}, fmt.Errorf("playlist: line %q: %w", line, err)
		}
	}
	if !mapped || p.target <= 0 || len(p.segments) == 0 {
		return playlist{}, fmt.Errorf("playlist: no map, no target duration or no segment")
	}
	return p, nil
}

// byteRange reads length@offset and gives the length.
func byteRange(s string, size int64) (int64, error) {
	a, b, ok := strings.Cut(s, "@")
	if !ok {
		return 0, fmt.Errorf("byte range %q has no offset", s)
	}
	n, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return 0, err
	}
	off, err := strconv.ParseInt(b, 10, 64)
	if err != nil {
		return 0, err
	}
	if n <= 0 || off < 0 || off > size || n > size-off {
		return 0, fmt.Errorf("byte range %q is outside a file of %d bytes", s, size)
	}
	return n, nil
}

// average is the bits a second of the whole.
func (p playlist) average() int64 {
	var s segment
	for _, x := range p.segments {
		s.seconds += x.seconds
		s.bytes += x.bytes
	}
	return s.rate()
}

// peak is what RFC 8216 calls the peak segment bit rate: the most that any run
// of segments between half and one and a half target durations has. A stream
// that is shorter has its average.
func (p playlist) peak() int64 {
	most := int64(0)
	for i := range p.segments {
		var run segment
		for _, x := range p.segments[i:] {
			run.seconds += x.seconds
			run.bytes += x.bytes
			if run.seconds > 1.5*p.target {
				break
			}
			if run.seconds >= 0.5*p.target {
				most = max(most, run.rate())
			}
		}
	}
	return max(most, p.average())
}

func (s segment) rate() int64 { return int64(float64(s.bytes) * 8 / s.seconds) }

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
