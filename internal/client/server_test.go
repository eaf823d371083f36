package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// speak makes a Server of a handler, impatient unless told otherwise.
func speak(t *testing.T, h http.HandlerFunc, change ...func(*Config)) *Server {
	t.Helper()
	web := httptest.NewServer(h)
	t.Cleanup(web.Close)
	c := Config{URL: web.URL + "/", Token: "t0ken", First: time.Millisecond, Patience: time.Minute, Now: time.Now, Random: func() float64 { return 0 }}
	for _, f := range change {
		f(&c)
	}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNewRefuses(t *testing.T) {
	good := Config{URL: "https://media.example/base", Token: "abc"}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []Config{
		{URL: "media.example", Token: "abc"},
		{URL: "ftp://media.example", Token: "abc"},
		{URL: "https://", Token: "abc"},
		{URL: "https://media.example?a=b", Token: "abc"},
		{URL: "https://media.example", Token: ""},
		{URL: "https://media.example", Token: "two words"},
		{URL: "https://media.example", Token: "line\nfeed"},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("%q with token %q is taken", c.URL, c.Token)
		}
	}
}

// TestCallAgain: what may pass is sent again with its whole body, what is
// refused for good is not.
func TestCallAgain(t *testing.T) {
	for status, tries := range map[int]int32{429: 4, 500: 4, 502: 4, 503: 4, 504: 4, 408: 4, 400: 1, 401: 1, 403: 1, 404: 1, 409: 1, 410: 1, 413: 1, 501: 1, 301: 1} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			s := speak(t, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				if string(b) != `{"a":1}` || r.Header.Get("Authorization") != "Bearer t0ken" || r.URL.Path != "/2/x" {
					t.Errorf("%s: %q", r.URL, b)
				}
				if n.Add(1) < 4 {
					w.Header().Set("Location", "https://elsewhere.example/")
					w.WriteHeader(status)
					_, _ = io.WriteString(w, `{"title":"T","detail":"words"}`)
					return
				}
				_, _ = io.WriteString(w, `{"ok":true}`)
			})
			var out struct{ OK bool }
			err := s.json(t.Context(), http.MethodPost, "/2/x", map[string]int{"a": 1}, &out)
			if n.Load() != tries || (tries == 4) != (err == nil && out.OK) {
				t.Errorf("%d tries, want %d: %v", n.Load(), tries, err)
			}
			var refused *Refusal
			if tries == 1 && (!errors.As(err, &refused) || refused.Status != status || refused.Words == "") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestCallHonoursRetryAfter, against a clock that stands still: were the wait
// not what the server asked, the words would not say so.
func TestCallHonoursRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]string{
		"Retry-After: 40": "again in 40s",
		"Retry-After: " + now.Add(30*time.Second).Format(http.TimeFormat):              "again in 30s",
		"X-Rate-Limit-Reset: " + strconv.FormatInt(now.Add(50*time.Second).Unix(), 10): "again in 50s",
		"Retry-After: 99999": "again in 16m0s",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		said := ""
		s := speak(t, func(w http.ResponseWriter, _ *http.Request) {
			name, value, _ := strings.Cut(header, ": ")
			w.Header().Set(name, value)
			w.WriteHeader(http.StatusTooManyRequests)
		}, func(c *Config) {
			c.Now = func() time.Time { return now }
			c.Say = func(words string) { said = words; cancel() }
		})
		if err := s.json(ctx, http.MethodGet, "/", nil, nil); !errors.Is(err, context.Canceled) || !strings.Contains(said, want) {
			t.Errorf("%s: %q, %v, want %s", header, said, err, want)
		}
	}
}

// TestCallGivesUp once its patience is over, with the last error.
func TestCallGivesUp(t *testing.T) {
	now, n := time.Unix(0, 0), 0
	s := speak(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		now = now.Add(20 * time.Second)
		http.Error(w, "busy", http.StatusServiceUnavailable)
	}, func(c *Config) { c.Now = func() time.Time { return now } })
	err := s.json(t.Context(), http.MethodGet, "/", nil, nil)
	var refused *Refusal
	if !errors.As(err, &refused) || refused.Status != http.StatusServiceUnavailable || n != 4 {
		t.Errorf("after %d tries: %v", n, err)
	}
}

