package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wire is a plain connection to the server, for what no client would send.
type wire struct {
	*net.TCPConn
	t *testing.T
}

func (c client) dial() wire {
	c.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	return wire{conn.(*net.TCPConn), c.t}
}

func (w wire) send(pieces ...string) {
	w.t.Helper()
	if _, err := io.WriteString(w, strings.Join(pieces, "")); err != nil {
		w.t.Fatalf("the server closed while it was being sent to: %v", err)
	}
}

// answer reads one answer.
func (w wire) answer() answer {
	w.t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(w), nil)
	if err != nil {
		w.t.Fatalf("no answer: %v", err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.t.Fatalf("half an answer: %v", err)
	}
	return answer{w.t, r.StatusCode, r.Header, body}
}

// head is the head of a POST with further header lines.
func (c client) head(path string, lines ...string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: magpie\r\nAuthorization: Bearer " + c.token + "\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// Bodies that are not as long as they say, and requests that break off. The
// upload takes the right segment afterwards.
func TestBodiesThatLie(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(8, 100_000)
	segment := formRow("segment_index", "0", "media", string(file))
	coded := fmt.Sprintf(`{"segment_index":0,"media":%q}`, b64(file))
	length := func(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
	rows := []struct {
		name, kind, length, body string
		status                   int
	}{
		{"longer than it is", formKind, length(len(segment) + 1000), segment, 400},
		{"shorter than it is", formKind, length(len(segment) - 1000), segment, 400},
		{"one byte shorter than the boundary", formKind, length(len(segment) - 3), segment, 400},
		{"JSON longer than it is", jsonKind, length(len(coded) + 10), coded, 400},
		{"JSON shorter than it is", jsonKind, length(len(coded) - 10), coded, 400},
		{"nothing of it", formKind, length(len(segment)), "", 400},
		{"half of it", formKind, length(len(segment)), segment[:len(segment)/2], 400},
		{"chunks that end early", formKind, "Transfer-Encoding: chunked", "10\r\n--xyz\r\nContent-D", 400},
		{"chunks of no length", formKind, "Transfer-Encoding: chunked", "zz\r\n", 400},
		{"chunks without their end", formKind, "Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n", len(segment), segment), 400},
		{"two lengths", formKind, length(3) + "\r\n" + length(4), "", 400},
		{"a length that is none", formKind, "Content-Length: many", "", 400},
		{"a negative length", formKind, length(-1), "", 400},
		{"another encoding", formKind, "Transfer-Encoding: gzip", "", 501},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := client{t: t, url: c.url, token: c.token}
			id := c.initialize(anyBytesType, "", len(file))
			w := c.dial()
			w.send(c.head("/2/media/upload/"+id+"/append", "Content-Type: "+row.kind, row.length), row.body)
			_ = w.CloseWrite()
			a := w.answer()
			if a.status != row.status {
				t.Errorf("status %d, want %d: %s", a.status, row.status, a.body)
			}
			if strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
				a.refused(row.status)
			}
			c.finalize(id).refused(http.StatusBadRequest, "no segment")
			c.finalizesWith(id, file, 60_000)
		})
	}
}

// A body may come in pieces of any size, and several requests on one connection.
func TestBodiesInPieces(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := anyBytes(9, 700)
	segment := formRow("segment_index", "0", "media", string(file))
	id := c.initialize(anyBytesType, "", len(file))
	w := c.dial()
	w.send(c.head("/2/media/upload/"+id+"/append", "Content-Type: "+formKind, fmt.Sprintf("Content-Length: %d", len(segment))))
	for i := range len(segment) {
		w.send(segment[i : i+1])
	}
	w.answer().data()
	w.send(c.head("/2/media/upload/"+id+"/append", "Content-Type: "+formKind, "Transfer-Encoding: chunked"))
	for i := range len(segment) {
		w.send("1;x=y\r\n", segment[i:i+1], "\r\n")
	}
	w.send("0\r\nX-Trailer: x\r\n\r\n")
	w.answer().data()
	w.send(c.head("/2/media/upload/" + id + "/finalize"))
	w.answer().data()
	if sum(c.original(id).body) != sum(file) {
		t.Error("the original differs from what was sent")
	}
}

