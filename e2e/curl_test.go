package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// curl sends a request with the real curl and further arguments of its.
func (c client) curl(path string, args ...string) answer {
	c.t.Helper()
	dir := c.t.TempDir()
	head, body := filepath.Join(dir, "head"), filepath.Join(dir, "body")
	argv := append([]string{
		"-sS", "--max-time", "60", "-D", head, "-o", body, "-w", "%{method}",
		"-H", "Authorization: Bearer " + c.token,
	}, args...)
	cmd := exec.CommandContext(c.t.Context(), "curl", append(argv, c.url+path)...)
	cmd.Stderr = os.Stderr
	method, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("curl %s: %v", path, err)
	}
	a := answer{t: c.t}
	heads, err := os.ReadFile(head)
	if err != nil {
		c.t.Fatal(err)
	}
	for len(heads) > 0 { // 100 Continue has a head of its own
		block, rest, _ := bytes.Cut(heads, []byte("\r\n\r\n"))
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(append(block, "\r\n\r\n"...))), nil)
		if err != nil {
			c.t.Fatal(err)
		}
		a.status, a.header, heads = r.StatusCode, r.Header, rest
	}
	a.body, _ = os.ReadFile(body) // curl makes no file for an empty body
	u, err := url.Parse(c.url + path)
	if err != nil {
		c.t.Fatal(err)
	}
	a.holdAgainstContract(&http.Request{Method: string(method), URL: u, Header: http.Header{}})
	return a
}

// keep writes bytes to a file and gives its name.
func keep(t *testing.T, name string, b []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// asJSON are curl's arguments for a JSON body, which @ reads from a file.
func asJSON(body string) []string {
	return []string{"-H", "Content-Type: application/json", "--data-binary", body}
}

// The example of X's documentation, as it stands there.
const documentedInitialize = `
{
  "additional_owners": [
    "2244994945"
  ],
  "media_category": "tweet_video",
  "media_type": "video/mp4",
  "shared": true,
  "total_bytes": 8589934592
}
`

func TestCurlInitialize(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	d := c.curl("/2/media/upload/initialize", append(asJSON(documentedInitialize), "--request", "POST")...).data()
	id, _ := d["id"].(string)
	if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 {
		t.Errorf("id %q", d["id"])
	}
	info, _ := d["processing_info"].(map[string]any)
	after, _ := info["check_after_secs"].(float64)
	if d["media_key"] != "7_"+id || d["size"] != 8589934592.0 || d["expires_after_secs"] != 86400.0 ||
		info["state"] != "pending" || info["progress_percent"] != 0.0 || after < 1 {
		t.Errorf("initialize answered %v", d)
	}
	rows := map[string]struct{ key, size, info bool }{
		`{}`:                                {},
		` {"total_bytes":0}`:                {size: true},
		`{"media_type":"image/png"}`:        {key: true},
		`{"media_category":"tweet_gif"}`:    {key: true, info: true},
		`{"total_bytes":17179869184}`:       {size: true},
		`{"media_category":"dm_video"}`:     {key: true, info: true},
		`{"media_category":"subtitles"}`:    {key: true},
		`{"shared":null,"media_type":null}`: {},
	}
	for body, want := range rows {
		d := c.curl("/2/media/upload/initialize", asJSON(body)...).data()
		for member, wanted := range map[string]bool{"media_key": want.key, "size": want.size, "processing_info": want.info} {
			if _, there := d[member]; there != wanted {
				t.Errorf("%s: %s there: %v, want %v", body, member, there, wanted)
			}
		}
	}
}

// Each row is a documented or seen way to send one segment.
func TestCurlAppend(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(1, 300_000)
	binary := keep(t, "segment.bin", file)
	encoded := keep(t, "segment.json", fmt.Appendf(nil, `{"media":%q,"segment_index":0}`, b64(file)))
	stringly := keep(t, "stringly.json", fmt.Appendf(nil, `{"segment_index":"0","media":%q}`, b64(file)))
	url64 := keep(t, "url64.json", fmt.Appendf(nil, `{"segment_index":"0","media":%q}`,
		strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(b64(file)), "=")))
	text := keep(t, "media.b64", []byte(b64(file)))
	media := "media=@" + binary
	rows := map[string][]string{
		"index first":         {"-F", "segment_index=0", "-F", media},
		"media first":         {"-F", media, "-F", "segment_index=0"},
		"no filename":         {"-F", "media=<" + text + ";encoder=7bit;headers=\"Content-Transfer-Encoding: base64\"", "-F", "segment_index=0"},
		"with type":           {"-F", media + ";type=application/octet-stream", "--form-string", "segment_index=0"},
		"with a filename":     {"-F", media + ";filename=a\"b.mp4", "-F", "segment_index=0;type=application/json"},
		"chunked":             {"-H", "Transfer-Encoding: chunked", "-F", "segment_index=0", "-F", media},
		"100-continue":        {"-H", "Expect: 100-continue", "-F", "segment_index=0", "-F", media},
		"chunked, continue":   {"-H", "Expect: 100-continue", "-H", "Transfer-Encoding: chunked", "-F", media, "-F", "segment_index=0"},
		"more fields":         {"-F", "segment_index=0", "-F", "name=x", "-F", media},
		"HTTP/1.0":            {"-0", "-F", "segment_index=0", "-F", media},
		"JSON":                asJSON("@" + encoded),
		"JSON, string index":  asJSON("@" + stringly),
		"JSON, URL alphabet":  asJSON("@" + url64),
		"JSON, chunked":       append(asJSON("@"+encoded), "-H", "Transfer-Encoding: chunked"),
		"JSON, 100-continue":  append(asJSON("@"+encoded), "-H", "Expect: 100-continue"),
		"base64 in curl's -F": {"-F", media + ";encoder=base64", "-F", "segment_index=0"},
	}
	for name, args := range rows {
		t.Run(name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: c.token}
			id := c.initialize(anyBytesType, "", len(file))
			d := c.curl("/2/media/upload/"+id+"/append", args...).data()
			if at, _ := d["expires_at"].(float64); at < 1.7e9 || len(d) != 1 {
				t.Errorf("append answered %v", d)
			}
			c.finalize(id).data()
			if sum(c.original(id).body) != sum(file) {
				t.Error("the original differs from what was sent")
			}
		})
	}
}

