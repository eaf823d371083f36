package processing

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// flat makes content whose bytes tell where they are.
func flat(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return b
}

func offered(t *testing.T, s *Source, content io.ReaderAt, size int64) string {
	t.Helper()
	u, withdraw, err := s.Offer(content, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(withdraw)
	return u
}

// ask makes a request and gives status, headers and body.
func ask(t *testing.T, method, u, ranges string) (*http.Response, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, u, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ranges != "" {
		req.Header.Set("Range", ranges)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("%s %s %s: %v", method, u, ranges, err)
	}
	return resp, body
}

func TestSourceRanges(t *testing.T) {
	content := flat(300_000)
	u := offered(t, openSource(t), bytes.NewReader(content), int64(len(content)))
	for _, c := range []struct {
		ranges string
		status int
		want   []byte
	}{
		{"", 200, content},
		{"bytes=0-", 206, content},
		{"bytes=0-0", 206, content[:1]},
		{"bytes=1000-250000", 206, content[1000:250_001]},
		{"bytes=299999-", 206, content[299_999:]},
		{"bytes=-16", 206, content[299_984:]},
		{"bytes=299000-900000", 206, content[299_000:]},
		{"bytes=300000-", 416, nil},
	} {
		resp, body := ask(t, http.MethodGet, u, c.ranges)
		if resp.StatusCode != c.status || (c.want != nil && !bytes.Equal(body, c.want)) {
			t.Errorf("%q: %s, %d bytes, want %d and %d bytes", c.ranges, resp.Status, len(body), c.status, len(c.want))
		}
	}
	resp, body := ask(t, http.MethodHead, u, "")
	if resp.StatusCode != 200 || resp.ContentLength != 300_000 || len(body) != 0 || resp.Header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("HEAD: %s, %d bytes announced, %v", resp.Status, resp.ContentLength, resp.Header)
	}
	// Nothing is sniffed: ffmpeg is told what the file is.
	if got := resp.Header.Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("Content-Type: %s", got)
	}
}

func TestSourceUnknown(t *testing.T) {
	s := openSource(t)
	u, withdraw, err := s.Offer(strings.NewReader("secret"), 6)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(u)
	if err != nil || !regexp.MustCompile(`^/[0-9a-f]{32}$`).MatchString(at.Path) || !net.ParseIP(at.Hostname()).IsLoopback() {
		t.Errorf("the URL is %s", u)
	}
	for _, other := range []string{s.base, u + "0", u + "/", u[:len(u)-1], s.base + "x" + at.Path, s.base + strings.ToUpper(at.Path[1:])} {
		if resp, body := ask(t, http.MethodGet, other, ""); resp.StatusCode != 404 || bytes.Contains(body, []byte("secret")) {
			t.Errorf("%s: %s", other, resp.Status)
		}
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if resp, body := ask(t, method, u, ""); resp.StatusCode != 405 || bytes.Contains(body, []byte("secret")) {
			t.Errorf("%s: %s", method, resp.Status)
		}
	}
	if _, body := ask(t, http.MethodGet, u, ""); string(body) != "secret" {
		t.Errorf("the URL itself serves %q", body)
	}
	withdraw()
	withdraw() // no harm
	if resp, _ := ask(t, http.MethodGet, u, ""); resp.StatusCode != 404 {
		t.Errorf("after it was withdrawn: %s", resp.Status)
	}
}

// A request without any path is answered like one for an unknown name.
func TestSourceNoPath(t *testing.T) {
	s := openSource(t)
	host := strings.TrimSuffix(strings.TrimPrefix(s.base, "http://"), "/")
	for _, line := range []string{"GET http://" + host + " HTTP/1.1", "OPTIONS * HTTP/1.1"} {
		c, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", line, host)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || resp.StatusCode < 400 && !strings.HasPrefix(line, "OPTIONS") {
			t.Errorf("%s: %v, %v", line, resp, err)
		}
		if err == nil {
			_ = resp.Body.Close()
		}
		_ = c.Close()
	}
}

// Many children read many originals at once, and each gets its own.
func TestSourceConcurrent(t *testing.T) {
	s := openSource(t)
	var wg sync.WaitGroup
	for i := range 8 {
		content := bytes.Repeat([]byte{byte(i)}, 100_000+i)
		u := offered(t, s, bytes.NewReader(content), int64(len(content)))
		for range 4 {
			wg.Go(func() {
				if resp, err := http.Get(u); err != nil {
					t.Error(err)
				} else if body, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(body, content) || resp.Body.Close() != nil {
					t.Errorf("offer %d gave %d bytes, %v", i, len(body), err)
				}
			})
		}
		wg.Go(func() { // others come and go
			if _, withdraw, err := s.Offer(strings.NewReader("x"), 1); err != nil {
				t.Error(err)
			} else {
				withdraw()
			}
		})
	}
	wg.Wait()
}

type brokenReader struct{}

func (brokenReader) ReadAt([]byte, int64) (int, error) { return 0, errors.New("the bucket is away") }

// A child that reads an original which can't be read gets a body cut short, not
// one that looks whole.
func TestSourceBrokenOriginal(t *testing.T) {
	u := offered(t, openSource(t), brokenReader{}, 1000)
	resp, err := http.Get(u)
	if err != nil {
		return // as good
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err == nil && resp.StatusCode == 200 {
		t.Errorf("%d bytes and no error", len(body))
	}
}

func TestSourceClose(t *testing.T) {
	s, err := NewSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u := offered(t, s, strings.NewReader("x"), 1)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if resp, err := http.Get(u); err == nil {
		t.Errorf("after Close: %s", resp.Status)
		_ = resp.Body.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if s, err := NewSource(ctx); err == nil {
		_ = s.Close() // a listener may come up in spite of it
	}
}

// TestSourceReserve: a request for what is not there yet waits until it is, or
// until it never will be.
func TestSourceReserve(t *testing.T) {
	s := openSource(t)
	type answer struct {
		status int
		body   string
	}
	asking := func(u string) <-chan answer {
		c := make(chan answer, 1)
		go func() {
			resp, err := http.Get(u)
			if err != nil {
				c <- answer{}
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			c <- answer{resp.StatusCode, string(body)}
		}()
		return c
	}
	reserve := func() *Reserved {
		r, err := s.Reserve()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.Withdraw)
		return r
	}

	r := reserve()
	if want := fmt.Sprintf("http://127.0.0.1:%d/", s.Port()); !strings.HasPrefix(r.URL, want) {
		t.Errorf("URL %s, want %s…", r.URL, want)
	}
	select {
	case <-r.Asked():
		t.Error("asked before it was")
	default:
	}
	a, b := asking(r.URL), asking(r.URL)
	<-r.Asked()
	r.Give(strings.NewReader("content"), 7)
	r.Give(strings.NewReader("another"), 7)
	for _, c := range []<-chan answer{a, b, asking(r.URL)} {
		if got := <-c; got != (answer{200, "content"}) {
			t.Errorf("%+v", got)
		}
	}
	r.Withdraw()
	if got := <-asking(r.URL); got.status != 404 {
		t.Errorf("withdrawn: %+v", got)
	}

	r = reserve()
	a = asking(r.URL)
	<-r.Asked()
	r.Withdraw()
	r.Give(strings.NewReader("late"), 4)
	for _, c := range []<-chan answer{a, asking(r.URL)} {
		if got := <-c; got.status != 404 {
			t.Errorf("withdrawn before it was given: %+v", got)
		}
	}
}
