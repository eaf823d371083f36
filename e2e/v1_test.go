package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

const v1Upload = "/1.1/media/upload.json"

// v1Media is what version 1.1 answers to its commands.
type v1Media struct {
	ID      json.Number     `json:"media_id"`
	Text    string          `json:"media_id_string"`
	Key     string          `json:"media_key"`
	Size    int             `json:"size"`
	Expires int             `json:"expires_after_secs"`
	Image   *map[string]any `json:"image"`
	Video   *map[string]any `json:"video"`
	Info    *v1Info         `json:"processing_info"`
}

type v1Info struct {
	State    string          `json:"state"`
	After    int             `json:"check_after_secs"`
	Progress *int            `json:"progress_percent"`
	Error    *map[string]any `json:"error"`
}

// v1 reads an answer of version 1.1, which must have a status, no member beside
// its own, and one id in two forms.
func (a answer) v1(status int) v1Media {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.DisallowUnknownFields()
	var m v1Media
	if err := d.Decode(&m); err != nil || m.Text == "" || m.ID.String() != m.Text {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return m
}

// empty checks that an answer has a status and truly no body.
func (a answer) empty(status int) {
	a.t.Helper()
	if a.status != status || len(a.body) > 0 || a.header.Get("Content-Type") != "" {
		a.t.Errorf("status %d, want %d and nothing: %q %q", a.status, status, a.header.Get("Content-Type"), a.body)
	}
}

// refusedV1 checks that an answer refuses in version 1.1's shape, in both of
// them on the upload's path.
func (a answer) refusedV1(status, code int, words ...string) {
	a.t.Helper()
	var p struct {
		Request, Error string
		Errors         []struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal(a.body, &p); err != nil || len(p.Errors) != 1 {
		a.t.Errorf("status %d, %v: %q", a.status, err, a.body)
		return
	}
	if a.status != status || p.Errors[0].Code != code || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		a.t.Errorf("status %d, want %d with code %d: %s", a.status, status, code, a.body)
	}
	if p.Request != "" && (p.Request != v1Upload || p.Error != p.Errors[0].Message) {
		a.t.Errorf("half of a shape: %s", a.body)
	}
	for _, w := range words {
		if !strings.Contains(p.Errors[0].Message, w) {
			a.t.Errorf("the words lack %q: %s", w, a.body)
		}
	}
}

// The commands in the forms of X's documentation, each upload partly in the
// newest dialect, for it is one upload.
func TestV1Commands(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	half := len(file) / 2
	first, second := keep(t, "first", file[:half]), keep(t, "second", file[half:])
	sized := fmt.Sprintf("total_bytes=%d", len(file))
	post := []string{"-X", "POST"}
	type call struct {
		query string
		args  []string
	}
	for _, way := range []struct {
		name                   string
		init, append, finalize call
	}{
		{
			"query",
			call{"?command=INIT&media_type=image%2Fpng&media_category=TweetImage&" + sized, post},
			call{"?command=APPEND&segment_index=1&media_id=ID", []string{"-F", "media=@" + second}},
			call{"?command=FINALIZE&media_id=ID", post},
		},
		{
			"form",
			call{"", []string{"-d", "command=INIT", "-d", "media_type=image/png", "-d", sized, "-d", "media_category=tweet_image"}},
			call{"", []string{"-d", "command=APPEND&media_id=ID&segment_index=1", "--data-urlencode", "media_data=" + b64(file[half:])}},
			call{"", []string{"-d", "command=FINALIZE&media_id=ID"}},
		},
		{
			"multipart, and the key for the id",
			call{"", []string{"-F", "command=INIT", "-F", "media_type=image/png", "-F", sized, "-F", "media_category=TWEET_IMAGE"}},
			call{"", []string{"-F", "command=APPEND", "-F", "media_key=3_ID", "-F", "segment_index=1", "-F", "media=@" + second + ";type=application/octet-stream"}},
			call{"", []string{"-F", "command=FINALIZE", "-F", "media_key=3_ID"}},
		},
		{
			"mixed, and what else clients send",
			call{"?command=INIT&video_duration_ms=0.5&allow_async=true", []string{"-d", "media_category=tweetimage&enable_user_id=1", "-d", sized, "-d", "media_type=image/png"}},
			call{"?command=APPEND&media_id=ID", []string{"-F", "media_data=<" + keep(t, "b64", []byte(b64(file[half:]))), "-F", "segment_index=1"}},
			call{"?command=FINALIZE", []string{"-d", "media_id=ID", "-d", "allow_async=true"}},
		},
	} {
		t.Run(way.name, func(t *testing.T) {
			c := c
			c.t = t
			id := ""
			do := func(k call) answer {
				args := strings.Split(strings.ReplaceAll(strings.Join(k.args, "\x00"), "ID", id), "\x00")
				return c.curl(v1Upload+strings.ReplaceAll(k.query, "ID", id), args...)
			}
			opened := c.curl(v1Upload+way.init.query, way.init.args...).v1(http.StatusAccepted)
			id = opened.Text
			if opened.Key != "3_"+id || opened.Expires != 86_400 || opened.Size != 0 || opened.Info != nil {
				t.Errorf("INIT answered %+v", opened)
			}
			c.curl("/2/media/upload/"+id+"/append", "-F", "segment_index=0", "-F", "media=@"+first).data()
			do(way.append).empty(http.StatusNoContent)
			for range 2 {
				m := do(way.finalize).v1(http.StatusCreated)
				if m.Key != "3_"+id || m.Size != len(file) || m.Expires <= 0 || m.Image == nil || (*m.Image)["w"] != 64.0 || (*m.Image)["image_type"] != "image/png" || m.Info != nil {
					t.Errorf("FINALIZE answered %+v", m)
				}
			}
			m := c.curl(v1Upload + "?command=STATUS&media_id=" + id).v1(http.StatusOK)
			if m.Info == nil || m.Info.State != "succeeded" || *m.Info.Progress != 100 || m.Expires != 0 {
				t.Errorf("STATUS answered %+v", m)
			}
			if got := c.original(id); sum(got.body) != sum(file) {
				t.Errorf("the original is not what was sent: %d bytes of %d", len(got.body), len(file))
			}
		})
	}
}

// Whole images in one request, with and without a category.
func TestV1Simple(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := keep(t, "a.png", samplePNG())
	text := keep(t, "a.b64", []byte(b64(samplePNG())))
	for name, way := range map[string]struct {
		query, key string
		args       []string
	}{
		"media":                  {"", "", []string{"-F", "media=@" + file}},
		"media and a category":   {"", "3_", []string{"-F", "media=@" + file, "-F", "media_category=tweet_image"}},
		"a category in a query":  {"?media_category=DmImage", "1003_", []string{"-F", "media=@" + file}},
		"media_data, multipart":  {"", "", []string{"-F", "media_data=<" + text}},
		"media_data, urlencoded": {"", "3_", []string{"--data-urlencode", "media_data@" + text, "-d", "media_category=TWEET_IMAGE"}},
		"owners":                 {"", "", []string{"-F", "media=@" + file, "-F", "additional_owners=12,99"}},
		"owners, one by one":     {"", "", []string{"-F", "media=@" + file, "-F", "additional_owners=12", "-F", "additional_owners=99"}},
		"a chunked body":         {"", "", []string{"-H", "Transfer-Encoding: chunked", "-F", "media=@" + file}},
		"no filename":            {"", "", []string{"-F", "media=<" + text + ";encoder=7bit;headers=\"Content-Transfer-Encoding: base64\""}},
	} {
		t.Run(name, func(t *testing.T) {
			c := c
			c.t = t
			m := c.curl(v1Upload+way.query, way.args...).v1(http.StatusOK)
			if key := way.key; key != "" && m.Key != key+m.Text || key == "" && m.Key != "" {
				t.Errorf("media_key %q", m.Key)
			}
			if m.Size != len(samplePNG()) || m.Expires <= 0 || m.Image == nil || (*m.Image)["h"] != 48.0 || m.Info != nil {
				t.Errorf("answered %+v", m)
			}
			if sum(c.original(m.Text).body) != sum(samplePNG()) {
				t.Error("the original is not what was sent")
			}
		})
	}
}

// A video is processed in the background, with and without a category.
func TestV1Video(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := sampleMP4(t)
	send := func(file []byte, args ...string) v1Media {
		t.Helper()
		id := c.curl(v1Upload, append(args, "-d", "command=INIT", "-d", "media_type=video/mp4", "-d", fmt.Sprintf("total_bytes=%d", len(file)))...).v1(http.StatusAccepted).Text
		name := keep(t, "video.mp4", file)
		c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id="+id, "-F", "segment_index=0", "-F", "media=@"+name).empty(http.StatusNoContent)
		m := c.curl(v1Upload, "-d", "command=FINALIZE", "-d", "media_id="+id).v1(http.StatusCreated)
		if m.Info == nil || m.Info.State != "succeeded" && m.Info.After < 1 || m.Size != len(file) || m.Expires <= 0 {
			t.Errorf("FINALIZE answered %+v", m)
		}
		return m
	}
	await := func(id string) v1Media {
		t.Helper()
		for end := time.Now().Add(3 * time.Minute); ; {
			m := c.call("GET", v1Upload+"?command=STATUS&media_id="+id, nil).v1(http.StatusOK)
			if m.Info == nil || m.Expires != 0 || time.Now().After(end) {
				t.Fatalf("STATUS answered %+v", m)
			}
			if m.Info.State == "succeeded" || m.Info.State == "failed" {
				return m
			}
			if m.Info.After < 1 {
				t.Fatalf("unfinished without check_after_secs: %+v", m)
			}
			time.Sleep(200 * time.Millisecond) // polls oftener than it is asked to
		}
	}
	for category, prefix := range map[string]string{"tweet_video": "7_", "AmplifyVideo": "13_", "": "7_"} {
		id := send(file, "-d", "media_category="+category).Text
		m := await(id)
		if m.Info.State != "succeeded" || m.Video == nil || (*m.Video)["video_type"] != "video/mp4" || m.Key != prefix+id {
			t.Errorf("%q: %+v", category, m)
		}
		if c.lookup(prefix + id)["type"] != "video" {
			t.Errorf("%q: no video", category)
		}
	}
	m := await(send(file[:len(file)*2/3], "-d", "media_category=tweet_video").Text)
	if m.Info.State != "failed" || m.Info.Error == nil {
		t.Fatalf("a truncated video: %+v", m)
	}
	if e := *m.Info.Error; e["name"] != "InvalidMedia" || e["code"] != 1.0 || e["message"] == "" {
		t.Errorf("a truncated video: %v", e)
	}
}

func TestV1Metadata(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)["id"].(string)
	const at = "/1.1/media/metadata/create.json"
	for text, args := range map[string][]string{
		"a black and white bird": asJSON(`{"media_id":"` + id + `","alt_text":{"text":"a black and white bird"}}`),
		"an exact number":        asJSON(`{"media_id":` + id + `,"alt_text":{"text":"an exact number"}}`),
		"plain text":             {"-H", "Content-Type: text/plain", "-d", `{"media_id":"` + id + `","alt_text":{"text":"plain text"}}`},
		"no type":                {"-H", "Content-Type:", "-d", `{"media_id":"` + id + `","alt_text":{"text":"no type"}}`},
		"text/plain, a charset":  {"-H", "Content-Type: text/plain;charset=UTF-8", "-d", `{"media_id":"` + id + `","alt_text":{"text":"text/plain, a charset"}}`},
	} {
		a := c.curl(at, args...)
		a.empty(http.StatusOK)
		if got := a.header.Get("Content-Length"); got != "0" {
			t.Errorf("Content-Length %q", got)
		}
		if got := c.lookup("3_" + id)["alt_text"]; got != text {
			t.Errorf("alt_text %v, want %q", got, text)
		}
	}
	c.curl(at, asJSON(`{"media_id":"`+id+`","alt_text":{"text":"`+strings.Repeat("x", 1001)+`"}}`)...).refusedV1(400, 44, "1000")
	c.curl(at, asJSON(`{"media_id":"5","alt_text":{"text":"x"}}`)...).refusedV1(404, 34, "5")
	c.curl(at, "-d", "media_id="+id).refusedV1(400, 44, "application/json")
}

