package e2e

import (
	"strings"
	"testing"
)

func TestBadFinalize(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	theirs := c.as(s.token("7")).initialize("image/png", "", 10)
	open := func(kind, category string, total int, segments ...string) string {
		id := c.initialize(kind, category, total)
		for i, segment := range segments {
			if segment != "" {
				c.append(id, i, []byte(segment)).data()
			}
		}
		return "/2/media/upload/" + id + "/finalize"
	}
	png := string(samplePNG())
	sign, rest := png[:5], png[5:] // alone, the first is no sign of anything
	c.allRefused("POST", "/2/media/upload/1/finalize", []bad{
		{name: "no segment", path: open("image/png", "", len(png)), field: "id", words: "The upload is empty: no segment has arrived."},
		{name: "no segment of nothing", path: open("image/png", "", 0), field: "id", words: "no segment has arrived"},
		{name: "the first is missing", path: open("image/png", "", 3, "", "abc"), field: "segment_index", words: "segment 0 is missing"},
		{name: "one in the middle is missing", path: open("image/png", "", 6, "abc", "", "def"), field: "segment_index", words: "segment 1 is missing"},
		{name: "several are missing", path: open("image/png", "", 6, "abc", "", "", "", "def"), field: "segment_index", words: "segments 1-3 are missing"},
		{name: "the last is missing", path: open("image/png", "", 6, "abc"), field: "total_bytes", words: "Segments do not add up to provided total file size"},
		{name: "too much", path: open("image/png", "", 3, "ab", "cd"), field: "total_bytes", words: "Segments do not add up to provided total file size"},
		{name: "text as image", path: open("image/png", "", 3, "abc"), field: "media", words: "media type unrecognized."},
		{name: "an image as video", path: open("video/mp4", "", len(png), sign, rest), field: "media_type", words: "image"},
		{name: "an image as subtitles", path: open("text/srt", "", len(png), sign, rest), field: "media_type", words: "image"},
		{name: "an image of nothing", path: open("", "tweet_image", 4, "\x89PNG"), field: "media"},
		{name: "a cut image", path: open("image/png", "", 60, png[:60]), field: "media"},
		{name: "subtitles without end", path: open("text/srt", "", -1, "1\n00:00:01,000 --> 00:00:02,000\nHi\n\n2\n00:00:03,000 --> x\nHo\n"), field: "media", words: "line 6"},
		{name: "nothing anybody knows", path: open("", "", 9, "gibberish"), field: "media", words: "media type unrecognized."},
		{name: "unknown", path: "/2/media/upload/1146654567674912769/finalize", status: 404, words: "1146654567674912769"},
		{name: "another's", path: "/2/media/upload/" + theirs + "/finalize", status: 404, words: theirs},
		{name: "id 0", path: "/2/media/upload/0/finalize", field: "id", words: "positive"},
		{name: "a name", path: "/2/media/upload/holiday/finalize", field: "id", words: "19 digits"},
		{name: "minus", path: "/2/media/upload/-1/finalize", field: "id", words: "19 digits"},
		{name: "plus", path: "/2/media/upload/%2B1/finalize", field: "id", words: "19 digits"},
		{name: "blanks", path: "/2/media/upload/%20%20/finalize", field: "id", words: "19 digits"},
		{name: "NUL", path: "/2/media/upload/%00/finalize", field: "id", words: "19 digits"},
		{name: "a slash", path: "/2/media/upload/1%2F/finalize", status: 404, words: "doubled slashes"},
		{name: "not UTF-8", path: "/2/media/upload/%FF/finalize", field: "id", words: "19 digits"},
		{name: "20 digits", path: "/2/media/upload/10000000000000000000/finalize", field: "id", words: "19 digits"},
		{name: "long", path: "/2/media/upload/" + strings.Repeat("0", 20_000) + "/finalize", field: "id", words: "19 digits"},
		{name: "compressed", path: open("image/png", "", len(png), png), body: "\x1f\x8b", headers: []string{"Content-Encoding", "gzip"}, status: 415, words: "send the body as it is"},
	})
}
