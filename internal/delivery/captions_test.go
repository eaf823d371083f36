package delivery

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

const storedMaster = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n" +
	"#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.64001e,mp4a.40.2\"\n320x180.m3u8\n" +
	"#EXT-X-STREAM-INF:BANDWIDTH=4,CODECS=\"avc1.64001f,mp4a.40.2\"\n640x360.m3u8\n" +
	"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001e\",URI=\"iframes.m3u8\"\n"

// cinema is a server of a video (slug video-video-vide) and subtitle files 21
// and 22, whose text is "21" and "22".
type cinema struct {
	t       *testing.T
	catalog *catalog.Catalog
	memory  *blobtest.Memory
	mux     *http.ServeMux
	now     time.Time
}

func newCinema(t *testing.T) *cinema {
	t.Helper()
	c := &cinema{t: t, catalog: openCatalog(t), memory: blobtest.NewMemory(nil), mux: http.NewServeMux(), now: touched()}
	store := blob.New(c.memory)
	manifest := media.Manifest{{Key: "segments/3/000", Size: 1}}
	video := media.Media{ID: 7, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "video-video-vide", Manifest: manifest}
	c.publish(store, video, media.Rendition{Role: media.RoleMaster, Name: "master.m3u8", ContentType: playlistType}, storedMaster, 12345*time.Millisecond)
	for _, id := range []media.ID{21, 22} {
		m := media.Media{ID: id, Owner: "1", Category: media.Subtitles, Type: media.SRT, Slug: fmt.Sprintf("subtitle-file-%d", id), Manifest: manifest}
		c.publish(store, m, media.Rendition{Role: media.RoleText, Name: "subtitles.vtt", ContentType: "text/vtt; charset=utf-8"}, id.String(), time.Second)
	}
	h := NewRenditions(Config{Catalog: c.catalog, Blobs: store, Access: access(), Now: func() time.Time { return c.now }, Fail: plain})
	c.mux.Handle("GET /media/{slug}/{name}", h)
	return c
}

func (c *cinema) publish(s *blob.Store, m media.Media, r media.Rendition, text string, length time.Duration) {
	c.t.Helper()
	ctx := c.t.Context()
	c.accept(m)
	if _, ok, err := c.catalog.Claim(ctx, m.ID, touched()); err != nil || !ok {
		c.t.Fatal(ok, err)
	}
	var err error
	if r.Blob, err = s.Put(ctx, fmt.Sprintf("renditions/%s/1/%s", m.ID, r.Name), bytes.NewReader([]byte(text))); err != nil {
		c.t.Fatal(err)
	}
	if ok, err := c.catalog.Publish(ctx, m.ID, 1, media.Outcome{Duration: length, Renditions: []media.Rendition{r}}, touched()); err != nil || !ok {
		c.t.Fatal(ok, err)
	}
}

// accept records a pending media.
func (c *cinema) accept(m media.Media) {
	c.t.Helper()
	ctx := c.t.Context()
	m.State, m.CreatedAt, m.TouchedAt = media.Pending, touched(), touched()
	if err := c.catalog.CreateSession(ctx, media.Session{ID: m.ID, Owner: m.Owner, State: media.SessionOpen, CreatedAt: touched(), ExpiresAt: touched().Add(time.Hour)}); err != nil {
		c.t.Fatal(err)
	}
	if _, took, err := c.catalog.BeginClosing(ctx, m.ID, "x", touched(), touched().Add(-time.Minute)); err != nil || !took {
		c.t.Fatal(took, err)
	}
	if ok, err := c.catalog.CloseSession(ctx, "x", m, touched()); err != nil || !ok {
		c.t.Fatal(ok, err)
	}
}

func (c *cinema) attach(video, file media.ID, l media.Language, name string) {
	c.t.Helper()
	if _, err := c.catalog.AttachSubtitles(c.t.Context(), video, []media.Subtitle{{Language: l, DisplayName: name, File: file}}, catalog.Actor{}, c.now); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cinema) detach(l media.Language) {
	c.t.Helper()
	if ok, err := c.catalog.DetachSubtitles(c.t.Context(), 7, []media.Language{l}, catalog.Actor{}); err != nil || !ok {
		c.t.Fatal(ok, err)
	}
}

