package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// rate reads the three headers; one that is missing or no number fails the test.
func (a answer) rate() (limit, remaining int, reset time.Time) {
	a.t.Helper()
	var n [3]int64
	for i, name := range []string{"x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-reset"} {
		var err error
		if n[i], err = strconv.ParseInt(a.header.Get(name), 10, 64); err != nil {
			a.t.Errorf("%s: %v in %v", name, err, a.header)
		}
	}
	return int(n[0]), int(n[1]), time.Unix(n[2], 0)
}

// detach is a request that costs little and is counted: X allows a hundred.
func (c client) detach() answer {
	c.t.Helper()
	return c.call("DELETE", "/2/media/subtitles", "{}", "Content-Type", "application/json")
}

// Past the limit comes 429, in time; refusals don't count, and neither do those
// who may not ask.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	s := start(t, "--rate-limits", "x")
	c := s.client()
	began := time.Now()
	stranger, reader := s.token("7"), s.token("1", "--scopes", "tweet.read")
	var first time.Time
	for left := 99; left >= 0; left-- {
		a := c.detach()
		limit, remaining, reset := a.rate()
		if first.IsZero() {
			first = reset
		}
		if a.status != http.StatusBadRequest || limit != 100 || remaining != left || !reset.Equal(first) {
			t.Fatalf("status %d, %d of %d until %s, want %d until %s", a.status, remaining, limit, reset, left, first)
		}
		if left == 50 {
			for range 60 {
				if a := c.as("nobody").detach(); a.status != http.StatusUnauthorized {
					t.Fatalf("nobody: %d", a.status)
				}
				if a := c.as(reader).detach(); a.status != http.StatusForbidden {
					t.Fatalf("without the scope: %d", a.status)
				}
			}
		}
	}
	if first.Before(began.Add(15*time.Minute)) || first.After(time.Now().Add(15*time.Minute+time.Second)) {
		t.Errorf("the window that began at %s ends at %s", began, first)
	}
	for range 3 {
		a := c.detach()
		a.refused(http.StatusTooManyRequests, "The user has made 100 requests", first.UTC().Format(time.RFC3339))
		if limit, remaining, reset := a.rate(); limit != 100 || remaining != 0 || !reset.Equal(first) {
			t.Errorf("%d of %d until %s", remaining, limit, reset)
		}
		if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 1 || after > 900 {
			t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
		}
		for _, member := range []string{`"title":"Too Many Requests"`, `"detail":"Too Many Requests"`, `"type":"about:blank"`, `"status":429`} {
			if !strings.Contains(string(a.body), member) {
				t.Errorf("%s lacks %s", a.body, member)
			}
		}
	}
	// The older dialect counts with it, and says so in its own words.
	old := c.call("POST", "/1.1/media/subtitles/delete.json", "{}", "Content-Type", "application/json")
	if _, remaining, _ := old.rate(); old.status != http.StatusTooManyRequests || remaining != 0 || !strings.Contains(string(old.body), `"code":88`) {
		t.Errorf("version 1.1: %d, %d left: %s", old.status, remaining, old.body)
	}
	// The same user with another token is the same user; another one isn't, nor is
	// another endpoint.
	if a := c.as(s.token("1")).detach(); a.status != http.StatusTooManyRequests {
		t.Errorf("with another token: %d", a.status)
	}
	if a := c.as(stranger).detach(); a.status != http.StatusBadRequest {
		t.Errorf("another user: %d", a.status)
	}
	if _, remaining, _ := c.call("POST", "/2/media/subtitles", "{}", "Content-Type", "application/json").rate(); remaining != 99 {
		t.Errorf("another endpoint has %d left", remaining)
	}
	// A large body is read before it is refused.
	large := c.call("DELETE", "/2/media/subtitles", bytes.Repeat([]byte(" "), 4<<20), "Content-Type", "application/json", "Connection", "close")
	large.refused(http.StatusTooManyRequests)

	// They are not kept: a restart begins anew.
	s.kill()
	s.run()
	if a := c.detach(); a.status != http.StatusBadRequest {
		t.Errorf("after a restart: %d", a.status)
	}
}

