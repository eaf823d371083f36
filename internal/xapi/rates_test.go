package xapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/auth"
	"magpie/internal/media"
)

// counter is rates with a clock that a test sets.
type counter struct {
	*rates
	t     *testing.T
	clock time.Time
}

func newCounter(t *testing.T, on bool) *counter {
	c := &counter{t: t, clock: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)}
	c.rates = newRates(on, func() time.Time { return c.clock })
	return c
}

// taken makes a request and gives its three headers, and whether it was refused.
func (c *counter) taken(l limit, who auth.Identity) (headers string, refused bool) {
	c.t.Helper()
	h := http.Header{}
	err := c.take(h, l, who)
	if code := media.CodeOf(err); err != nil && code != media.CodeRateLimited {
		c.t.Errorf("refused with %s: %v", code, err)
	}
	return c.text(h), err != nil
}

// text is limit, remaining, and the seconds from now to reset.
func (c *counter) text(h http.Header) string {
	c.t.Helper()
	var reset int64
	if _, err := fmt.Sscan(h.Get("X-Rate-Limit-Reset"), &reset); err != nil {
		c.t.Errorf("%v in %v", err, h)
	}
	return fmt.Sprintf("%s %s %g", h.Get("X-Rate-Limit-Limit"), h.Get("X-Rate-Limit-Remaining"), time.Unix(reset, 0).Sub(c.clock).Seconds())
}

func (c *counter) is(l limit, who auth.Identity, headers string, refused bool) {
	c.t.Helper()
	if got, no := c.taken(l, who); got != headers || no != refused {
		c.t.Errorf("%q, refused %v; want %q, %v", got, no, headers, refused)
	}
}

func TestWindowOfAUser(t *testing.T) {
	c := newCounter(t, true)
	one, other := auth.Identity{User: "1", Token: "a"}, auth.Identity{User: "2", Token: "b"}
	c.is(limitSubtitles, one, "100 99 900", false)
	c.clock = c.clock.Add(userWindow - time.Nanosecond)
	for range 98 {
		c.taken(limitSubtitles, one)
	}
	// The last instant of the window, and its last request. The full second comes after it.
	if got, no := c.taken(limitSubtitles, one); no || !strings.HasPrefix(got, "100 0 ") {
		t.Errorf("%q, refused %v", got, no)
	}
	h := http.Header{}
	err := c.take(h, limitSubtitles, one)
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeRateLimited || e.RetryAfter != time.Nanosecond {
		t.Fatalf("%v", err)
	}
	if want := "The user has made 100 requests to this endpoint, which is all that it may in 15m0s; the next can be made at 2026-11-21T10:15:00Z."; e.Detail != want {
		t.Errorf("%q", e.Detail)
	}
	if want := fmt.Sprint(time.Date(2026, 11, 21, 10, 15, 0, 0, time.UTC).Unix()); h.Get("X-Rate-Limit-Reset") != want {
		t.Errorf("reset %s, want %s", h.Get("X-Rate-Limit-Reset"), want)
	}

	// Another user, and another limit of the same user.
	c.clock = c.clock.Add(-time.Second + time.Nanosecond)
	c.is(limitSubtitles, other, "100 99 900", false)
	c.is(limitNoSubtitles, one, "100 99 900", false)

	// At its end the window is a new one, and begins with a request, not before.
	c.clock = c.clock.Add(time.Second)
	c.clock = c.clock.Add(time.Hour)
	c.is(limitSubtitles, one, "100 99 900", false)
}

func TestWindowEndsExactly(t *testing.T) {
	c := newCounter(t, true)
	who := auth.Identity{User: "1"}
	for range 100 {
		c.taken(limitSubtitles, who)
	}
	c.clock = c.clock.Add(userWindow - time.Second)
	c.is(limitSubtitles, who, "100 0 1", true)
	c.clock = c.clock.Add(time.Second)
	c.is(limitSubtitles, who, "100 99 900", false)
}