func (c *cinema) get(method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(c.t.Context(), method, "/media/"+path, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.mux.ServeHTTP(w, r)
	return w
}

// is checks an answer and what caches and players ask of it.
func (c *cinema) is(path, kind, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	w := c.get("GET", path)
	if diff := cmp.Diff(body, w.Body.String()); w.Code != http.StatusOK || diff != "" {
		c.t.Errorf("%s: %d (-want +got):\n%s", path, w.Code, diff)
		return w
	}
	for name, want := range map[string]string{
		"Content-Type": kind, "Content-Length": fmt.Sprint(len(body)), "Accept-Ranges": "bytes", "Cache-Control": "public, max-age=300",
		"Access-Control-Allow-Origin": "*", "X-Content-Type-Options": "nosniff",
	} {
		if got := w.Header().Get(name); got != want {
			c.t.Errorf("%s: %s: %q, want %q", path, name, got, want)
		}
	}
	tag := w.Header().Get("ETag")
	if len(tag) < 3 || tag[0] != '"' {
		c.t.Errorf("%s: ETag %q", path, tag)
	}
	if w := c.get("HEAD", path); w.Code != http.StatusOK || w.Body.Len() > 0 || w.Header().Get("Content-Length") != fmt.Sprint(len(body)) || w.Header().Get("ETag") != tag {
		c.t.Errorf("HEAD %s: %d %v", path, w.Code, w.Header())
	}
	if w := c.get("GET", path, "If-None-Match", tag); w.Code != http.StatusNotModified || w.Body.Len() > 0 {
		c.t.Errorf("%s again: %d %q", path, w.Code, w.Body)
	}
	if w := c.get("GET", path, "Range", "bytes=1-1", "If-Range", tag); w.Code != http.StatusPartialContent || w.Body.String() != body[1:2] {
		c.t.Errorf("a byte of %s: %d %q", path, w.Code, w.Body)
	}
	return w
}

const vttType = "text/vtt; charset=utf-8"

func TestCaptions(t *testing.T) {
	c := newCinema(t)
	const master = "video-video-vide/master.m3u8"
	bare := c.is(master, playlistType, storedMaster).Header().Get("ETag")

	c.attach(7, 21, "en", "English")
	c.attach(7, 22, "pt-BR", `Brasil "novo"`)
	two := c.is(master, playlistType, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"+
		`#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="English",LANGUAGE="en",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="subtitles-en.m3u8"`+"\n"+
		`#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="Brasil 'novo'",LANGUAGE="pt-BR",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="subtitles-pt-BR.m3u8"`+"\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=2,CODECS=\"avc1.64001e,mp4a.40.2\",SUBTITLES=\"subtitles\"\n320x180.m3u8\n"+
		"#EXT-X-STREAM-INF:BANDWIDTH=4,CODECS=\"avc1.64001f,mp4a.40.2\",SUBTITLES=\"subtitles\"\n640x360.m3u8\n"+
		"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1.64001e\",URI=\"iframes.m3u8\"\n")
	tag := two.Header().Get("ETag")
	if tag == bare || two.Header().Get("Last-Modified") != "" {
		t.Errorf("the master with subtitles has %v, without it was %s", two.Header(), bare)
	}
	if w := c.get("GET", master, "If-None-Match", bare); w.Code != http.StatusOK {
		t.Errorf("the old ETag: %d", w.Code)
	}

	c.is("video-video-vide/subtitles-en.m3u8", playlistType, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:13\n#EXT-X-MEDIA-SEQUENCE:0\n"+
		"#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:12.345,\nsubtitles-en.vtt\n#EXT-X-ENDLIST\n")
	for path, text := range map[string]string{"en": "21", "EN": "21", "pt-BR": "22", "pt-br": "22"} {
		c.is("video-video-vide/subtitles-"+path+".vtt", vttType, text)
	}

	// A replaced file is another at once, for whoever asks by tag or by time.
	old := c.get("GET", "video-video-vide/subtitles-en.vtt").Header()
	c.now = c.now.Add(time.Hour)
	c.attach(7, 22, "en", "English")
	for name, value := range map[string]string{"If-None-Match": old.Get("ETag"), "If-Modified-Since": old.Get("Last-Modified")} {
		if w := c.get("GET", "video-video-vide/subtitles-en.vtt", name, value); w.Code != http.StatusOK || w.Body.String() != "22" {
			t.Errorf("replaced, by %s: %d %q", name, w.Code, w.Body)
		}
	}
	c.is(master, playlistType, two.Body.String()) // the same names

	c.detach("pt-BR")
	c.detach("en")
	if got := c.is(master, playlistType, storedMaster).Header().Get("ETag"); got != bare {
		t.Errorf("without subtitles again the ETag is %s, was %s", got, bare)
	}
	// What was cached while they were there is stale, by whatever it is asked.
	if w := c.get("GET", master, "If-Modified-Since", c.now.UTC().Format(http.TimeFormat)); w.Code != http.StatusOK {
		t.Errorf("If-Modified-Since after detaching: %d", w.Code)
	}
}

func TestCaptionsThatAreNotThere(t *testing.T) {
	c := newCinema(t)
	refused := func(path, code string) {
		t.Helper()
		w := c.get("GET", path)
		if w.Code != http.StatusTeapot || w.Header().Get("X-Code") != code || w.Header().Get("ETag") != "" || w.Header().Get("Cache-Control") != "" {
			t.Errorf("%s: %d %v %q", path, w.Code, w.Header(), w.Body)
		}
		if got := w.Header().Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s: Access-Control-Allow-Origin %q", path, got)
		}
	}
	c.attach(7, 21, "en", "English")
	c.attach(7, 22, "de", "Deutsch")
	for _, path := range []string{
		"video-video-vide/subtitles-fr.vtt", "video-video-vide/subtitles-fr.m3u8", "video-video-vide/subtitles-.vtt", "video-video-vide/subtitles-en",
		"video-video-vide/subtitles-en.srt", "video-video-vide/subtitles-en.vtt.vtt", "video-video-vide/subtitles.vtt", "video-video-vide/subtitles-en%2f.vtt",
		"subtitle-file-21/subtitles-en.vtt", "subtitle-file-21/subtitles-en.m3u8", "nobody/subtitles-en.vtt", "video-video-vide/subtitles-e%00.vtt",
	} {
		refused(path, "not_found")
	}
	c.is("subtitle-file-21/subtitles.vtt", vttType, "21") // by its own address

	// With its file, a language is gone from everywhere.
	if _, err := c.catalog.DeleteMedia(t.Context(), 22, c.now); err != nil {
		t.Fatal(err)
	}
	refused("video-video-vide/subtitles-de.vtt", "not_found")
	refused("video-video-vide/subtitles-de.m3u8", "not_found")
	if text := c.get("GET", "video-video-vide/master.m3u8").Body.String(); strings.Contains(text, "Deutsch") || !strings.Contains(text, "English") {
		t.Errorf("master:\n%s", text)
	}

	// And with its video, all.
	if _, err := c.catalog.DeleteMedia(t.Context(), 7, c.now); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"subtitles-en.vtt", "subtitles-en.m3u8", "master.m3u8"} {
		refused("video-video-vide/"+name, "not_found")
	}
}

