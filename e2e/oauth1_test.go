package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// idIn is the id in an answer's data.
func (a answer) idIn() string {
	a.t.Helper()
	var v struct{ Data struct{ ID string } }
	if err := json.Unmarshal(a.body, &v); err != nil || v.Data.ID == "" {
		a.t.Fatalf("no id: %v: %s", err, a.body)
	}
	return v.Data.ID
}

// Uploads by a client that signs, in the newer way and by commands, with what
// is signed in the query, in a form, and not at all.
func TestOAuth1Uploads(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.signingClient("12")
	file := samplePNG()
	half := len(file) / 2
	check := func(t *testing.T, id string) {
		t.Helper()
		if got := c.send("GET", "/magpie/v1/media/"+id+"/original?a=b%20c", "", nil); !bytes.Equal(got.body, file) {
			t.Errorf("%d bytes came back, %d were sent: %.200s", len(got.body), len(file), got.body)
		}
		info := c.send("GET", "/2/media/upload?command=STATUS&media_id="+id, "", nil).data()["processing_info"]
		if state := info.(map[string]any)["state"]; state != "succeeded" {
			t.Errorf("it is %v", info)
		}
		c.send("GET", "/2/media/3_"+id+"?media.fields=url%2Calt_text,width", "", nil).data()
		a := c.send("GET", "/2/media?media_keys=3_"+id+",3_1&media.fields=url", "", nil).is(http.StatusOK)
		if !strings.Contains(string(a.body), "3_"+id) {
			t.Errorf("the list is %s", a.body)
		}
		s.client().call("GET", "/magpie/v1/media/"+id+"/original", nil).refused(http.StatusNotFound) // user 1's token
	}

	t.Run("rest", func(t *testing.T) {
		c := c
		c.t = t
		id := c.send("POST", "/2/media/upload/initialize", "application/json",
			fmt.Appendf(nil, `{"media_type":"image/png","media_category":"tweet_image","total_bytes":%d}`, len(file))).data()["id"].(string)
		body, kind := form(0, file[:half])
		c.send("POST", "/2/media/upload/"+id+"/append", kind, body).data()
		c.send("POST", "/2/media/upload/"+id+"/append", "application/json", fmt.Appendf(nil, `{"segment_index":1,"media":%q}`, b64(file[half:]))).data()
		c.send("POST", "/2/media/upload/"+id+"/finalize", "", nil).data()
		c.send("POST", "/2/media/metadata", "application/json", fmt.Appendf(nil, `{"id":%q,"metadata":{"alt_text":{"text":"a ~ b+c"}}}`, id)).data()
		check(t, id)
	})
	size := fmt.Sprint(len(file))
	const at = "/2/media/upload"
	t.Run("query", func(t *testing.T) {
		c := c
		c.t = t
		id := c.send("POST", at+"?command=INIT&media_type=image%2Fpng&media_category=tweet_image&total_bytes="+size, "application/json", nil).is(202).idIn()
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		p, _ := w.CreateFormField("media")
		_, _ = p.Write(file)
		_ = w.Close()
		c.send("POST", at+"?command=APPEND&segment_index=0&media_id="+id, w.FormDataContentType(), b.Bytes()).is(204)
		c.send("POST", at+"?command=FINALIZE&media_id="+id, "application/json", nil).is(201)
		check(t, id)
	})
	t.Run("form", func(t *testing.T) {
		c := c
		c.t = t
		id := c.sendForm(at, "command", "INIT", "media_type", "image/png", "total_bytes", size, "x", " +~%☃").is(202).idIn()
		c.sendForm(at, "command", "APPEND", "media_id", id, "segment_index", "0", "media_data", b64(file)).is(204)
		c.sendForm(at, "command", "FINALIZE", "media_id", id).is(201)
		check(t, id)
	})
	t.Run("multipart", func(t *testing.T) {
		c := c
		c.t = t
		multi := func(fields ...string) (string, []byte) {
			var b bytes.Buffer
			w := multipart.NewWriter(&b)
			for i := 0; i+1 < len(fields); i += 2 {
				_ = w.WriteField(fields[i], fields[i+1])
			}
			_ = w.Close()
			return w.FormDataContentType(), b.Bytes()
		}
		kind, body := multi("command", "INIT", "media_type", "image/png", "total_bytes", size)
		id := c.send("POST", at, kind, body).is(202).idIn()
		kind, body = multi("command", "APPEND", "media_id", id, "segment_index", "0", "media", string(file))
		c.send("POST", at, kind, body).is(204)
		kind, body = multi("command", "FINALIZE", "media_id", id)
		c.send("POST", at, kind, body).is(201)
		check(t, id)
	})
	if names, err := os.ReadDir(filepath.Join(s.data, "scratch")); err != nil || len(names) > 0 {
		t.Errorf("left in scratch: %v, %v", names, err)
	}
}

