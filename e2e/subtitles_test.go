package e2e

import (
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captions uploads a subtitle file, SRT or WebVTT, and gives its id.
func (c client) captions(text string) string {
	c.t.Helper()
	kind := "text/srt"
	if strings.HasPrefix(text, "WEBVTT") {
		kind = "text/vtt"
	}
	id := c.upload(kind, "subtitles", []byte(text), 1<<20)["id"].(string)
	c.succeeded(id)
	return id
}

// caption is one subtitle as POST /2/media/subtitles takes and gives it.
func caption(file, language, name string) map[string]any {
	return map[string]any{"id": file, "language_code": language, "display_name": name}
}

// attach attaches subtitles to a tweet_video and gives all that it has then.
func (c client) attach(video, file, language, name string) []any {
	c.t.Helper()
	data := c.call("POST", "/2/media/subtitles", map[string]any{
		"id": video, "media_category": "TweetVideo", "subtitles": caption(file, language, name),
	}).data()
	if data["id"] != video || data["media_category"] != "TweetVideo" {
		c.t.Errorf("attached to %v", data)
	}
	return data["associated_subtitles"].([]any)
}

// detachSubtitles takes a language away and reports whether there was one.
func (c client) detachSubtitles(video, language string) bool {
	c.t.Helper()
	data := c.call("DELETE", "/2/media/subtitles", map[string]any{"id": video, "media_category": "TweetVideo", "language_code": language}).data()
	return data["deleted"].(bool)
}

// masterOf is the URL of a finished video's multivariant playlist.
func (c client) masterOf(id string) string {
	c.t.Helper()
	for _, e := range c.lookup("7_" + id)["variants"].([]any) {
		if v := e.(map[string]any); v["content_type"] == "application/x-mpegURL" {
			return v["url"].(string)
		}
	}
	c.t.Fatalf("%s has no playlist", id)
	return ""
}

const (
	englishSRT = "1\n00:00:00,500 --> 00:00:01,500\n<b>Good</b> morning\n"
	germanVTT  = "WEBVTT\n\n00:00.500 --> 00:01.500\nGuten Morgen\n"
)

// TestSubtitles attaches, replaces and deletes the subtitles of a video, and
// looks each time at what a viewer gets.
func TestSubtitles(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	video := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	english, german := c.captions(englishSRT), c.captions(germanVTT)
	// The video may still be on its way.
	if diff := cmp.Diff([]any{caption(english, "EN", "English")}, c.attach(video, english, "EN", "English")); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}
	c.succeeded(video)
	both := []any{caption(german, "de-CH", "Schwiizerdütsch"), caption(english, "EN", "English")}
	if diff := cmp.Diff(both, c.attach(video, german, "DE-ch", "Schwiizerdütsch")); diff != "" {
		t.Errorf("attached (-want +got):\n%s", diff)
	}

	master := c.masterOf(video)
	base := strings.TrimSuffix(master, "master.m3u8")
	const englishVTT = "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\n<b>Good</b> morning\n"
	if got := c.group(master); !slices.Equal(got, []string{"de-CH Schwiizerdütsch", "en English"}) {
		t.Errorf("the player offers %q", got)
	}
	tag := public(c, master).header.Get("ETag")
	c.serves(base+"subtitles-en.vtt", "text/vtt; charset=utf-8", englishVTT)
	c.serves(base+"subtitles-de-CH.vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGuten Morgen\n")
	c.serves(base+"subtitles-en.m3u8", "application/x-mpegURL", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"+
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:1.000,\nsubtitles-en.vtt\n#EXT-X-ENDLIST\n")
	if p := ffprobe(t, master); math.Abs(seconds(t, p.Format.Duration)-1) > 0.2 {
		t.Errorf("with subtitles it lasts %s", p.Format.Duration)
	}

	// Another file in the same language takes its place; the first stays.
	c.attach(video, german, "en", "English")
	c.serves(base+"subtitles-en.vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGuten Morgen\n")
	c.attach(video, english, "EN", "English (SDH)")
	c.serves(base+"subtitles-en.vtt", "text/vtt; charset=utf-8", englishVTT)

	// One file may be on two videos, and what one loses the other keeps.
	second := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	c.attach(second, english, "EN", "English")
	if !c.detachSubtitles(video, "en") || c.detachSubtitles(video, "EN") || !c.detachSubtitles(video, "de-ch") {
		t.Error("deleted is not told right")
	}
	if got := c.group(master); len(got) > 0 {
		t.Errorf("after deleting, the player offers %q", got)
	}
	if now := public(c, master); now.header.Get("ETag") == tag {
		t.Errorf("the ETag is still %s", tag)
	}
	for _, name := range []string{"subtitles-en.vtt", "subtitles-en.m3u8", "subtitles-de-CH.vtt"} {
		c.as("").call("GET", base+name, nil).refused(404, "no media at this address")
	}
	c.succeeded(second)
	if got := c.group(c.masterOf(second)); !slices.Equal(got, []string{"en English"}) {
		t.Errorf("the other video offers %q", got)
	}

	// Version 1.1 says it in its own words, over the same subtitles.
	v1 := func(what, body, kind string) {
		t.Helper()
		if a := c.call("POST", "/1.1/media/subtitles/"+what+".json", body, "Content-Type", kind); a.status != http.StatusOK || len(a.body) > 0 {
			t.Errorf("%s.json: %d %q", what, a.status, a.body)
		}
	}
	v1("create", `{"media_id":"`+video+`","media_category":"TweetVideo","subtitle_info":{"subtitles":[{"media_id":"`+english+`","language_code":"EN","display_name":"English"},
		{"media_id":"`+german+`","language_code":"DE","display_name":"Deutsch"}]}}`, "application/json")
	if got := c.group(master); !slices.Equal(got, []string{"de Deutsch", "en English"}) {
		t.Errorf("by version 1.1 the player offers %q", got)
	}
	v1("delete", `{"media_id":`+video+`,"media_category":"TweetVideo","subtitle_info":{"subtitles":[{"language_code":"EN"},{"language_code":"DE"},{"language_code":"FR"}]}}`, "text/plain")
	if got := c.group(master); len(got) > 0 {
		t.Errorf("after version 1.1's delete the player offers %q", got)
	}

	// It is all there after a crash.
	s.kill()
	s.run()
	if got := c.group(c.masterOf(second)); !slices.Equal(got, []string{"en English"}) {
		t.Errorf("after a restart, the other video offers %q", got)
	}
	s.checkWhole()
}

var (
	captionLine = regexp.MustCompile(`(?m)^#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="([^"]+)",LANGUAGE="([^"]+)",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="([^"]+)"$`)
	streamLine  = regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:.*$`)
)

// group reads which subtitles a multivariant playlist offers, and fetches each
// one's playlist and text.
func (c client) group(master string) []string {
	c.t.Helper()
	text := string(playlist(c, master))
	offers := []string{}
	for _, m := range captionLine.FindAllStringSubmatch(text, -1) {
		offers = append(offers, m[2]+" "+m[1])
		base := strings.TrimSuffix(master, "master.m3u8")
		list := strings.Split(string(playlist(c, base+m[3])), "\n")
		if a := public(c, base+list[6]); a.status != http.StatusOK || !strings.HasPrefix(string(a.body), "WEBVTT\n") {
			c.t.Errorf("%s: %d %q", list[6], a.status, a.body)
		}
	}
	if n := strings.Count(text, "EXT-X-MEDIA"); n != len(offers) {
		c.t.Errorf("%d of %d offers are well formed:\n%s", len(offers), n, text)
	}
	for _, line := range streamLine.FindAllString(text, -1) {
		if strings.HasSuffix(line, `,SUBTITLES="subtitles"`) != (len(offers) > 0) {
			c.t.Errorf("with %d offers: %s", len(offers), line)
		}
	}
	return offers
}

// serves checks a public file by GET, HEAD, a range and its tag.
func (c client) serves(url, kind, body string) {
	c.t.Helper()
	c = c.as("")
	a := c.call("GET", url, nil)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != kind || string(a.body) != body || a.header.Get("Access-Control-Allow-Origin") != "*" {
		c.t.Errorf("%s: %d %v\n%q, want\n%q", url, a.status, a.header, a.body, body)
		return
	}
	tag := a.header.Get("ETag")
	if h := c.call("HEAD", url, nil); h.status != http.StatusOK || h.header.Get("Content-Length") != fmt.Sprint(len(body)) || h.header.Get("ETag") != tag {
		c.t.Errorf("HEAD %s: %d %v", url, h.status, h.header)
	}
	if r := c.call("GET", url, nil, "Range", "bytes=2-5", "If-Range", tag); r.status != http.StatusPartialContent || string(r.body) != body[2:6] {
		c.t.Errorf("a range of %s: %d %q", url, r.status, r.body)
	}
	if n := c.call("GET", url, nil, "If-None-Match", tag); n.status != http.StatusNotModified {
		c.t.Errorf("%s again: %d", url, n.status)
	}
}

// TestSubtitlesRefused: what is wrong is said in words, and nothing of it is
// attached.
func TestSubtitlesRefused(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	other := c.as(s.token("77"))
	video := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	c.succeeded(video)
	file := c.captions(englishSRT)
	theirs := other.captions(germanVTT)
	image := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	session := c.initialize("text/srt", "subtitles", 10)
	for _, r := range []struct {
		client
		video, file, language, name string
		status                      int
		words                       string
	}{
		{c, video, theirs, "DE", "Deutsch", 400, "$.subtitles.id: must be the id of a subtitle file that this user may use"},
		{c, video, "1", "EN", "English", 400, "$.subtitles.id: must be the id of a subtitle file that this user may use"},
		{c, video, session, "EN", "English", 400, "$.subtitles.id: is an upload that is not finalized yet"},
		{c, video, image, "EN", "English", 400, "$.subtitles.id: is of the category tweet_image"},
		{c, video, video, "EN", "English", 400, "$.subtitles.id: is of the category tweet_video"},
		{c, image, file, "EN", "English", 400, "$.id: is of the category tweet_image; only tweet_video and amplify_video have subtitles"},
		{c, session, file, "EN", "English", 400, "$.id: is an upload that is not finalized"},
		{c, "1", file, "EN", "English", 404, "There is no upload 1 here"},
		{other, video, theirs, "DE", "Deutsch", 404, "There is no upload"},
		{c, video, file, "english language", "English", 400, "$.subtitles.language_code: must be a language"},
		{c, video, file, "EN", " ", 400, "$.subtitles.display_name: must be the name"},
		{c, video, file, "EN", "a\"b\nc", 400, "$.subtitles.display_name: must be one line"},
		{c.as(s.token("1", "--scopes", "tweet.read")), video, file, "EN", "English", 403, "media.write"},
		{c.as(""), video, file, "EN", "English", 401, "Authorization"},
	} {
		r.call("POST", "/2/media/subtitles", map[string]any{
			"id": r.video, "media_category": "TweetVideo", "subtitles": caption(r.file, r.language, r.name),
		}).refused(r.status, r.words)
	}
	c.call("DELETE", "/2/media/subtitles", nil).refused(400, "this DELETE has none")
	c.call("DELETE", "/2/media/subtitles", "id="+video+"&media_category=TweetVideo&language_code=EN", "Content-Type", "application/x-www-form-urlencoded").
		refused(400, "content-type of application/json")
	other.call("DELETE", "/2/media/subtitles", map[string]any{"id": video, "media_category": "TweetVideo", "language_code": "EN"}).refused(404, "There is no upload")
	c.call("PUT", "/2/media/subtitles", nil).refused(405, "PUT is not possible here")
	if got := c.group(c.masterOf(video)); len(got) > 0 {
		t.Errorf("the player offers %q", got)
	}
}

// TestSubtitleFilesAtFault: a file that can't be read says where; the liberties
// that programs take are taken.
func TestSubtitleFilesAtFault(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	const fine = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nHi\n"
	for name, text := range map[string]string{
		"a byte order mark":    "\ufeff1\n00:00:01,000 --> 00:00:02,000\nHi\n",
		"CRLF":                 "1\r\n00:00:01,000 --> 00:00:02,000\r\nHi\r\n",
		"no numbers":           "00:00:01,000 --> 00:00:02,000\nHi\n",
		"dots":                 "7\n00:00:01.000 --> 00:00:02.000\nHi",
		"WebVTT and BOM, CRLF": "\ufeffWEBVTT\r\n\r\n00:01.000 --> 00:02.000\r\nHi\r\n",
	} {
		kind := "text/srt"
		if strings.Contains(text, "WEBVTT") {
			kind = "text/vtt"
		}
		up := c.upload(kind, "subtitles", []byte(text), 1<<20)
		if a := public(c, c.lookup(up["media_key"].(string))["url"].(string)); string(a.body) != fine {
			t.Errorf("%s became %q", name, a.body)
		}
	}
	video := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	send := func(text string) (id string, finalized answer) {
		t.Helper()
		id = c.initialize("text/srt", "subtitles", len(text))
		if a := c.append(id, 0, []byte(text)); a.status != http.StatusOK {
			return id, a
		}
		return id, c.finalize(id)
	}
	for text, words := range map[string]string{
		"1\n00:00:02,000 --> 00:00:01,000\nHi\n":                                         "The subtitles cannot be read: line 2: the cue ends (00:00:01,000) before it begins (00:00:02,000).",
		"1\n00:00:01,000 --> 00:00:02,000\nHi\n\n2\n00:00:61,000 --> 00:01:02,000\nHi\n": `line 6: the time when the cue begins should be written like 00:00:01,000, found "00:00:61,000"`,
		"1\n00:00:01,000 --> 00:00:02,000\nHi\xe9\n":                                     "line 3: the bytes are not UTF-8; save the file as UTF-8",
	} {
		id, a := send(text)
		a.refused(http.StatusBadRequest, words)
		info := c.await(id)
		cause, _ := info["error"].(map[string]any)
		if said, _ := cause["message"].(string); info["state"] != "failed" || cause["name"] != "InvalidMedia" || !strings.Contains(said, words) {
			t.Errorf("the status of %.40q is %v", text, info)
		}
		c.call("POST", "/2/media/subtitles", map[string]any{"id": video, "subtitles": caption(id, "EN", "English")}).
			refused(http.StatusBadRequest, "$.subtitles.id: can't be used", words)
	}
	for text, words := range map[string]string{
		"\xff\xfe1\x00\n\x000\x000\x00": "it seems to be UTF-16 text",
		string(randomBytes(5, 2000)):    "it seems to be unknown bytes",
	} {
		_, a := send(text)
		a.refused(http.StatusBadRequest, words)
	}
}
