package auth

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/dghubble/oauth1"

	"magpie/internal/media"
)

func TestSpool(t *testing.T) {
	for _, n := range []int{0, 1, spoolMemory - 1, spoolMemory, spoolMemory + 1, 1 << 20} {
		folder := t.TempDir()
		s := &spool{folder: folder, limit: 1 << 20}
		data := bytes.Repeat([]byte("0123456789abcdef!"), n/17+1)[:n]
		for chunk := range slices.Chunk(data, 10_000) {
			if got, err := s.Write(chunk); got != len(chunk) || err != nil {
				t.Fatalf("%d bytes: %d, %v", n, got, err)
			}
		}
		if (s.file != nil) != (n > spoolMemory) {
			t.Errorf("%d bytes are in a file: %v", n, s.file != nil)
		}
		if names, err := os.ReadDir(folder); err != nil || len(names) > 0 {
			t.Errorf("%d bytes: the folder has %v, %v", n, names, err)
		}
		for range 2 {
			if got, err := io.ReadAll(s.body()); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes came back as %d, %v", n, len(got), err)
			}
		}
		body := s.body()
		s.close()
		s.close()
		if n > spoolMemory {
			if _, err := io.ReadAll(body); !errors.Is(err, os.ErrClosed) {
				t.Errorf("after close: %v", err)
			}
		}
	}
}

func TestSpoolRefuses(t *testing.T) {
	s := &spool{folder: t.TempDir(), limit: 100}
	if _, err := s.Write(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	for range 2 { // and it stays refused
		if _, err := s.Write([]byte("x")); media.CodeOf(err) != media.CodeTooLarge || !strings.Contains(err.Error(), "100 bytes") {
			t.Errorf("past the limit: %v", err)
		}
	}
	full := &spool{folder: t.TempDir(), limit: 1 << 30, reserve: 1 << 60}
	if _, err := full.Write(make([]byte, spoolMemory+1)); media.CodeOf(err) != media.CodeFull {
		t.Errorf("on a full disk: %v", err)
	}
	nowhere := &spool{folder: t.TempDir() + "/x", limit: 1 << 30}
	if _, err := nowhere.Write(make([]byte, spoolMemory+1)); media.CodeOf(err) != media.CodeInternal || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder: %v", err)
	}
}

// signedMedia is a signed form with a media_data of n base64 characters.
func (s *signing) signedMedia(n int) (r *http.Request, body string) {
	s.t.Helper()
	data := strings.Repeat("QUJD+/==", n/8)
	q := request{method: "POST", origin: "https://api.x.com", path: "/1.1/media/upload.json", form: [][2]string{{"command", "APPEND"}, {"media_data", data}}, header: s.protocol()}
	q.header = append(q.header, [2]string{"oauth_signature", s.sign(q, sha1.New)})
	return q.arrive(s.t.Context(), "h"), encodeForm(q.form)
}