// TestCallOverBrokenConnections: connections that end before, in and after the
// head of the answer.
func TestCallOverBrokenConnections(t *testing.T) {
	var n atomic.Int32
	s := speak(t, func(w http.ResponseWriter, _ *http.Request) {
		switch n.Add(1) {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"a"`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, `{"a":5}`)
	})
	var out struct{ A int }
	if err := s.json(t.Context(), http.MethodPost, "/", map[string]int{}, &out); err != nil || out.A != 5 || n.Load() != 3 {
		t.Errorf("%v after %d tries: %+v", err, n.Load(), out)
	}
}

// TestCallStalls: a request that makes no progress is given up and sent again.
func TestCallStalls(t *testing.T) {
	var n atomic.Int32
	s := speak(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1) == 1 {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, `{}`)
	}, func(c *Config) { c.Stall = 50 * time.Millisecond })
	if err := s.json(t.Context(), http.MethodPost, "/", map[string]int{}, nil); err != nil || n.Load() < 2 {
		t.Errorf("%v after %d tries", err, n.Load())
	}
}

func TestCallEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := speak(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if err := s.json(ctx, http.MethodGet, "/", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestAnswersThatAreNone are errors and not tried again.
func TestAnswersThatAreNone(t *testing.T) {
	for _, body := range []string{"", "<html>", `{"a":`, `[]`} {
		n := 0
		s := speak(t, func(w http.ResponseWriter, _ *http.Request) { n++; _, _ = io.WriteString(w, body) })
		var out struct{ A int }
		if err := s.json(t.Context(), http.MethodGet, "/2/a", nil, &out); err == nil || n != 1 || !strings.Contains(err.Error(), "/2/a") {
			t.Errorf("%q: %v after %d tries", body, err, n)
		}
	}
}

func TestRefusalWords(t *testing.T) {
	for body, want := range map[string]string{
		`{"code":400,"message":"m","detail":"d"}`:               "m",
		`{"title":"T","detail":"d\u001b[2J\nx"}`:                "d[2J x",
		`{"errors":[{"code":32,"message":"v1"}]}`:               "v1",
		`{"errors":[{"message":"first"},{"message":"second"}]}`: "first",
		"<html>\x00 plain\r\n\ttext":                            "<html> plain text",
		"":                                                      "",
	} {
		r := newRefusal(&http.Response{StatusCode: 400, Header: http.Header{}}, []byte(body), time.Now())
		if r.Words != want {
			t.Errorf("%q: %q, want %q", body, r.Words, want)
		}
	}
}

func TestPause(t *testing.T) {
	s := &Server{c: Config{First: time.Second, Random: func() float64 { return 0.999999 }}}
	for try, most := range []time.Duration{1, 2, 4, 8, 16, 20, 20} {
		if d := s.pause(try); d > most*time.Second || d < most*time.Second*9/10 {
			t.Errorf("try %d: %s, want almost %d s", try, d, most)
		}
	}
	s.c.Random = func() float64 { return 0 }
	if d := s.pause(1000); d != longest/2 {
		t.Errorf("after a thousand tries: %s", d)
	}
}

func TestDialect(t *testing.T) {
	for name, row := range map[string]struct {
		answer func(w http.ResponseWriter)
		want   Dialect
	}{
		"magpie":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{"data":[],"meta":{"result_count":0}}`) }, Magpie},
		"X":               {func(w http.ResponseWriter) { http.Error(w, `{"title":"Not Found"}`, http.StatusNotFound) }, X},
		"a page":          {func(w http.ResponseWriter) { _, _ = io.WriteString(w, "<html>") }, X},
		"other JSON":      {func(w http.ResponseWriter) { _, _ = io.WriteString(w, `{}`) }, X},
		"a refusal":       {func(w http.ResponseWriter) { http.Error(w, "{}", http.StatusUnauthorized) }, X},
		"another address": {func(w http.ResponseWriter) { w.Header().Set("Location", "/x"); w.WriteHeader(http.StatusFound) }, X},
	} {
		s := speak(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet || r.URL.Path != "/magpie/v1/uploads" {
				t.Errorf("%s %s", r.Method, r.URL)
			}
			row.answer(w)
		})
		if got, err := s.Dialect(t.Context()); got != row.want || err != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	for _, host := range []string{"https://api.x.com", "https://API.X.COM:443", "https://upload.twitter.com", "https://x.com"} {
		s, err := New(Config{URL: host, Token: "t", HTTP: &http.Client{Transport: refuse{t}}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Dialect(t.Context()); got != X || err != nil {
			t.Errorf("%s: %s, %v", host, got, err)
		}
	}
	down := speak(t, nil, func(c *Config) { c.URL, c.Patience = "http://127.0.0.1:1", 0 })
	away := speak(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }, func(c *Config) { c.Patience = 0 })
	for name, s := range map[string]*Server{"down": down, "away": away} { // it may be asked again later
		var stopped *Interrupted
		if got, err := s.Dialect(t.Context()); !errors.As(err, &stopped) {
			t.Errorf("a server that is %s: %s, %v", name, got, err)
		}
	}
}

// refuse is a transport that is not to be used.
type refuse struct{ t *testing.T }

func (f refuse) RoundTrip(r *http.Request) (*http.Response, error) {
	f.t.Errorf("asked %s", r.URL)
	return nil, errors.New("no")
}