// Before a video is processed nothing of it is served.
func TestCaptionsOfAVideoOnItsWay(t *testing.T) {
	c := newCinema(t)
	c.accept(media.Media{ID: 8, Owner: "1", Category: media.TweetVideo, Type: media.MP4, Slug: "pending-video-vi", Manifest: media.Manifest{{Key: "segments/8/000", Size: 1}}})
	c.attach(8, 21, "en", "English")
	for _, name := range []string{"subtitles-en.vtt", "subtitles-en.m3u8", "master.m3u8"} {
		if w := c.get("GET", "pending-video-vi/"+name); w.Code != http.StatusTeapot || w.Header().Get("X-Code") != "not_found" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
}

func TestCaptionsWhenTheStoreFails(t *testing.T) {
	c := newCinema(t)
	c.attach(7, 21, "en", "English")
	c.memory.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpOpen, errors.New("the disk is away"))})
	w := c.get("GET", "video-video-vide/master.m3u8")
	if w.Code != http.StatusTeapot || w.Header().Get("X-Code") != "internal" || w.Header().Get("Cache-Control") != "" || w.Header().Get("ETag") != "" {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
}

// Whatever names and languages are stored, the group is well formed: each line
// whole, each NAME once.
func TestCaptionedMaster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"English", "English (a)", "English (b)", "English (b 2)", `"`, "'", "a\nb", "a\r", "a\u2028b"}))
		var attached []media.Subtitle
		for _, l := range []media.Language{"a", "b", "c", "d"} {
			attached = append(attached, media.Subtitle{Language: l, DisplayName: name.Draw(t, "name"), File: 1})
		}
		text := captionedMaster(strings.ReplaceAll(storedMaster, "\n", rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "ends")), attached)
		lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
		if len(lines) != strings.Count(storedMaster, "\n")+1+len(attached) {
			t.Fatalf("%d lines:\n%q", len(lines), text)
		}
		seen := map[string]bool{}
		for i, s := range attached {
			fields := strings.Split(lines[3+i], `"`)
			if len(fields) != 9 || fields[0] != "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=" || fields[5] != string(s.Language) || fields[7] != "subtitles-"+string(s.Language)+".m3u8" || seen[fields[3]] {
				t.Fatalf("line %d: %q", i, fields)
			}
			seen[fields[3]] = true
		}
		if n := strings.Count(text, `,SUBTITLES="subtitles"`); n != 2 {
			t.Fatalf("%d variants name the group:\n%s", n, text)
		}
	})
}

func TestCaptionPlaylist(t *testing.T) {
	for length, want := range map[time.Duration]string{
		0: "1\n0.001", 400 * time.Millisecond: "1\n0.400", time.Second: "1\n1.000", 1001 * time.Millisecond: "2\n1.001",
		2*time.Hour + 30*time.Minute: "9000\n9000.000",
	} {
		target, seconds, _ := strings.Cut(want, "\n")
		text := captionPlaylist("zh-Hant", length)
		for _, line := range []string{"#EXT-X-TARGETDURATION:" + target, "#EXTINF:" + seconds + ",", "subtitles-zh-Hant.vtt", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-ENDLIST"} {
			if !strings.Contains(text, "\n"+line+"\n") {
				t.Errorf("%s: no line %q in\n%s", length, line, text)
			}
		}
	}
}
