package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Config says which server to speak to and how patiently.
type Config struct {
	URL      string        // scheme and host, and a path where the API is below one
	Token    string        // an access token
	HTTP     *http.Client  // nil for one of its own
	Patience time.Duration // how long a request is tried again; 0 for not at all
	First    time.Duration // the first wait between two tries; 0 for half a second
	Stall    time.Duration // how long a request may make no progress; 0 for two minutes
	Now      func() time.Time
	Random   func() float64     // from 0 up to 1, so that many clients do not come back at once
	Say      func(words string) // is told why something is tried again; nil for nobody
}

// Server is one server, as one user. It may be used from several goroutines.
type Server struct {
	c    Config
	base string

	mu   sync.Mutex
	said string // what Say was told last
	at   time.Time
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// New makes a Server. A URL that leads nowhere is an error.
func New(c Config) (*Server, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%q is not a server's URL, such as https://media.example", c.URL)
	}
	if c.Token == "" || strings.ContainsFunc(c.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, errors.New("the token is not one: it has characters that no token has, or none")
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{Transport: transport()}
	}
	own := *c.HTTP
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.HTTP = &own
	if c.First == 0 {
		c.First = 500 * time.Millisecond
	}
	if c.Stall == 0 {
		c.Stall = 2 * time.Minute
	}
	if c.Say == nil {
		c.Say = func(string) {}
	}
	return &Server{c: c, base: strings.TrimRight(c.URL, "/")}, nil
}

// transport keeps as many connections as segments are sent at once, and takes
// HTTP/1.1: parallel segments are to have connections of their own.
func transport() *http.Transport {
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 15 * time.Second}).DialContext,
		TLSHandshakeTimeout: 15 * time.Second,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
		WriteBufferSize:     64 << 10,
	}
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}

// request is one request, which may be sent several times.
type request struct {
	method, path string
	mediaType    string
	length       int64
	body         func() io.Reader // made anew for each try; nil for none
}

// json sends one JSON request and reads the answer into out. in nil is no body,
// out nil ignores the answer.
func (s *Server) json(ctx context.Context, method, path string, in, out any) error {
	q := request{method: method, path: path}
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		q.mediaType, q.length = "application/json", int64(len(b))
		q.body = func() io.Reader { return bytes.NewReader(b) }
	}
	return s.call(ctx, q, out)
}

// call sends a request until it is answered, waiting longer each time. What is
// refused for good is not sent again.
func (s *Server) call(ctx context.Context, q request, out any) error {
	var since time.Time // of the first try that failed
	for try := 0; ; try++ {
		err := s.once(ctx, q, out)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil || !passing(err) {
			return err
		}
		now := s.c.Now()
		if since.IsZero() {
			since = now
		}
		wait := s.pause(try)
		var refused *Refusal
		if errors.As(err, &refused) && refused.After > wait {
			wait = refused.After
			if refused.Status == http.StatusTooManyRequests {
				since = since.Add(wait) // the server promised an end to it
			}
		}
		if now.Add(wait).Sub(since) > s.c.Patience {
			return err
		}
		s.say(err, wait)
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// say tells why something is tried again: not for each of several segments that
// fail together.
func (s *Server) say(why error, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	words := plain(why.Error())
	now := s.c.Now()
	if words == s.said && now.Sub(s.at) < 5*time.Second {
		return
	}
	s.said, s.at = words, now
	s.c.Say(fmt.Sprintf("%s; trying again in %s", words, wait.Round(100*time.Millisecond)))
}

// errStalled is why a request without progress was given up.
var errStalled = errors.New("the connection stands still")

// once sends a request and reads the answer.
func (s *Server) once(ctx context.Context, q request, out any) error {
	outer := ctx
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	watch := time.AfterFunc(s.c.Stall, func() { cancel(errStalled) })
	defer watch.Stop()
	moving := func(r io.Reader) io.Reader { return &mover{r, func() { watch.Reset(s.c.Stall) }} }

	var body io.Reader
	if q.body != nil {
		body = moving(q.body())
	}
	r, err := http.NewRequestWithContext(ctx, q.method, s.base+q.path, body)
	if err != nil {
		return err
	}
	if q.body != nil {
		r.ContentLength = q.length
		r.Header.Set("Content-Type", q.mediaType)
	}
	r.Header.Set("Authorization", "Bearer "+s.c.Token)
	r.Header.Set("User-Agent", "magpie")
	err = s.answer(r, moving, out)
	if err != nil && outer.Err() == nil && errors.Is(context.Cause(ctx), errStalled) {
		return &silence{errStalled}
	}
	return err
}

// answer sends one request and reads what comes back.
func (s *Server) answer(r *http.Request, moving func(io.Reader) io.Reader, out any) error {
	a, err := s.c.HTTP.Do(r)
	if err != nil {
		return &silence{err}
	}
	defer a.Body.Close()
	b, err := io.ReadAll(io.LimitReader(moving(a.Body), maxAnswer))
	if a.StatusCode/100 != 2 {
		return newRefusal(a, b, s.c.Now())
	}
	if err != nil {
		return &silence{fmt.Errorf("the answer broke off: %w", err)}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("%s %s: the answer is not what X's API answers: %w", r.Method, r.URL.Path, err)
	}
	return nil
}

// mover tells that something was read.
type mover struct {
	r     io.Reader
	moved func()
}

func (m *mover) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.moved()
	return n, err
}