// Those who are refused and go on asking are let in when the others are.
func TestRefusedRequestsDoNotCount(t *testing.T) {
	c := newCounter(t, true)
	who := auth.Identity{User: "1", Client: "app"}
	for range 500 {
		c.taken(limitSubtitles, who)
	}
	_, app := keys(limitSubtitles, who)
	if used, _ := c.apps.look(app, c.clock); used != 100 {
		t.Errorf("the app's window counted %d, want 100", used)
	}
	c.clock = c.clock.Add(userWindow)
	c.is(limitSubtitles, who, "100 99 900", false)
}

func TestWindowOfAnApp(t *testing.T) {
	c := newCounter(t, true)
	user := 0
	next := func() auth.Identity { user++; return auth.Identity{User: fmt.Sprint(user / 90), Client: "app"} }
	for range 9_900 {
		if got, no := c.taken(limitSubtitles, next()); no {
			t.Fatalf("request %d was refused: %s", user, got)
		}
	}
	// From here on the app has less left than the user.
	for left := 99; left >= 0; left-- {
		who := auth.Identity{User: fmt.Sprint(1000 + left), Client: "app"}
		want := fmt.Sprintf("10000 %d 86400", left)
		if left == 99 {
			want = "100 99 900" // as much left as the user has
		}
		c.is(limitSubtitles, who, want, false)
	}
	c.is(limitSubtitles, auth.Identity{User: "fresh", Client: "app"}, "10000 0 86400", true)
	c.is(limitSubtitles, auth.Identity{User: "fresh", Client: "other"}, "100 99 900", false)
	c.clock = c.clock.Add(appWindow - time.Second)
	c.is(limitSubtitles, auth.Identity{User: "fresh", Client: "app"}, "10000 0 1", true)
	c.clock = c.clock.Add(time.Second)
	c.is(limitSubtitles, auth.Identity{User: "fresh", Client: "app"}, "100 99 900", false)
}

// Who counts as whom.
func TestHolders(t *testing.T) {
	for _, c := range []struct {
		name      string
		a, b      auth.Identity
		user, app bool // they share the window
	}{
		{"one token twice", auth.Identity{User: "1", Token: "a"}, auth.Identity{User: "1", Token: "a"}, true, true},
		{"two tokens that an operator made", auth.Identity{User: "1", Token: "a"}, auth.Identity{User: "1", Token: "b"}, true, false},
		{"two tokens of one app", auth.Identity{User: "1", Token: "a", Client: "c"}, auth.Identity{User: "1", Token: "b", Client: "c"}, true, true},
		{"two users of one app", auth.Identity{User: "1", Client: "c"}, auth.Identity{User: "2", Client: "c"}, false, true},
		{"one user's two apps", auth.Identity{User: "1", Client: "c"}, auth.Identity{User: "1", Client: "d"}, true, false},
		{"an app and its owner", auth.Identity{User: "1", Client: "c", AppOnly: true}, auth.Identity{User: "1", Client: "c"}, false, true},
		{"an app and a user called alike", auth.Identity{User: "1", Client: "7", AppOnly: true}, auth.Identity{User: "7", Client: "8"}, false, false},
		{"a client and a token called alike", auth.Identity{User: "1", Client: "7"}, auth.Identity{User: "2", Token: "7"}, false, false},
	} {
		aUser, aApp := keys(limitLookup, c.a)
		bUser, bApp := keys(limitLookup, c.b)
		if (aUser == bUser) != c.user || (aApp == bApp) != c.app {
			t.Errorf("%s: the user's window is shared: %v, the app's: %v", c.name, aUser == bUser, aApp == bApp)
		}
	}
	if user, _ := keys(limitLookup, auth.Identity{User: "1"}); user.limit != limitLookup {
		t.Error("the limit is not in the key")
	}
}

