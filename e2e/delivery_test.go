package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// delivered is one URL and what must come from it.
type delivered struct{ name, url, kind string }

// everything uploads a small video and an image and lists all their URLs,
// those inside playlists too.
func everything(c client) []delivered {
	c.t.Helper()
	file := film(c.t, "mp4", slices.Concat(picture("320x180", 2), sound(2), h264(), []string{"-c:a", "aac"})...)
	up := c.upload("video/mp4", "tweet_video", file, 1<<20)
	photo := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
	c.succeeded(up["id"].(string))
	m := c.lookup(up["media_key"].(string))
	list := []delivered{
		{"poster", m["preview_image_url"].(string), "image/jpeg"},
		{"image", c.lookup(photo["media_key"].(string))["url"].(string), "image/jpeg"},
	}
	for _, e := range m["variants"].([]any) {
		v := e.(map[string]any)
		url, kind := v["url"].(string), v["content_type"].(string)
		list = append(list, delivered{kind, url, kind})
		if kind == "application/x-mpegURL" {
			base := url[:strings.LastIndex(url, "/")+1]
			list = append(list, delivered{"media playlist", base + "320x180.m3u8", kind})
		}
	}
	return list
}

// TestDelivery asks for every URL in every way that caches and players do.
func TestDelivery(t *testing.T) {
	t.Parallel()
	s := start(t)
	list := everything(s.client())
	if len(list) != 5 {
		t.Fatalf("%d URLs: %v", len(list), list)
	}
	for _, v := range list {
		t.Run(v.name, func(t *testing.T) { checkDelivery(client{t: t, url: s.url, token: ""}, v) })
	}
}

func checkDelivery(c client, v delivered) {
	t := c.t
	get := func(headers ...string) answer { t.Helper(); return c.call("GET", v.url, nil, headers...) }
	whole := get()
	size := len(whole.body)
	if whole.status != 200 || size == 0 {
		t.Fatalf("GET: %d, %d bytes", whole.status, size)
	}
	for name, want := range map[string]string{
		"Content-Type": v.kind, "Content-Length": strconv.Itoa(size), "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff",
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Cache-Control": "public, max-age=300",
	} {
		if got := whole.header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if csp := whole.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("Content-Security-Policy: %q", csp)
	}
	tag := whole.header.Get("ETag")
	if !strings.HasPrefix(tag, `"`) || len(tag) < 10 {
		t.Fatalf("ETag %q is no strong tag", tag)
	}
	head := c.call("HEAD", v.url, nil)
	if head.status != 200 || len(head.body) != 0 || head.header.Get("Content-Length") != strconv.Itoa(size) || head.header.Get("ETag") != tag || head.header.Get("Content-Type") != v.kind {
		t.Errorf("HEAD: %d, %v", head.status, head.header)
	}
	for _, old := range []string{tag, `"other", ` + tag, "*", "W/" + tag} {
		if a := get("If-None-Match", old); a.status != 304 || len(a.body) != 0 || a.header.Get("ETag") != tag || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Cache-Control") == "" {
			t.Errorf("If-None-Match %s: %d, %v", old, a.status, a.header)
		}
	}
	if a := get("If-None-Match", `"other"`); a.status != 200 || sum(a.body) != sum(whole.body) {
		t.Errorf("If-None-Match of another: %d", a.status)
	}
	// A master has no time: the subtitles in it may go back to what they were.
	date := whole.header.Get("Last-Modified")
	if master := strings.HasSuffix(v.url, "/master.m3u8"); master != (date == "") {
		t.Errorf("Last-Modified %q", date)
	} else if a := get("If-Modified-Since", date); !master && a.status != 304 {
		t.Errorf("If-Modified-Since its own time: %d", a.status)
	}
	for _, r := range []struct {
		ask      string
		from, to int // the bytes that come, to exclusive
	}{{"bytes=0-0", 0, 1}, {"bytes=10-19", 10, 20}, {"bytes=20-", 20, size}, {"bytes=-7", size - 7, size}, {fmt.Sprintf("bytes=5-%d", 10*size), 5, size}} {
		a := get("Range", r.ask)
		want := fmt.Sprintf("bytes %d-%d/%d", r.from, r.to-1, size)
		if a.status != 206 || !bytes.Equal(a.body, whole.body[r.from:r.to]) || a.header.Get("Content-Range") != want || a.header.Get("Content-Type") != v.kind {
			t.Errorf("Range %s: %d, %d bytes, Content-Range %q, want %q", r.ask, a.status, len(a.body), a.header.Get("Content-Range"), want)
		}
	}
	if a := get("Range", fmt.Sprintf("bytes=%d-", size)); a.status != 416 || a.header.Get("Content-Range") != fmt.Sprintf("bytes */%d", size) {
		t.Errorf("Range behind the end: %d, Content-Range %q", a.status, a.header.Get("Content-Range"))
	}
	if a := get("Range", "bytes=0-0,2-2"); a.status != 206 || !strings.HasPrefix(a.header.Get("Content-Type"), "multipart/byteranges") {
		t.Errorf("two ranges: %d, %s", a.status, a.header.Get("Content-Type"))
	}
	if a := get("Range", "bytes=3-5", "If-Range", tag); a.status != 206 || !bytes.Equal(a.body, whole.body[3:6]) {
		t.Errorf("If-Range with its tag: %d", a.status)
	}
	if a := get("Range", "bytes=3-5", "If-Range", `"other"`); a.status != 200 || len(a.body) != size {
		t.Errorf("If-Range with another tag: %d, %d bytes", a.status, len(a.body))
	}
	asked := c.call("OPTIONS", v.url, nil, "Origin", "https://player.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "range")
	if asked.status != 204 || asked.header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(asked.header.Get("Access-Control-Allow-Methods"), "GET") || !strings.Contains(asked.header.Get("Access-Control-Allow-Headers"), "Range") {
		t.Errorf("preflight: %d, %v", asked.status, asked.header)
	}
	if exposed := whole.header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Content-Range") || !strings.Contains(exposed, "ETag") {
		t.Errorf("exposed to scripts: %q", exposed)
	}
}