// A media of several megabytes in a signed form; and one changed byte of it.
func TestOAuth1SignsTheWholeForm(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.signingClient("12")
	file := noise(t, 1300) // 6.8 MB, 9 MB as base64
	const at = "/1.1/media/upload.json"
	opened := c.sendForm(at, "command", "INIT", "media_type", "image/png", "media_category", "tweet_image", "total_bytes", fmt.Sprint(len(file))).is(202)
	var session struct {
		ID string `json:"media_id_string"`
	}
	if err := json.Unmarshal(opened.body, &session); err != nil {
		t.Fatal(err)
	}
	fields := []string{"command", "APPEND", "media_id", session.ID, "segment_index", "0", "media_data", b64(file)}
	for _, at := range []float64{0.001, 0.5, 0.999} {
		spoiled := c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
			b, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			i := int(at * float64(len(b)))
			for b[i] == '%' || b[i] == '=' || b[i] == '&' || b[max(i-1, 0)] == '%' || b[max(i-2, 0)] == '%' {
				i++
			}
			if b[i]++; b[i] > 'z' || !isLetter(b[i]) {
				b[i] = 'A'
			}
			r.Body = io.NopCloser(bytes.NewReader(b))
			return http.DefaultTransport.RoundTrip(r)
		}))
		a := spoiled.sendForm("/1.1/media/upload.json", fields...).is(http.StatusUnauthorized)
		if !strings.Contains(string(a.body), `"code":32`) {
			t.Errorf("a changed form: %s", a.body)
		}
		if ways := strings.Join(a.header.Values("WWW-Authenticate"), " "); !strings.Contains(ways, "Bearer") || !strings.Contains(ways, "OAuth") {
			t.Errorf("WWW-Authenticate: %s", ways)
		}
	}
	c.sendForm(at, "command", "FINALIZE", "media_id", session.ID).is(http.StatusBadRequest) // nothing arrived
	c.sendForm(at, fields...).is(204)
	c.sendForm(at, "command", "FINALIZE", "media_id", session.ID).is(201)
	if got := c.send("GET", "/magpie/v1/media/"+session.ID+"/original", "", nil); sum(got.body) != sum(file) {
		t.Errorf("%d bytes came back, %d were sent", len(got.body), len(file))
	}
	if log := s.log.tail(1 << 20); !strings.Contains(log, "POST&http%3A%2F%2F127.0.0.1") && !strings.Contains(log, "POST&https%3A%2F%2F") {
		t.Error("the log doesn't say what was signed")
	} else if strings.Contains(log, c.secret) || strings.Contains(log, c.keySecret) {
		t.Error("the log has a secret")
	}
}

func isLetter(b byte) bool {
	return 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' || '0' <= b && b <= '9'
}

// Clients with X's hosts built in sign those, wherever they get to; a proxy's
// address is --public-url.
func TestOAuth1Origins(t *testing.T) {
	t.Parallel()
	s := start(t, "--public-url", "https://Media.example")
	here := roundTrip(func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(s.url, "http://"), "magpie.internal:8080"
		return http.DefaultTransport.RoundTrip(r)
	})
	c := s.signingClient("12").through(here)
	for origin, status := range map[string]int{
		"https://api.x.com": 404, "https://api.twitter.com": 404, "https://upload.x.com": 404, "https://upload.twitter.com": 404,
		"https://media.example": 404, "https://magpie.internal:8080": 404, "http://magpie.internal:8080": 404,
		"https://other.example": 401, "http://api.x.com": 401, "https://magpie.internal": 401,
	} {
		c.send("GET", origin+"/2/media/7_1?media.fields=url", "", nil).is(status)
	}

	strict := start(t, "--oauth1-origins", "none")
	c = strict.signingClient("12")
	c.send("GET", "/2/media/7_1", "", nil).is(404)
	c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host, r.Host = "http", strings.TrimPrefix(strict.url, "http://"), ""
		return http.DefaultTransport.RoundTrip(r)
	})).send("GET", "https://api.x.com/2/media/7_1", "", nil).is(401)
}