func TestShowCountsNothing(t *testing.T) {
	c := newCounter(t, true)
	who := auth.Identity{User: "1"}
	c.is(limitSubtitles, who, "100 99 900", false)
	for _, nobody := range []auth.Identity{who, {}} {
		for range 200 {
			c.show(http.Header{}, limitSubtitles, nobody)
		}
	}
	h := http.Header{}
	if c.show(h, limitSubtitles, auth.Identity{}); c.text(h) != "100 100 900" {
		t.Errorf("nobody is shown %s", c.text(h))
	}
	c.is(limitSubtitles, who, "100 98 900", false)
	if len(c.users.open) != 1 {
		t.Errorf("%d windows are open", len(c.users.open))
	}
}

func TestRatesOff(t *testing.T) {
	c := newCounter(t, false)
	for range 1000 {
		c.is(limitSubtitles, auth.Identity{User: "1"}, "100 100 900", false)
	}
	if len(c.users.open)+len(c.apps.open) > 0 {
		t.Error("something is counted")
	}
}

// An upload that begins by another protocol counts as an initialize.
func TestBeginCounts(t *testing.T) {
	c := newCounter(t, true)
	a, who := &API{rates: c.rates}, auth.Identity{User: "1", Token: "t"}
	for left := 1874; left >= 0; left-- {
		h := http.Header{}
		if left%2 == 0 {
			c.is(limitInitialize, who, fmt.Sprintf("1875 %d 900", left), false)
		} else if err := a.Begin(h, who); err != nil || c.text(h) != fmt.Sprintf("1875 %d 900", left) {
			t.Fatalf("%d left: %v %v", left, err, h)
		}
	}
	if err := a.Begin(http.Header{}, who); media.CodeOf(err) != media.CodeRateLimited {
		t.Errorf("past the limit: %v", err)
	}
	h := http.Header{}
	off := &API{rates: newCounter(t, false).rates}
	if err := off.Begin(h, who); err != nil || len(h) > 0 {
		t.Errorf("without limits: %v %v", err, h)
	}
}

// Requests at once are counted each, once.
func TestRatesTogether(t *testing.T) {
	c := newCounter(t, true)
	var let atomic.Int64
	var wg sync.WaitGroup
	left := make([]atomic.Int64, 500)
	for g := range 16 {
		wg.Go(func() {
			for range 100 {
				h := http.Header{}
				if c.take(h, limitMetadata, auth.Identity{User: "1", Token: fmt.Sprint(g)}) == nil {
					let.Add(1)
					var n int
					_, _ = fmt.Sscan(h.Get("X-Rate-Limit-Remaining"), &n)
					left[n].Add(1)
				}
				c.show(h, limitMetadata, auth.Identity{User: fmt.Sprint(g)})
			}
		})
	}
	wg.Wait()
	if let.Load() != 500 {
		t.Errorf("%d requests were let through, want 500", let.Load())
	}
	for n := range left {
		if left[n].Load() != 1 {
			t.Fatalf("%d requests were told that %d are left", left[n].Load(), n)
		}
	}
}

// A flood of users takes no more room than the bound; whoever is idle takes none.
func TestWindowsAreBounded(t *testing.T) {
	c := newCounter(t, true)
	c.users.most, c.apps.most = 50, 20
	for n := range 10_000 {
		c.clock = c.clock.Add(time.Millisecond)
		if got, no := c.taken(limitLookup, auth.Identity{User: fmt.Sprint(n), Token: "t"}); no || !strings.HasPrefix(got, "900 899 ") {
			t.Fatalf("request %d: %s, refused %v", n, got, no)
		}
		if len(c.users.open) > 50 || len(c.users.queue) != len(c.users.open) || len(c.apps.open) > 20 {
			t.Fatalf("%d windows, %d in the queue, %d of apps", len(c.users.open), len(c.users.queue), len(c.apps.open))
		}
	}
	// The oldest went, not the newest.
	if key, _ := keys(limitLookup, auth.Identity{User: "9950", Token: "t"}); c.users.open[key] == nil {
		t.Error("a window was forgotten before older ones")
	}
	c.clock = c.clock.Add(userWindow)
	c.is(limitLookup, auth.Identity{User: "1", Token: "t"}, "900 899 900", false)
	if len(c.users.open) != 1 || len(c.users.queue) != 1 {
		t.Errorf("%d idle windows are kept", len(c.users.open)-1)
	}
	// An app's window outlives those of its users.
	if _, key := keys(limitLookup, auth.Identity{User: "1", Token: "t"}); c.apps.open[key].used != 10_001 {
		t.Errorf("the app's window has counted %d", c.apps.open[key].used)
	}
}

