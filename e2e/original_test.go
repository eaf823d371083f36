package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// segments cuts a file into n pieces of uneven length.
func segments(file []byte, n int) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		size := len(file) / (n - i)
		if i < n-1 {
			size -= i % 3
		}
		out[i], file = file[:size], file[size:]
	}
	return out
}

func TestOriginalOfAnyNumberOfSegments(t *testing.T) {
	t.Parallel()
	s := start(t)
	for i, n := range []int{1, 3, 999, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			c := client{t: t, url: s.url, token: secret}
			file := anyBytes(byte(i), 20_000+n*700)
			pieces := segments(file, n)
			if got := sum(bytes.Join(pieces, nil)); got != sum(file) {
				t.Fatal("the test cuts wrongly")
			}
			id := c.initialize(anyBytesType, "", len(file))
			c.appendShuffled(id, pieces)
			if m := c.finalize(id).data(); m["size"] != float64(len(file)) {
				t.Errorf("size %v, want %d", m["size"], len(file))
			}
			if got := sum(c.original(id).body); got != sum(file) {
				t.Errorf("the original differs from what was sent")
			}
		})
	}
	s.checkWhole()
}

// appendShuffled sends segments in random order, four at a time, and every
// fifth of them twice.
func (c client) appendShuffled(id string, pieces [][]byte) {
	c.t.Helper()
	order := rand.Perm(len(pieces))
	for i := range order {
		if i%5 == 0 {
			order = append(order, order[i])
		}
	}
	work := make(chan int)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range work {
				body, kind := form(i, pieces[i])
				a, err := c.try(c.t.Context(), "POST", "/2/media/upload/"+id+"/append", body, "Content-Type", kind)
				if err == nil && a.status != http.StatusOK {
					err = errors.New(string(a.body))
				}
				if err != nil {
					c.t.Errorf("segment %d: %v", i, err)
				}
			}
		})
	}
	for _, i := range order {
		work <- i
	}
	close(work)
	wg.Wait()
}

func TestOriginalHasTheNewestOfASegmentSentTwice(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for n, resent := range map[string][]int{"the first": {0}, "the last": {2}, "two, backwards": {2, 1}} {
		file := anyBytes(7, 30_000)
		pieces := [][]byte{file[:10_000], file[10_000:20_000], file[20_000:]}
		id := c.initialize(anyBytesType, "", len(file))
		for i, p := range pieces {
			c.append(id, i, p).data()
		}
		for _, i := range resent {
			wrong := bytes.Repeat([]byte("wrong"), 200)
			c.append(id, i, wrong).data()
			c.append(id, i, pieces[i]).data()
		}
		c.finalize(id).data()
		if sum(c.original(id).body) != sum(file) {
			t.Errorf("%s sent again: the older content won", n)
		}
	}
}

// Each row is a way that clients write a multipart body.
func TestAppendTakesEveryMultipartForm(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(3, 5000)
	const tail = "\r\n--x\r\n--\r\n\r\n--almost-a-boundary"
	copy(file[len(file)-len(tail):], tail)
	plain := func(boundary, index string, media []byte) string {
		return "--" + boundary + "\r\nContent-Disposition: form-data; name=\"segment_index\"\r\n\r\n" + index +
			"\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"media\"\r\n\r\n" + string(media) +
			"\r\n--" + boundary + "--\r\n"
	}
	behind := func(boundary string) string {
		return "This is a preamble.\r\n--" + boundary + "  \r\ncontent-disposition: form-data; name=media; filename=\"a;b.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n" + string(file) +
			"\r\n--" + boundary + "\r\nContent-Disposition: form-data; name=\"segment_index\"\r\nContent-Type: application/json\r\n\r\n0\r\n--" + boundary + "--\r\nand an epilogue"
	}
	rows := []struct{ name, contentType, body string }{
		{"plain boundary", "multipart/form-data; boundary=xyz", plain("xyz", "0", file)},
		{"boundary of dashes", "multipart/form-data; boundary=----------------------------8", plain("----------------------------8", "0", file)},
		{"quoted boundary", `multipart/form-data; boundary="a b:c/d=e?f"`, plain("a b:c/d=e?f", "0", file)},
		{"charset before it", "multipart/form-data;charset=UTF-8;boundary=xyz", plain("xyz", "0", file)},
		{"index of three digits", "multipart/form-data; boundary=xyz", plain("xyz", "000", file)},
		{"capital letters", "Multipart/Form-Data; Boundary=AbC", plain("AbC", "0", file)},
		{"media first, preamble, epilogue", "multipart/form-data; boundary=xyz", behind("xyz")},
		{"boundary of 70", "multipart/form-data; boundary=" + strings.Repeat("b", 70), plain(strings.Repeat("b", 70), "0", file)},
		{"JSON, index a number", "application/json", fmt.Sprintf(`{"segment_index":0,"media":"%s"}`, b64(file))},
		{"JSON, index a string", "application/json;charset=UTF-8", fmt.Sprintf(`{"media":"%s","segment_index":"0"}`, b64(file))},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: c.token}
			id := c.initialize(anyBytesType, "", len(file))
			c.call("POST", "/2/media/upload/"+id+"/append", row.body, "Content-Type", row.contentType).data()
			c.finalize(id).data()
			if sum(c.original(id).body) != sum(file) {
				t.Errorf("the original differs from what was sent")
			}
		})
	}
}