func TestCurlFinalize(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := samplePNG()
	rows := map[string][]string{
		"no body":             {"-X", "POST"},
		"length 0":            {"-X", "POST", "-H", "Content-Length: 0"},
		"empty JSON":          {"-X", "POST", "-H", "Content-Type: application/json"},
		"{}":                  asJSON("{}"),
		"form":                {"-d", "command=FINALIZE"},
		"multipart form":      {"-F", "command=FINALIZE"},
		"empty, chunked":      {"-X", "POST", "-H", "Transfer-Encoding: chunked", "-d", ""},
		"empty, 100-continue": {"-d", "", "-H", "Expect: 100-continue"},
	}
	for name, args := range rows {
		id := c.initialize("image/png", "tweet_image", len(file))
		c.append(id, 0, file).data()
		d := c.curl("/2/media/upload/"+id+"/finalize", args...).data()
		image, _ := d["image"].(map[string]any)
		if d["id"] != id || d["media_key"] != "3_"+id || d["size"] != float64(len(file)) || image["w"] != 64.0 {
			t.Errorf("%s: finalize answered %v", name, d)
		}
	}
}

func TestCurlStatus(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	image := c.upload("image/jpeg", "tweet_image", sampleJPEG(), 1<<20)["id"].(string)
	video := c.upload("video/mp4", "tweet_video", sampleMP4(t), 1<<20)["id"].(string)
	c.succeeded(video)
	for _, id := range []string{image, video} {
		for _, query := range []string{"command=STATUS&media_id=" + id, "media_id=" + id, "media_id=" + id + "&command="} {
			d := c.curl("/2/media/upload?" + query).data()
			info, _ := d["processing_info"].(map[string]any)
			if _, again := info["check_after_secs"]; d["id"] != id || info["state"] != "succeeded" || info["progress_percent"] != 100.0 || again {
				t.Errorf("%s: %v", query, d)
			}
		}
	}
	d := c.curl("/2/media/upload", "-G", "-d", "command=STATUS", "-d", "media_id="+video).data()
	if v, _ := d["video"].(map[string]any); v["video_type"] != "video/mp4" || d["media_key"] != "7_"+video {
		t.Errorf("STATUS of a video: %v", d)
	}
	fresh := c.initialize("video/mp4", "", 10)
	if info, _ := c.status(fresh).data()["processing_info"].(map[string]any); info["state"] != "pending" {
		t.Errorf("STATUS before finalize: %v", info)
	}
}

func TestCurlOneShot(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	rows := []struct {
		name, category, prefix string
		file                   []byte
	}{
		{"a.png", "tweet_image", "3_", samplePNG()},
		{"a.jpg", "dm_image", "1003_", sampleJPEG()},
		{"a.gif", "tweet_gif", "16_", sampleGIF()},
		{"a.srt", "subtitles", "1020_", []byte(sampleSRT)},
		{"a.vtt", "subtitles", "1020_", []byte(sampleVTT)},
		{"a.mp4", "tweet_video", "7_", sampleMP4(t)},
	}
	for _, row := range rows {
		file := keep(t, row.name, row.file)
		body := keep(t, "body.json", fmt.Appendf(nil, `{"media":%q,"media_category":%q,"shared":false}`, b64(row.file), row.category))
		for way, args := range map[string][]string{
			"multipart": {"-F", "media=@" + file, "-F", "media_category=" + row.category},
			"JSON":      asJSON("@" + body),
		} {
			d := c.curl("/2/media/upload", args...).data()
			id, _ := d["id"].(string)
			_, polls := d["processing_info"]
			if d["media_key"] != row.prefix+id || d["size"] != float64(len(row.file)) || polls != (row.prefix == "16_" || row.prefix == "7_") {
				t.Errorf("%s by %s: %v", row.name, way, d)
			}
			c.succeeded(id)
			if sum(c.original(id).body) != sum(row.file) {
				t.Errorf("%s by %s: the original differs", row.name, way)
			}
		}
	}
	d := c.curl("/2/media/upload", "-F", "media=@"+keep(t, "x", samplePNG())).data()
	if image, _ := d["image"].(map[string]any); image["image_type"] != "image/png" || image["h"] != 48.0 {
		t.Errorf("without a category: %v", d)
	}
}