// Every answer of the API has the headers; only those of callers who may ask
// are counted.
func TestRateHeaders(t *testing.T) {
	s := newServer(t)
	s.api.rates = newRates(true, func() time.Time { return s.clock })
	is := func(a answer, status int, headers string) {
		t.Helper()
		h := a.Header()
		got := strings.Join([]string{h.Get("X-Rate-Limit-Limit"), h.Get("X-Rate-Limit-Remaining"), h.Get("X-Rate-Limit-Reset")}, " ")
		if want := headers + fmt.Sprint(" ", s.clock.Add(userWindow).Unix()); a.Code != status || got != want {
			t.Errorf("status %d, %q; want %d, %q: %s", a.Code, got, status, want, a.Body)
		}
	}
	is(s.call("GET", "/2/media/3_1", nil), 404, "900 899")
	is(s.call("GET", "/2/media/3_1", nil, "Authorization", ""), 401, "900 900")
	is(s.call("GET", "/2/media/3_1", nil, "Authorization", "Bearer "+s.token(auth.Grant{User: owner, Scopes: []string{auth.MediaWrite}})), 403, "900 899")
	is(s.call("GET", "/2/media/3_1?media.fields=nonsense", nil), 400, "900 898")
	is(s.call("GET", "/2/media?media_keys=3_1", nil), 200, "900 899")
	is(s.call("POST", "/2/media/upload/initialize", map[string]any{}), 200, "1875 1874")
	is(s.call("POST", "/2/media/upload?command=INIT", nil), 202, "500 499")
	is(s.call("POST", "/2/media/upload?command=nonsense", nil), 400, "500 498")
	is(s.call("POST", "/2/media/upload/5/append", nil), 404, "1875 1874")
	is(s.call("POST", "/2/media/upload/5/finalize", nil), 404, "1875 1874")
	is(s.call("GET", "/2/media/upload?media_id=5", nil), 400, "1000 999")
	is(s.call("POST", "/2/media/metadata", "{}", "Content-Type", jsonKind), 400, "500 499")
	is(s.call("GET", "/2/nothing", nil), 404, "900 900")
	is(s.call("PUT", "/2/media/upload", nil), 405, "900 900")
}

func TestTooManyRequests(t *testing.T) {
	s := newServer(t)
	s.api.rates = newRates(true, func() time.Time { return s.clock })
	for range 500 {
		s.call("POST", "/2/media/metadata", "{}", "Content-Type", jsonKind).refused(400)
	}
	s.clock = s.clock.Add(time.Minute + time.Millisecond)
	body := strings.NewReader(strings.Repeat(" ", 1<<20))
	r := s.request("POST", "/2/media/metadata", body, "Content-Type", jsonKind)
	w := answer{httptest.NewRecorder(), t}
	s.api.ServeHTTP(w, r)
	w.refused(http.StatusTooManyRequests, "The user has made 500 requests", "2026-11-21T10:15:00Z")
	if h := w.Header(); h.Get("Retry-After") != "840" || h.Get("X-Rate-Limit-Remaining") != "0" || h.Get("X-Rate-Limit-Limit") != "500" {
		t.Errorf("%v", h)
	}
	for _, part := range []string{`"title":"Too Many Requests"`, `"detail":"Too Many Requests"`, `"type":"about:blank"`, `"status":429`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("%s lacks %s", w.Body, part)
		}
	}
	if body.Len() > 0 {
		t.Errorf("%d bytes of the body were left unread", body.Len())
	}
	// Another user goes on.
	name, value := s.as(stranger)
	s.call("POST", "/2/media/metadata", "{}", "Content-Type", jsonKind, name, value).refused(400)
}