func TestOriginalRanges(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(11, 10_000)
	id := c.upload(anyBytesType, "", file, 1000)["id"].(string)
	whole := c.original(id)
	tag, date := whole.header.Get("ETag"), whole.header.Get("Last-Modified")
	if tag == "" || whole.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("headers %v", whole.header)
	}
	if kind, params, err := mime.ParseMediaType(whole.header.Get("Content-Disposition")); kind != "attachment" || params["filename"] == "" {
		t.Errorf("Content-Disposition %q: %v", whole.header.Get("Content-Disposition"), err)
	}
	rows := []struct {
		name    string
		headers []string
		status  int
		from    int
		to      int // not included
	}{
		{"inside a segment", []string{"Range", "bytes=10-19"}, 206, 10, 20},
		{"across a boundary", []string{"Range", "bytes=995-1004"}, 206, 995, 1005},
		{"across three", []string{"Range", "bytes=2999-6000"}, 206, 2999, 6001},
		{"one byte at a boundary", []string{"Range", "bytes=1000-1000"}, 206, 1000, 1001},
		{"open end", []string{"Range", "bytes=9000-"}, 206, 9000, 10_000},
		{"past the end", []string{"Range", "bytes=9990-20000"}, 206, 9990, 10_000},
		{"suffix", []string{"Range", "bytes=-1500"}, 206, 8500, 10_000},
		{"suffix longer than the file", []string{"Range", "bytes=-99999"}, 206, 0, 10_000},
		{"another unit", []string{"Range", "lines=1-2"}, 416, 0, 0},
		{"If-Range that holds", []string{"Range", "bytes=10-19", "If-Range", tag}, 206, 10, 20},
		{"If-Range that does not", []string{"Range", "bytes=10-19", "If-Range", `"other"`}, 200, 0, 10_000},
		{"unsatisfiable", []string{"Range", "bytes=10000-"}, 416, 0, 0},
		{"nonsense", []string{"Range", "bytes=9-1"}, 416, 0, 0},
		{"If-None-Match", []string{"If-None-Match", `"x", ` + tag}, 304, 0, 0},
		{"If-None-Match *", []string{"If-None-Match", "*"}, 304, 0, 0},
		{"If-None-Match of another", []string{"If-None-Match", `"x"`}, 200, 0, 10_000},
		{"If-Match of another", []string{"If-Match", `"x"`}, 412, 0, 0},
		{"If-Modified-Since", []string{"If-Modified-Since", date}, 304, 0, 0},
	}
	for _, row := range rows {
		a := c.original(id, row.headers...)
		if a.status != row.status {
			t.Errorf("%s: status %d, want %d", row.name, a.status, row.status)
		}
		if row.status < 300 && !bytes.Equal(a.body, file[row.from:row.to]) {
			t.Errorf("%s: %d bytes that are not those asked for", row.name, len(a.body))
		}
		if want := fmt.Sprintf("bytes %d-%d/%d", row.from, row.to-1, len(file)); row.status == 206 && a.header.Get("Content-Range") != want {
			t.Errorf("%s: Content-Range %q, want %q", row.name, a.header.Get("Content-Range"), want)
		}
		if row.name == "unsatisfiable" && a.header.Get("Content-Range") != "bytes */10000" {
			t.Errorf("Content-Range %q", a.header.Get("Content-Range"))
		}
	}
	head := c.call("HEAD", "/magpie/v1/media/"+id+"/original", nil)
	if head.status != 200 || head.header.Get("Content-Length") != "10000" || head.header.Get("ETag") != tag || len(head.body) != 0 {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	c.multiRange(id, file)
}