// A client that waits for 100 Continue is told of an error instead.
func TestContinueIsNotSentForNothing(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	id := c.initialize(anyBytesType, "", 100)
	for path, want := range map[string]int{
		"/2/media/upload/1146654567674912769/append": 404,
		"/2/media/upload/x/append":                   400,
		"/2/media/nowhere":                           405,
	} {
		w := c.dial()
		w.send(c.head(path, "Content-Type: "+formKind, "Content-Length: 50000000", "Expect: 100-continue"))
		if a := w.answer(); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	w := c.as("wrong").dial()
	w.send(c.as("wrong").head("/2/media/upload/"+id+"/append", "Content-Length: 50000000", "Expect: 100-continue"))
	if a := w.answer(); a.status != 401 {
		t.Errorf("a wrong token: %d", a.status)
	}
	w = c.dial()
	w.send(c.head("/2/media/upload/"+id+"/append", "Content-Length: 5", "Expect: tea"))
	if a := w.answer(); a.status != 417 {
		t.Errorf("another expectation: %d", a.status)
	}
}

// A client that sends all of 30 MB before it reads must get the answer, and not
// a reset connection. With a small --max-segment as with the usual one.
func TestErrorsReachAClientThatIsStillSending(t *testing.T) {
	t.Parallel()
	big := bytes.Repeat([]byte("thirty megabytes"), 30_000_000/16)
	for _, args := range [][]string{nil, {"--max-segment", "4MiB"}} {
		c := start(t, args...).client()
		id := c.initialize("", "", -1)
		segment := func(index string) string { return formRow("segment_index", index, "media", string(big)) }
		coded := `{"segment_index":0,"media":"` + strings.Repeat("!", len(big)) + `"}`
		rows := []struct {
			name, token, path, kind, body string
			status                        int
		}{
			{"wrong token", "wrong", "/2/media/upload/" + id + "/append", formKind, segment("0"), 401},
			{"unknown upload", secret, "/2/media/upload/1146654567674912769/append", formKind, segment("0"), 404},
			{"unknown type", secret, "/2/media/upload/" + id + "/append", "text/plain", segment("0"), 415},
			{"another boundary", secret, "/2/media/upload/" + id + "/append", otherKind, segment("0"), 400},
			{"no base64", secret, "/2/media/upload/" + id + "/append", jsonKind, coded, 400},
			{"JSON to initialize", secret, "/2/media/upload/initialize", jsonKind, coded, 413},
			{"not JSON to metadata", secret, "/2/media/metadata", formKind, segment("0"), 400},
			{"unknown route", secret, "/2/media/uploads", formKind, segment("0"), 405},
			{"no route at all", secret, "/upload", formKind, segment("0"), 404},
			{"own route", secret, "/magpie/v1/upload", formKind, segment("0"), 404},
			{"doubled slash", secret, "/2//media/upload", formKind, segment("0"), 404},
		}
		if args != nil {
			rows = append(rows, []struct {
				name, token, path, kind, body string
				status                        int
			}{
				{"segment too large", secret, "/2/media/upload/" + id + "/append", formKind, segment("0"), 413},
				{"file too large", secret, "/2/media/upload", formKind, formRow("media", string(big)), 413},
			}...)
		}
		for _, row := range rows {
			c := c.as(row.token)
			w := c.dial()
			w.send(c.head(row.path, "Content-Type: "+row.kind, fmt.Sprintf("Content-Length: %d", len(row.body))))
			if _, err := io.WriteString(w, row.body); err != nil {
				t.Errorf("%v, %s: %v", args, row.name, err)
				continue
			}
			w.answer().refused(row.status)
		}
	}
}
