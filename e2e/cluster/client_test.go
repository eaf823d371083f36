package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"
)

// client calls the API nodes as a client behind a load balancer does: where a node
// does not answer, or says that it can't for now, another gets the request.
type client struct {
	t     *testing.T
	ctx   context.Context // of all requests
	nodes []*node

	mu    sync.Mutex
	avoid map[*node]time.Time // nodes that did not answer, until when
}

// answer is a response, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

const (
	answerTime = 10 * time.Second // after which another node is asked
	patience   = 4 * time.Minute  // after which a request is given up
)

// persist sends a request until a node grants it, the given one first, and gives
// what is under "data". A refusal that is neither 503 nor 429 fails the test, as
// does one that does not say when to come back.
func (c *client) persist(first int, method, path string, body []byte, headers ...string) map[string]any {
	c.t.Helper()
	var last string
	end := time.Now().Add(patience)
	for try := first; time.Now().Before(end) && c.ctx.Err() == nil; try++ {
		n := c.nodes[try%len(c.nodes)]
		if c.avoids(n) && try < first+len(c.nodes) {
			continue
		}
		a, err := c.call(n, method, path, body, headers...)
		wait := 100 * time.Millisecond
		switch {
		case err != nil:
			last = fmt.Sprintf("%s: %v", n.name, err)
			c.shun(n)
		case a.status == http.StatusOK:
			var v struct{ Data map[string]any }
			if err := json.Unmarshal(a.body, &v); err != nil {
				c.t.Errorf("%s %s: %v: %.500s", method, path, err, a.body)
			}
			return v.Data
		case a.status == http.StatusServiceUnavailable:
			last = fmt.Sprintf("%s: %d %.300s", n.name, a.status, a.body)
			after, err := strconv.Atoi(a.header.Get("Retry-After"))
			if err != nil || after < 1 {
				c.t.Errorf("%s %s: %s: 503 with Retry-After %q", method, path, n.name, a.header.Get("Retry-After"))
			}
			wait = min(time.Duration(after)*time.Second, 2*time.Second)
		default:
			c.t.Errorf("%s %s: %s: %d %.500s; before that %s", method, path, n.name, a.status, a.body, last)
			return nil
		}
		select {
		case <-time.After(wait):
		case <-c.ctx.Done():
		}
	}
	if c.ctx.Err() == nil {
		c.t.Errorf("%s %s was never granted: %s", method, path, last)
	}
	return nil
}

// call sends a request to one node.
func (c *client) call(n *node, method, path string, body []byte, headers ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(c.ctx, answerTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, n.url()+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Authorization", "Bearer "+secret)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, b}, err
}

func (c *client) avoids(n *node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.avoid[n])
}

func (c *client) shun(n *node) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.avoid[n] = time.Now().Add(5 * time.Second)
}

// form is the multipart body of one segment.
func form(index int, segment []byte) (body []byte, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("segment_index", strconv.Itoa(index))
	p, _ := w.CreateFormFile("media", "blob")
	_, _ = p.Write(segment)
	_ = w.Close()
	return b.Bytes(), w.FormDataContentType()
}