// multiRange asks for three pieces in one request.
func (c client) multiRange(id string, file []byte) {
	c.t.Helper()
	a := c.original(id, "Range", "bytes=0-9, 995-1004, -5")
	kind, params, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if a.status != 206 || kind != "multipart/byteranges" {
		c.t.Fatalf("several ranges: %d %q %v", a.status, kind, err)
	}
	parts := multipart.NewReader(bytes.NewReader(a.body), params["boundary"])
	for _, want := range [][]byte{file[:10], file[995:1005], file[9995:]} {
		p, err := parts.NextPart()
		if err != nil {
			c.t.Fatal(err)
		}
		if got, err := io.ReadAll(p); err != nil || !bytes.Equal(got, want) {
			c.t.Errorf("a part of several ranges holds %x (%v), want %x", got, err, want)
		}
	}
}

func TestOriginalIsForItsOwners(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.client()
	file := anyBytes(5, 3000)
	open := c.call("POST", "/2/media/upload/initialize", map[string]any{
		"media_type": anyBytesType, "total_bytes": len(file), "additional_owners": []string{"2244994945"}, "shared": true,
	}).data()["id"].(string)
	c.append(open, 0, file).data()
	c.original(open).refused(http.StatusNotFound, "finalized")
	c.finalize(open).data()

	friend := c.as(s.token("2244994945"))
	if got := friend.original(open); sum(got.body) != sum(file) {
		t.Errorf("an additional owner got %d: %s", got.status, got.body)
	}
	stranger := c.as(s.token("7"))
	unknown := c.original("1146654567674912769").refused(http.StatusNotFound)
	told := stranger.original(open).refused(http.StatusNotFound)
	if strings.ReplaceAll(told, open, "") != strings.ReplaceAll(unknown, "1146654567674912769", "") {
		t.Errorf("a stranger can tell it from an unknown one: %q and %q", told, unknown)
	}
	stranger.original(open, "Range", "bytes=0-1").refused(http.StatusNotFound)
	c.as(s.token("7", "--app-only", "--scopes", "tweet.read")).original(open).refused(http.StatusNotFound)
	if a := c.as(s.token("1", "--app-only", "--scopes", "tweet.read")).original(open); sum(a.body) != sum(file) {
		t.Errorf("an app-only token of the owner's app got %d: %s", a.status, a.body)
	}
	c.as("").original(open).refused(http.StatusUnauthorized)
	c.as(s.token("1", "--scopes", "users.read")).original(open).refused(http.StatusForbidden, "media.write")
}

func TestOriginalIsThereWhateverBecomesOfProcessing(t *testing.T) {
	t.Parallel()
	c := start(t, "--workers", "1").client()
	first := c.upload("video/mp4", "tweet_video", sampleVideo(t, "640x360", "10"), 1<<20)["id"].(string)
	broken := bytes.Clone(sampleMP4(t))
	broken = broken[:len(broken)*2/3]
	waiting := c.upload("video/mp4", "tweet_video", broken, 1<<20)["id"].(string)
	if sum(c.original(waiting).body) != sum(broken) {
		t.Error("the original of a waiting video differs")
	}
	if info := c.status(waiting).processing(); info["state"] != "pending" {
		t.Errorf("the second video does not wait behind the first: %v", info)
	}
	if info := c.await(waiting); info["state"] != "failed" {
		t.Errorf("a truncated video: %v", info)
	}
	if sum(c.original(waiting).body) != sum(broken) {
		t.Error("the original of a failed video differs")
	}
	c.succeeded(first)
	if sum(c.original(first).body) != sum(sampleVideo(t, "640x360", "10")) {
		t.Error("the original of a finished video differs")
	}
}
