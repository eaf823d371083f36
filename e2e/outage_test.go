package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"magpie/internal/faultproxy"
)

// goWrong lets a proxy go wrong, in ways that a seed chooses, until ctx ends, and
// heals it.
func goWrong(ctx context.Context, p *faultproxy.Proxy, random *rand.Rand) {
	defer p.Heal()
	some := func(n int) time.Duration { return time.Duration(random.IntN(n)) * time.Millisecond }
	for ctx.Err() == nil {
		f := []faultproxy.Fault{
			{Refuse: true},
			{CutUp: 1 + random.Int64N(3000)},
			{CutUp: 1 + random.Int64N(200_000)},
			{CutDown: 1 + random.Int64N(3000)},
			{CutDown: 1 + random.Int64N(100_000)},
			{LoseAnswer: 1 + random.IntN(20)},
			{Latency: 3 * time.Millisecond, Rate: 1 << 20},
		}[random.IntN(7)]
		switch random.IntN(4) {
		case 0:
			p.Freeze()
		case 1:
			p.LoseAnswer(1 + random.IntN(9))
		case 2:
			p.Always(f)
		default:
			p.Set(func(n int) faultproxy.Fault {
				if n%3 == 1 {
					return faultproxy.Fault{}
				}
				return f
			})
		}
		pause(ctx, some(700))
		p.Heal()
		pause(ctx, some(700))
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// insist asks again for as long as the answer is a 503 that says so, as real
// clients do, and fails the test over any other refusal or where it hears nothing.
func (c client) insist(what, method, path string, body []byte, headers ...string) (a answer, ok bool) {
	c.t.Helper()
	for end := time.Now().Add(4 * time.Minute); ; {
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Minute)
		a, err := c.try(ctx, method, path, bytes.NewReader(body), headers...)
		cancel()
		switch {
		case err != nil:
			c.t.Errorf("%s: %v", what, err)
			return a, false
		case a.status == http.StatusOK:
			return a, true
		case a.status != http.StatusServiceUnavailable:
			c.t.Errorf("%s: %d %s", what, a.status, a.body)
			return a, false
		case time.Now().After(end):
			c.t.Errorf("%s: for four minutes %d %s", what, a.status, a.body)
			return a, false
		}
		if wait, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || wait < 1 {
			c.t.Errorf("%s: 503 with Retry-After %q", what, a.header.Get("Retry-After"))
		}
		time.Sleep(50 * time.Millisecond) // sooner than it is asked to
	}
}

// insistOnUpload uploads a file in three segments, all at once, and gives its id,
// or "" after a failure.
func (c client) insistOnUpload(kind, category string, file []byte) string {
	c.t.Helper()
	body := fmt.Sprintf(`{"media_type":%q,"media_category":%q,"total_bytes":%d}`, kind, category, len(file))
	a, ok := c.insist("initialize", "POST", "/2/media/upload/initialize", []byte(body), "Content-Type", "application/json")
	if !ok {
		return ""
	}
	id := a.data()["id"].(string)
	third := len(file) / 3
	var sending sync.WaitGroup
	for i, part := range [][]byte{file[:third], file[third : 2*third], file[2*third:]} {
		sending.Go(func() {
			text, kind := form(i, part)
			c.insist(fmt.Sprint("append ", i), "POST", "/2/media/upload/"+id+"/append", text, "Content-Type", kind)
		})
	}
	sending.Wait()
	if _, ok := c.insist("finalize", "POST", "/2/media/upload/"+id+"/finalize", nil); !ok {
		return ""
	}
	return id
}

// view fetches an original for as long as ctx lasts: each answer has the right
// bytes up to where it ends, or is a 503. It gives how many were whole.
func (c client) view(ctx context.Context, id string, want []byte) (whole int) {
	for ctx.Err() == nil {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/magpie/v1/media/"+id+"/original", nil)
		r.Header.Set("Authorization", "Bearer "+c.token)
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			if ctx.Err() == nil {
				c.t.Errorf("view: %v", err)
			}
			continue
		}
		got, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "":
		case response.StatusCode != http.StatusOK:
			c.t.Errorf("view: %d %s", response.StatusCode, got)
		case !bytes.HasPrefix(want, got) || err == nil && len(got) != len(want):
			c.t.Errorf("view: %d wrong bytes of %d, %v", len(got), len(want), err)
		case err == nil:
			whole++
		}
		pause(ctx, 20*time.Millisecond)
	}
	return whole
}

// TestUploadsThroughFaults: while the ways to PostgreSQL, S3 and NATS are cut,
// silent, slow and refused by turns, every request succeeds or is told to come
// back, viewers get right bytes, and in the end everything that was acknowledged
// is there and processed.
func TestUploadsThroughFaults(t *testing.T) {
	t.Parallel()
	seeds, rounds := 1, 2
	if soak() {
		seeds, rounds = 6, 12
	}
	o := startOutage(t)
	c := o.client()
	png, video := samplePNG(), sampleMP4(t)
	model := anyBytes(5, 600_000)
	watched := c.upload(anyBytesType, "", model, 200_000)
	id := watched["id"].(string)
	for seed := range seeds {
		t.Logf("seed %d", seed)
		ctx, heal := context.WithCancel(t.Context())
		var going, uploading sync.WaitGroup
		for i, p := range []*faultproxy.Proxy{o.database, o.blobs, o.bus} {
			going.Go(func() { goWrong(ctx, p, rand.New(rand.NewPCG(uint64(seed), uint64(i)))) })
		}
		going.Go(func() {
			if n := c.view(ctx, id, model); n == 0 {
				t.Log("no view was whole")
			}
		})
		var mu sync.Mutex
		made := map[string][]byte{}
		add := func(id string, file []byte) {
			mu.Lock()
			defer mu.Unlock()
			made[id] = file
		}
		for client := range 3 {
			uploading.Go(func() {
				for i := range rounds {
					switch (client + i) % 3 {
					case 0:
						add(c.insistOnUpload("image/png", "tweet_image", png), png)
					case 1:
						add(c.insistOnUpload("video/mp4", "tweet_video", video), video)
					default:
						one := "media_category=tweet_image&media_data=" + url.QueryEscape(b64(png))
						if a, ok := c.insist("one-shot", "POST", v1Upload, []byte(one), "Content-Type", "application/x-www-form-urlencoded"); ok {
							add(a.v1(http.StatusOK).Text, png)
						}
					}
				}
			})
		}
		uploading.Wait()
		heal()
		going.Wait()
		o.ready("")
		for id, file := range made {
			if id == "" {
				continue // said already
			}
			c.succeeded(id)
			if got := c.original(id); got.status != http.StatusOK || !bytes.Equal(got.body, file) {
				t.Errorf("%s: %d with %d bytes of %d", id, got.status, len(got.body), len(file))
			}
		}
	}
	check := exec.CommandContext(t.Context(), binary, "check", "--data", o.data, "--database", o.engines.database, "--blobs", o.engines.blobs)
	check.Env = append(os.Environ(), o.env...)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("magpie check: %v\n%s", err, out)
	}
}