// Requests at the same time are counted each, once.
func TestRateLimitsTogether(t *testing.T) {
	t.Parallel()
	c := start(t, "--rate-limits", "x").client()
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses, left := map[int]int{}, map[int]int{}
	for range 8 {
		wg.Go(func() {
			for range 16 {
				a := c.detach()
				_, remaining, _ := a.rate()
				mu.Lock()
				statuses[a.status]++
				if a.status == http.StatusBadRequest {
					left[remaining]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if statuses[http.StatusBadRequest] != 100 || statuses[http.StatusTooManyRequests] != 28 || len(left) != 100 {
		t.Errorf("statuses %v, %d different numbers left", statuses, len(left))
	}
}

// Every answer of the API has the headers, with limits and without, whatever
// became of the request; X's numbers are in them.
func TestRateHeaders(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"off", "x"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := start(t, "--rate-limits", mode).client()
			for _, e := range []struct {
				method, path string
				limit        int
			}{
				{"POST", "/2/media/upload", 500},
				{"GET", "/2/media/upload?media_id=5", 1000},
				{"POST", "/2/media/upload/initialize", 1875},
				{"POST", "/2/media/upload/5/append", 1875},
				{"POST", "/2/media/upload/5/finalize", 1875},
				{"POST", "/2/media/metadata", 500},
				{"POST", "/2/media/subtitles", 100},
				{"DELETE", "/2/media/subtitles", 100},
				{"GET", "/2/media?media_keys=3_1", 900},
				{"GET", "/2/media/3_1", 900},
				{"GET", "/2/media/analytics?media_keys=3_1", 300},
				{"POST", "/1.1/media/upload.json", 500},
				{"GET", "/1.1/media/upload.json?command=STATUS&media_id=5", 1000},
				{"POST", "/1.1/media/metadata/create.json", 500},
				{"POST", "/1.1/media/subtitles/create.json", 100},
				{"POST", "/1.1/media/subtitles/delete.json", 100},
				{"GET", "/2/nothing", 900},
				{"PUT", "/2/media/upload", 900},
			} {
				for _, token := range []string{secret, "nobody"} {
					now := time.Now()
					a := c.as(token).call(e.method, e.path, nil)
					limit, remaining, reset := a.rate()
					if limit != e.limit || remaining > limit || mode == "off" && remaining != limit || reset.Before(now) || reset.After(now.Add(16*time.Minute)) {
						t.Errorf("%s %s: status %d, %d of %d until %s", e.method, e.path, a.status, remaining, limit, reset)
					}
				}
			}
			// Pages of browsers may read them.
			a := c.call("GET", "/2/media/3_1", nil, "Origin", "https://app.example")
			for _, name := range []string{"X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset", "Retry-After"} {
				if !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), name) {
					t.Errorf("%s is not exposed: %v", name, a.header)
				}
			}
		})
	}
}

// sdkRate is the SDK's rateLimit.
type sdkRate struct{ Limit, Remaining, Reset int64 }

// asksBySDK looks a media up with twitter-api-v2 count times.
func (c client) asksBySDK(count int) (got struct {
	Asked       int
	First, Last sdkRate
	Refusal     *struct {
		Code           int
		RateLimitError bool
		RateLimit      sdkRate
		Title          string
	}
},
) {
	c.t.Helper()
	var errs bytes.Buffer
	cmd := exec.CommandContext(c.t.Context(), "node", "clients/rates.mjs", c.url, c.token, "3_1", fmt.Sprint(count))
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		c.t.Fatalf("node clients/rates.mjs: %v\n%s", err, errs.String())
	}
	if err := json.Unmarshal(out, &got); err != nil {
		c.t.Fatalf("%v: %s", err, out)
	}
	return got
}

// What an SDK makes of the headers, and of the 429.
func TestSDKReadsRateLimits(t *testing.T) {
	t.Parallel()
	got := start(t, "--rate-limits", "x").client().asksBySDK(1000)
	if got.Asked != 900 || got.First.Limit != 900 || got.First.Remaining != 899 || got.Last.Remaining != 0 || got.First.Reset != got.Last.Reset {
		t.Errorf("%+v", got)
	}
	if r := got.Refusal; r == nil || r.Code != 429 || !r.RateLimitError || r.RateLimit.Remaining != 0 || r.RateLimit.Reset != got.First.Reset || r.Title != "Too Many Requests" {
		t.Errorf("refused by %+v", r)
	}
	// Without limits it finds them all the same, and never reaches them.
	got = start(t).client().asksBySDK(3)
	if got.Asked != 3 || got.Refusal != nil || got.Last.Limit != 900 || got.Last.Remaining != 900 || got.Last.Reset < time.Now().Unix() {
		t.Errorf("without limits: %+v", got)
	}
}

func TestBadRateLimits(t *testing.T) {
	t.Parallel()
	for _, v := range []string{"on", "X", "100"} {
		prepare(t, "--rate-limits="+v).fails("--rate-limits", v, "off, x")
	}
}