// TestDeliveryOfNothing asks for what is not there.
func TestDeliveryOfNothing(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	up := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
	url := c.lookup(up["media_key"].(string))["url"].(string)
	base := url[:strings.LastIndex(url, "/")+1]
	c = c.as("")
	for _, missing := range []string{
		base + "original", base + "large.png", base + "..%2F..%2Fmagpie.db", base + "large.jpg%00", url + "?name=../thumb",
		c.url + "/media/AAAAAAAAAAAAAAAA/large.jpg", c.url + "/media/" + up["id"].(string) + "/large.jpg", c.url + "/media/x", c.url + "/media/",
	} {
		a := c.call("GET", missing, nil)
		a.refused(http.StatusNotFound)
		if kind := a.header.Get("Content-Type"); !strings.HasPrefix(kind, "application/json") {
			t.Errorf("%s: the refusal is %s", missing, kind)
		}
	}
	if a := c.call("DELETE", url, nil); a.status < 400 || a.status >= 500 {
		t.Errorf("DELETE of a rendition: %d", a.status)
	}
}

// TestOriginalIsAnAttachment uploads what a browser might take for a page.
func TestOriginalIsAnAttachment(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	page := []byte("WEBVTT\n\n00:00.000 --> 00:01.000\n<script>alert(1)</script>\n")
	id := c.upload("text/vtt", "subtitles", page, 1<<20)["id"].(string)
	h := c.original(id).header
	for name, want := range map[string]string{
		"Content-Type": "text/vtt", "Content-Disposition": `attachment; filename="` + id + `.vtt"`,
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Access-Control-Allow-Origin": "",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if cc := h.Get("Cache-Control"); !strings.Contains(cc, "private") {
		t.Errorf("Cache-Control: %q", cc)
	}
}

// TestOrigins sets where the URLs lead, and asks at the media's own origin for
// what is not media.
func TestOrigins(t *testing.T) {
	t.Parallel()
	urlOf := func(c client) string {
		up := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
		return c.lookup(up["media_key"].(string))["url"].(string)
	}
	public := start(t, "--public-url", "https://api.example/").client()
	if url := urlOf(public); !strings.HasPrefix(url, "https://api.example/media/") {
		t.Errorf("with --public-url the url is %s", url)
	}
	s := start(t, "--public-url", "https://api.example", "--media-origin", "https://media.example:8443")
	c := s.client()
	url := urlOf(c)
	path, ok := strings.CutPrefix(url, "https://media.example:8443/media/")
	if !ok {
		t.Fatalf("with --media-origin the url is %s", url)
	}
	at := func(path, host string) answer { t.Helper(); return c.at(host, "GET", path) }
	if a := at("/media/"+path, "media.example:8443"); a.status != 200 || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("media at the media's origin: %d", a.status)
	}
	for _, path := range []string{"/2/media/upload?media_id=1", "/2/media?media_keys=3_1", "/magpie/v1/media/1/original", "/healthz", "/", "/media/x"} {
		at(path, "media.example:8443").refused(http.StatusNotFound)
	}
	if a := at("/healthz", "api.example"); a.status != 200 {
		t.Errorf("the API's origin: %d", a.status)
	}
}