// What was sent once can't be sent again, and what ended ends at once.
func TestOAuth1Ends(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.signingClient("12")
	var sent *http.Request
	c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
		sent = r.Clone(context.Background())
		return http.DefaultTransport.RoundTrip(r)
	})).send("GET", "/2/media/7_1", "", nil).is(404)
	s.client().as("").call("GET", "/2/media/7_1", nil, "Authorization", sent.Header.Get("Authorization")).
		refused(http.StatusUnauthorized, "oauth_nonce and oauth_timestamp was here already")
	s.client().as("").call("GET", "/2/media/7_1", nil).refused(http.StatusUnauthorized, "Bearer <access token>", "OAuth 1.0a")

	reader := s.signingClient("12", "--read-only")
	reader.send("GET", "/2/media/7_1", "", nil).is(404)
	a := reader.send("POST", "/2/media/upload/initialize", "application/json", []byte(`{}`)).is(http.StatusForbidden)
	for _, member := range []string{
		`"detail":"Your client app is not configured with the appropriate oauth1 app permissions for this endpoint."`,
		`"type":"https://api.x.com/2/problems/oauth1-permissions"`, `"title":"Forbidden"`, `"status":403`,
	} {
		if !strings.Contains(string(a.body), member) {
			t.Errorf("%s lacks %s", a.body, member)
		}
	}

	other := s.signingClientOf(c.id, c.key, c.keySecret, "7")
	list, _, _ := magpie(t, "client", "tokens", c.id, "--data", s.data)
	for _, token := range []string{c.oauth, other.oauth} {
		if !strings.Contains(list, token) {
			t.Errorf("the list lacks %s:\n%s", token, list)
		}
	}
	if strings.Contains(list, reader.oauth) || strings.Contains(list, c.secret) {
		t.Errorf("the list says too much:\n%s", list)
	}
	if out, errs, code := magpie(t, "client", "revoke-token", c.oauth, "--data", s.data); code != 0 {
		t.Fatalf("revoke: exit %d: %s%s", code, out, errs)
	}
	c.send("GET", "/2/media/7_1", "", nil).refused(http.StatusUnauthorized, "oauth_token")
	other.send("GET", "/2/media/7_1", "", nil).is(404)
	if _, errs, code := magpie(t, "client", "revoke-token", c.oauth, "--data", s.data); code == 0 || !strings.Contains(errs, "revoked already") {
		t.Errorf("revoke again: exit %d: %s", code, errs)
	}
	if _, errs, code := magpie(t, "client", "revoke", c.id, "--data", s.data); code != 0 {
		t.Fatalf("revoke the client: exit %d: %s", code, errs)
	}
	other.send("GET", "/2/media/7_1", "", nil).refused(http.StatusUnauthorized, "oauth_consumer_key")
	if _, errs, code := magpie(t, "user", "erase", "12", "--data", s.data); code != 0 {
		t.Fatalf("erase the user: exit %d: %s", code, errs)
	}
	reader.send("GET", "/2/media/7_1", "", nil).refused(http.StatusUnauthorized, "oauth_token")
}

// A signed form that lies about its length, or ends in the middle, is told so,
// and leaves nothing behind.
func TestOAuth1BrokenForms(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.signingClient("12")
	form := url.Values{"command": {"INIT"}, "media_data": {strings.Repeat("AAAA", 100_000)}}.Encode()
	var header string
	grab := func() string {
		c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
			header = r.Header.Get("Authorization")
			return &http.Response{StatusCode: http.StatusTeapot, Body: http.NoBody, Request: r}, nil
		})).send("POST", "/1.1/media/upload.json", urlencoded, []byte(form))
		return header
	}
	for name, length := range map[string]int{"longer than it is": len(form) + 1, "shorter than it is": len(form) - 1} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /1.1/media/upload.json HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAuthorization: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			strings.TrimPrefix(s.url, "http://"), grab(), urlencoded, length, form)
		_ = conn.(*net.TCPConn).CloseWrite()
		// The byte nobody asked for may turn the end of the connection into a
		// reset; what counts is the answer that came before it.
		got, err := io.ReadAll(conn)
		if err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: %v", name, err)
		}
		status := map[int]string{len(form) + 1: "HTTP/1.1 400", len(form) - 1: "HTTP/1.1 401"}[length]
		if !strings.HasPrefix(string(got), status) || !strings.Contains(string(got), `"errors"`) {
			t.Errorf("%s: %.400s, want %s", name, got, status)
		}
	}
	eventually(t, func() string { // the answers were there first
		if names, err := os.ReadDir(filepath.Join(s.data, "scratch")); err != nil || len(names) > 0 {
			return fmt.Sprintf("left in scratch: %v, %v", names, err)
		}
		fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range fds {
			if to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", s.cmd.Process.Pid, fd.Name())); strings.Contains(to, "/form-") {
				return "still open: " + to
			}
		}
		return ""
	})
}

// The protocol's parameters may be in the query or in a form instead of the
// header (RFC 5849 §3.5).
func TestOAuth1OutsideTheHeader(t *testing.T) {
	t.Parallel()
	s := start(t)
	c := s.signingClient("12")
	taken := func(r *http.Request) string {
		text := strings.TrimPrefix(r.Header.Get("Authorization"), "OAuth ")
		r.Header.Del("Authorization")
		return strings.ReplaceAll(strings.ReplaceAll(text, ", ", "&"), `"`, "")
	}
	inQuery := c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
		r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+taken(r), "&")
		return http.DefaultTransport.RoundTrip(r)
	}))
	inQuery.send("GET", "/2/media/7_1?media.fields=url", "", nil).is(http.StatusNotFound)
	inQuery.send("POST", "/2/media/upload?command=INIT&media_type=image%2Fpng&total_bytes=3", "application/json", nil).is(http.StatusAccepted)
	inForm := c.through(roundTrip(func(r *http.Request) (*http.Response, error) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		b = append(append(b, '&'), taken(r)...)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		return http.DefaultTransport.RoundTrip(r)
	}))
	inForm.sendForm("/2/media/upload", "command", "INIT", "media_type", "image/png", "total_bytes", "3").is(http.StatusAccepted)
	inForm.sendForm("/1.1/media/upload.json", "command", "INIT", "media_type", "image/png", "total_bytes", "3").is(http.StatusAccepted)
	inForm.sendForm("/2/media/upload", "command", "INIT", "media_data", b64(make([]byte, 80<<10))).is(http.StatusUnauthorized) // too long to look into
}