func TestSignedMedia(t *testing.T) {
	s := newSigning(t)
	for _, n := range []int{longValue, 40_000, 80_000, 800_000} {
		r, body := s.signedMedia(n)
		s.passes("as sent", r, body)

		r, body = s.signedMedia(n)
		r.Body = io.NopCloser(strings.NewReader(body[:len(body)/2] + "A" + body[len(body)/2+1:]))
		s.refuses("a byte changed", r, media.CodeSignature, "does not match")

		r, body = s.signedMedia(n)
		r.Body = io.NopCloser(strings.NewReader(body[:len(body)-3]))
		s.refuses("a character less", r, media.CodeSignature, "does not match")

		r, body = s.signedMedia(n)
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(body[:len(body)-1]), iotest.ErrReader(io.ErrUnexpectedEOF)))
		s.refuses("broken off", r, media.CodeInvalid, "broke off before its end")

		r, _ = s.signedMedia(n)
		r.Body = io.NopCloser(strings.NewReader("media_data=" + strings.Repeat("A", n) + "%4x"))
		s.refuses("escaped wrongly", r, media.CodeInvalid, "hexadecimal")
	}
	r, body := s.signedMedia(80_000)
	r.Body = io.NopCloser(iotest.OneByteReader(strings.NewReader(body)))
	s.passes("byte by byte", r, body)

	s.signatures.cfg.MaxForm = 100_000
	r, body = s.signedMedia(400_000)
	if _, rest, err := s.ask(r); media.CodeOf(err) != media.CodeTooLarge || !strings.Contains(err.Error(), "100000 bytes") || !strings.HasSuffix(body, rest) || rest == "" {
		t.Errorf("longer than may be: %v, and %d bytes are left to drain", err, len(rest))
	}
	s.signatures.cfg.MaxForm, s.signatures.cfg.Reserve = 64<<20, 1<<60
	r, _ = s.signedMedia(100_000)
	s.refuses("on a full disk", r, media.CodeFull, "no room")

	// Whoever isn't known gets no file.
	s.signatures.cfg.Scratch = t.TempDir() + "/x"
	r, _ = s.signedMedia(100_000)
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), s.token, "x", 1))
	s.refuses("an unknown token", r, media.CodeUnauthorized, "oauth_token")
	r, body = s.signedMedia(100_000)
	r.Header.Del("Authorization")
	s.refuses("without credentials", r, media.CodeNoCredentials, "needs the header")
	r.Body = io.NopCloser(strings.NewReader(body + "&oauth_consumer_key=x&oauth_signature=y"))
	s.refuses("with credentials in a long form", r, media.CodeNoCredentials, "needs the header")
	if names, err := os.ReadDir(s.scratch); err != nil || len(names) > 0 {
		t.Errorf("left behind: %v, %v", names, err)
	}
}

// The files of signed forms are closed on every way out, also where a handler
// panics.
func TestSignedMediaLeavesNothingOpen(t *testing.T) {
	s := newSigning(t)
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, done, err := s.gate.Request(r)
		defer done()
		if err == nil {
			panic("handler")
		}
	})
	before := openFiles(t)
	for i := range 5 {
		r, body := s.signedMedia(200_000)
		if i%2 == 0 {
			r.Body = io.NopCloser(strings.NewReader(body + "&x=1"))
		}
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files are open, %d were", after, before)
	}
}

// openFiles counts open files that have no name any more.
func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range names {
		if to, err := os.Readlink("/proc/self/fd/" + name.Name()); err == nil && strings.Contains(to, "/form-") {
			n++
		}
	}
	return n
}

// What a signed form of any length takes of memory is a few buffers.
func TestSignedMediaIsNotHeld(t *testing.T) {
	s := newSigning(t)
	const n, times = 12 << 20, 4 << 20 // "%2B" so many times
	header := s.protocol()
	mac := hmac.New(sha1.New, []byte(oauth1.PercentEncode(s.client.KeySecret)+"&"+oauth1.PercentEncode(s.secret)))
	_, _ = io.WriteString(mac, "POST&"+oauth1.PercentEncode("https://api.x.com/2/media/upload")+"&media_data%3D")
	_, _ = io.Copy(mac, io.LimitReader(&repeating{text: "%252B"}, 5*times))
	for _, i := range []int{0, 4, 2, 3, 1, 5} {
		_, _ = io.WriteString(mac, oauth1.PercentEncode("&"+header[i][0]+"="+oauth1.PercentEncode(header[i][1])))
	}
	q := request{method: "POST", path: "/2/media/upload", form: [][2]string{}, header: append(header, [2]string{"oauth_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))})}
	r := q.arrive(t.Context(), "h")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("media_data="), io.LimitReader(&repeating{text: "%2B"}, n)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	who, done, err := s.gate.Request(r)
	defer done()
	if err != nil || who.User == "" {
		t.Fatalf("%+v, %v", who, err)
	}
	if got, err := io.Copy(io.Discard, r.Body); got != n+int64(len("media_data=")) || err != nil {
		t.Errorf("%d bytes came back, %v", got, err)
	}
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 1<<20 {
		t.Errorf("%d bytes of memory for a form of %d", taken, n)
	}
}

// repeating reads as one text over and over.
type repeating struct {
	text string
	at   int
}

func (r *repeating) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(p), nil
}