// at sends a request as if the server were known by another host's name.
func (c client) at(host, method, path string) answer {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Host = host
	r.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil {
		c.t.Fatal(err)
	}
	return answer{c.t, response.StatusCode, response.Header, body.Bytes()}
}

// moved is a call that ended, also one that another thread's came between.
var moved = regexp.MustCompile(`(?:sendfile|splice)(?:\(| resumed>).*= ([0-9]+)`)

// TestKernelSendsFiles watches the server's system calls: the bytes of a
// rendition and of an original go from file to connection without passing
// through the process.
func TestKernelSendsFiles(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	file := film(t, "mp4", slices.Concat(picture("640x360", 3), h264())...)
	up := c.upload("video/mp4", "tweet_video", file, len(file))
	c.succeeded(up["id"].(string))
	var url string
	for _, v := range c.lookup(up["media_key"].(string))["variants"].([]any) {
		if v := v.(map[string]any); v["content_type"] == "video/mp4" {
			url = v["url"].(string)
		}
	}
	// The HTTP server writes the first half a kilobyte behind the header itself.
	const byProcess = 512
	size := len(public(c, url).body)
	if bytes, _ := s.sentByKernel(func() { public(c, url) }); bytes < size-byProcess {
		t.Errorf("of a rendition of %d bytes the kernel sent %d", size, bytes)
	}
	if bytes, _ := s.sentByKernel(func() { c.original(up["id"].(string)) }); bytes < len(file)-byProcess {
		t.Errorf("of an original of %d bytes the kernel sent %d", len(file), bytes)
	}
	part, _ := s.sentByKernel(func() { c.as("").call("GET", url, nil, "Range", "bytes=1000-20999") })
	if part < 20_000-byProcess || part > 20_000 {
		t.Errorf("of a range of 20000 bytes the kernel sent %d", part)
	}
	// Of many segments only those are sent from that a range lies in, each by itself.
	many := c.upload("video/mp4", "tweet_video", slices.Concat(file, make([]byte, 200*10_000-len(file))), 10_000)["id"].(string)
	c.await(many)
	for _, x := range []struct{ from, last, segments int }{{1_500_000, 1_509_999, 1}, {1_505_000, 1_514_999, 2}, {1_505_000, 1_534_999, 4}} {
		sent, stretches := s.sentByKernel(func() { c.original(many, "Range", fmt.Sprintf("bytes=%d-%d", x.from, x.last)) })
		if size := x.last - x.from + 1; sent < size-byProcess || sent > size || stretches != x.segments {
			t.Errorf("%d-%d: the kernel sent %d bytes, in %d stretches; want %d", x.from, x.last, sent, stretches, x.segments)
		}
	}
}

// sentByKernel adds up what sendfile and splice move while do runs, and counts the
// calls that move something.
func (s *server) sentByKernel(do func()) (total, stretches int) {
	t := s.t
	t.Helper()
	trace := exec.Command("strace", "-f", "-e", "trace=sendfile,splice", "-p", strconv.Itoa(s.cmd.Process.Pid))
	lines, err := trace.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := trace.Start(); err != nil {
		t.Fatalf("strace (`make deps-test` installs it): %v", err)
	}
	scanner := bufio.NewScanner(lines)
	if !scanner.Scan() || !strings.Contains(scanner.Text(), "attached") {
		_ = trace.Process.Kill()
		t.Fatalf("strace does not attach: %s", scanner.Text())
	}
	do()
	// Answered on the same connection, so what came before has been traced.
	s.client().call("GET", "/healthz", nil)
	_ = trace.Process.Signal(os.Interrupt) // it lets the server go and ends
	for scanner.Scan() {
		if found := moved.FindStringSubmatch(scanner.Text()); found != nil {
			n, _ := strconv.Atoi(found[1])
			total += n
			stretches += min(n, 1)
		}
	}
	_ = trace.Wait()
	return total, stretches
}
