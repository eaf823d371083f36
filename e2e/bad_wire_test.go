package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Bodies that are not as long as they say, for every endpoint that reads one;
// of the newer append TestBodiesThatLie has more.
func TestBadLengthsEverywhere(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	png := string(samplePNG())
	id := c.initialize("image/png", "tweet_image", len(png))
	json := `{"id":"` + id + `","media":"` + b64([]byte(png)) + `","command":"APPEND","media_id":"` + id + `","segment_index":0}`
	bodies := map[string]struct{ kind, body string }{
		"POST /2/media/upload/initialize":          {jsonKind, `{"total_bytes":100,"media_type":"image/png"}`},
		"POST /2/media/upload/" + id + "/append":   {formKind, formRow("segment_index", "0", "media", png)},
		"POST /2/media/upload":                     {formKind, formRow("media", png)},
		"POST /2/media/upload?x=json":              {jsonKind, json},
		"POST /2/media/upload?x=form":              {"application/x-www-form-urlencoded", "command=INIT&total_bytes=100&media_data=eA%3D%3D"},
		"POST /2/media/metadata":                   {jsonKind, `{"id":"` + id + `","metadata":{"alt_text":{"text":"lost"}}}`},
		"POST /2/media/subtitles":                  {jsonKind, `{"id":"` + id + `","media_category":"TweetVideo","subtitles":{"id":"1","language_code":"EN","display_name":"x"}}`},
		"DELETE /2/media/subtitles":                {jsonKind, `{"id":"` + id + `","media_category":"TweetVideo","language_code":"EN"}`},
		"POST /2/media/upload/" + id + "/finalize": {jsonKind, `{"finalize":"` + strings.Repeat("x", 5000) + `"}`},
	}
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
	for endpoint, b := range bodies {
		method, path, _ := strings.Cut(endpoint, " ")
		form := strings.HasPrefix(b.kind, "application/x-www")
		lies := map[string]string{
			"longer than it is":   length(len(b.body)+1000) + "\r\n\r\n" + b.body,
			"nothing of it":       length(len(b.body)) + "\r\n\r\n",
			"half of it":          length(len(b.body)) + "\r\n\r\n" + b.body[:len(b.body)/2],
			"chunks without end":  "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", len(b.body), b.body),
			"chunks of no length": "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + b.body,
			"a chunk cut":         "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s", len(b.body)+50, b.body),
		}
		if !form && !strings.HasSuffix(path, "finalize") { // where half of it is not wrong by itself
			lies["shorter than it is"] = length(len(b.body)-7) + "\r\n\r\n" + b.body
		}
		for name, rest := range lies {
			t.Run(endpoint+": "+name, func(t *testing.T) {
				c := client{t: t, url: c.url, token: c.token}
				w := c.dial()
				w.send(strings.Replace(strings.TrimSuffix(c.head(path, "Content-Type: "+b.kind), "\r\n"), "POST", method, 1), rest)
				_ = w.CloseWrite()
				w.answer().isProblemOf(http.StatusBadRequest)
			})
		}
	}
	// What came so opened, described and filled nothing.
	c.finalize(id).isProblem(http.StatusBadRequest, "id", "no segment")
	if got := c.call("POST", "/2/media/metadata", map[string]any{"id": id}).data()["associated_metadata"]; len(got.(map[string]any)) > 0 {
		t.Errorf("metadata of half a request: %v", got)
	}
}

// Old and careless clients get their answer as well: HTTP/1.0, a connection that
// is to close behind a large body, 100-continue.
func TestBadRequestsOfOldClients(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id := c.initialize("image/png", "tweet_image", 100)
	big := strings.Repeat("x", 8<<20)
	withBody, without := c.endpoints(id)
	for _, endpoint := range withBody {
		method, path, _ := strings.Cut(endpoint, " ")
		for name, head := range map[string]string{
			"HTTP/1.0":          method + " " + path + " HTTP/1.0\r\n",
			"Connection: close": method + " " + path + " HTTP/1.1\r\nHost: magpie\r\nConnection: close\r\n",
			"keep-alive":        method + " " + path + " HTTP/1.1\r\nHost: magpie\r\n",
		} {
			w := c.dial()
			w.send(head, "Authorization: Bearer ", c.token, "\r\nContent-Type: application/json\r\n", fmt.Sprintf("Content-Length: %d\r\n\r\n", len(big)), big)
			a := w.answer()
			if a.status < 400 || a.status >= 500 {
				t.Errorf("%s by %s: %d %s", endpoint, name, a.status, a.body)
			}
			a.isProblemOf(a.status)
		}
		w := c.dial()
		w.send(method, " ", path, " HTTP/1.1\r\nHost: magpie\r\nExpect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n")
		if a := w.answer(); a.status != http.StatusUnauthorized {
			t.Errorf("%s without credentials, waiting to send: %d", endpoint, a.status)
		}
	}
	for _, endpoint := range without {
		method, path, _ := strings.Cut(endpoint, " ")
		w := c.dial()
		w.send(method, " ", path, " HTTP/1.0\r\nAuthorization: Bearer ", c.token, "\r\n\r\n")
		if a := w.answer(); a.status >= 500 || len(a.body) == 0 {
			t.Errorf("%s by HTTP/1.0: %d %s", endpoint, a.status, a.body)
		}
		// A body that a GET has no use for is passed over.
		w = c.dial()
		w.send(method, " ", path, " HTTP/1.1\r\nHost: magpie\r\nAuthorization: Bearer ", c.token, "\r\nContent-Length: 5\r\n\r\nhello")
		if a := w.answer(); a.status >= 500 {
			t.Errorf("%s with a body: %d %s", endpoint, a.status, a.body)
		}
	}
}

// A client that closes its side before it has the answer stops what is done for
// it. If it is told anything, then that, and not of a fault of the server's.
func TestBadClientsThatCloseTheirSide(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := formRow("media", string(samplePNG()))
	for range 20 {
		w := c.dial()
		w.send(c.head("/2/media/upload", "Content-Type: "+formKind, fmt.Sprintf("Content-Length: %d", len(file))), file)
		_ = w.CloseWrite()
		if a := w.answer(); a.status != http.StatusOK {
			a.isProblem(http.StatusBadRequest, "connection", "keep your side open until the answer has come")
		}
	}
}