// What X is known to answer to mistakes, in its words.
func TestV1Errors(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	text := keep(t, "text", []byte("This is no picture."))
	init := func(total int) string {
		t.Helper()
		return c.curl(v1Upload, "-d", "command=INIT", "-d", "media_type=image/png", "-d", fmt.Sprint("total_bytes=", total)).v1(http.StatusAccepted).Text
	}
	id := init(5)
	c.curl(v1Upload, "-F", "media=@"+text).refusedV1(400, 324, "media type unrecognized.")
	c.curl(v1Upload, "-d", "command=INIT", "-d", "media_type=video/avi", "-d", "total_bytes=5").refusedV1(400, 324, "media type unrecognized.")
	c.curl(v1Upload, "-d", "command=INIT", "-d", "media_type=image/png", "-d", "total_bytes=17179869185").refusedV1(400, 44, "17179869184")
	c.curl(v1Upload, "-d", "command=FINALIZE", "-d", "media_id="+id).refusedV1(400, 324, "no segment has arrived")
	c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id="+id, "-F", "segment_index=1", "-F", "media=xyz").empty(http.StatusNoContent)
	c.curl(v1Upload, "-d", "command=FINALIZE", "-d", "media_id="+id).refusedV1(400, 44, "Segments do not add up to provided total file size. Here segment 0 is missing; 3 bytes have arrived and initialize declared 5.")
	c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id="+id, "-F", "segment_index=1000", "-F", "media=xyz").refusedV1(400, 44, "SegmentIndex must be between 0 and 999.")
	c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id=", "-F", "segment_index=0", "-F", "media=xyz").refusedV1(400, 25, "Invalid media_id: Some().")
	c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id=5", "-F", "segment_index=0", "-F", "media=xyz").refusedV1(400, 25, "Invalid media_id: Some(5).")
	c.curl(v1Upload, "-F", "command=APPEND", "-F", "media_id="+id, "-F", "segment_index=0", "-F", "file=xyz").refusedV1(400, 38, "media parameter is missing.")
	c.curl(v1Upload, "-d", "command=STATUS", "-d", "media_id="+id).refusedV1(400, 38, "media parameter is missing.")
	c.curl(v1Upload, "-d", "command=init").refusedV1(400, 44, "capitals")
	c.curl(v1Upload+"?command=STATUS&media_id=5").refusedV1(404, 34, "Sorry, that page does not exist")
	c.curl("/1.1/statuses/update.json", "-d", "status=hello").refusedV1(404, 34, "Sorry, that page does not exist")
	c.curl(v1Upload, "-X", "PUT").refusedV1(405, 86, "GET or POST")
	c.curl("/1.1//media/upload.json", "-d", "command=INIT").refusedV1(404, 34, "doubled slashes")

	for name, way := range map[string]struct {
		c            client
		status, code int
		words        string
	}{
		"nobody":       {c.as(""), 400, 215, "Bad Authentication data"},
		"unknown":      {c.as("nonsense"), 401, 89, "Invalid or expired token"},
		"app-only":     {c.as(s.token("1", "--app-only")), 403, 220, "Your credentials do not allow access to this resource"},
		"no scope":     {c.as(s.token("1", "--scopes", "tweet.read")), 403, 220, "media.write"},
		"another user": {c.as(s.token("2")), 400, 25, "Invalid media_id: Some(" + id + ")"},
	} {
		a := way.c.call("POST", v1Upload, "command=FINALIZE&media_id="+id, "Content-Type", "application/x-www-form-urlencoded")
		a.refusedV1(way.status, way.code, way.words)
		if !strings.Contains(string(a.body), `"request":"/1.1/media/upload.json"`) {
			t.Errorf("%s: only one shape: %s", name, a.body)
		}
	}
}

// A body larger than any segment is refused in words, although the client would
// rather go on sending.
func TestV1TooLarge(t *testing.T) {
	t.Parallel()
	c := start(t, "--max-segment", "1MB").client()
	name := keep(t, "large", nil)
	if err := os.Truncate(name, 3<<20); err != nil {
		t.Fatal(err)
	}
	c.curl(v1Upload, "-H", "Connection: close", "-F", "media=@"+name).refusedV1(413, 324, "File size exceeds 1000000 bytes.")
	c.curl(v1Upload, "-H", "Transfer-Encoding: chunked", "-F", "media=@"+name).refusedV1(413, 324, "File size exceeds 1000000 bytes.")
}
