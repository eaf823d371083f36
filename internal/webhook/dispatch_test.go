package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
	"magpie/internal/trace"
)

// rig is a dispatcher over a real catalogue, with a clock that is set.
type rig struct {
	t       *testing.T
	mu      sync.Mutex
	clock   time.Time
	catalog *catalog.Catalog
	d       *Dispatcher
}

const (
	owner  = "2244994945"
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, clock: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)}
	var err error
	if r.catalog, err = catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.catalog.Close() })
	r.d = New(Config{
		Catalog: r.catalog, Now: r.now, Random: rand.NewChaCha8([32]byte{1}), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Open: func(id int64, sealed string) (string, error) {
			if sealed != fmt.Sprintf("sealed %d", id) {
				return "", errors.New("another's")
			}
			return secret, nil
		},
		Targets: Targets{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Timeout: time.Minute, // but where silence is the point
	})
	return r
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

// hook makes a webhook with a test that is due.
func (r *rig) hook(id int64, url string) {
	r.t.Helper()
	made, err := r.catalog.CreateWebhook(r.t.Context(), catalog.Webhook{
		ID: id, Owner: owner, URL: url, Secret: fmt.Sprintf("sealed %d", id), Kinds: catalog.EventKinds(), Status: catalog.WebhookActive,
	}, 100)
	if err != nil || !made {
		r.t.Fatal(made, err)
	}
	r.test(id)
}

func (r *rig) test(id int64) {
	r.t.Helper()
	if _, made, err := r.catalog.TestWebhook(r.t.Context(), owner, id, r.now()); err != nil || !made {
		r.t.Fatal(made, err)
	}
}

func (r *rig) last(id int64) catalog.Delivery {
	r.t.Helper()
	all, err := r.catalog.Deliveries(r.t.Context(), owner, id, 0, 1)
	if err != nil || len(all) != 1 {
		r.t.Fatal(all, err)
	}
	return all[0]
}

func receiver(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// TestTracePassesOn: a message says the trace of whoever made its event come about,
// each try as a step of its own, and none where there was none.
func TestTracePassesOn(t *testing.T) {
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	r := newRig(t)
	var got http.Header
	status := http.StatusOK
	r.hook(1, receiver(t, func(w http.ResponseWriter, q *http.Request) {
		got = q.Header.Clone()
		w.WriteHeader(status)
	}))
	r.d.try(t.Context(), 1)
	if got == nil || got.Get("traceparent") != "" || got.Get("tracestate") != "" {
		t.Errorf("of no trace: %v", got)
	}
	said, ok := trace.Read([]string{parent}, []string{"a=b c,d=e"})
	if !ok {
		t.Fatal("not read")
	}
	if _, made, err := r.catalog.TestWebhook(trace.With(t.Context(), &said), owner, 1, r.now()); err != nil || !made {
		t.Fatal(made, err)
	}
	status = http.StatusServiceUnavailable
	steps := map[string]bool{said.Span(): true}
	for range 2 {
		r.d.try(t.Context(), 1)
		step, ok := trace.Read(got.Values("traceparent"), got.Values("tracestate"))
		if !ok || step.ID() != said.ID() || step.State() != "a=b c,d=e" || steps[step.Span()] {
			t.Errorf("%v after %v", got, steps)
		}
		steps[step.Span()] = true
		r.pass(time.Hour)
	}
	if last := r.last(1); last.Event.Trace != said || last.Tries != 2 {
		t.Errorf("%+v", last)
	}
}

// A receiver that fails is asked again at growing distances, and in the end no
// more.
func TestBackoff(t *testing.T) {
	r := newRig(t)
	var asked atomic.Int32
	r.hook(1, receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "out of \x00\xff order "+strings.Repeat("x", 1<<20))
	}))
	began := r.now()
	steps := Backoff()
	for i, wait := range steps {
		if good, more := r.d.try(t.Context(), 1); good || !more {
			t.Fatalf("try %d: %v %v", i+1, good, more)
		}
		d := r.last(1)
		got := d.NextAt.Sub(r.now())
		if d.State != catalog.DeliveryWaiting || d.Tries != i+1 || got < wait || got > wait*6/5 || d.LastStatus != 500 ||
			!strings.HasPrefix(d.LastWords, "500 Internal Server Error: out of") || len([]rune(d.LastWords)) > maxWords {
			t.Fatalf("after try %d: %+v", i+1, d)
		}
		if _, more := r.d.try(t.Context(), 1); more {
			t.Fatal("tried before its time")
		}
		r.pass(got)
	}
	r.d.try(t.Context(), 1)
	if d := r.last(1); d.State != catalog.DeliveryFailed || d.Tries != len(steps)+1 || d.DoneAt.IsZero() {
		t.Errorf("in the end: %+v", d)
	}
	if span := r.now().Sub(began); span < 2*24*time.Hour || span > 4*24*time.Hour || int(asked.Load()) != len(steps)+1 {
		t.Errorf("%d tries in %s", asked.Load(), span)
	}
	if _, more := r.d.try(t.Context(), 1); more {
		t.Error("tried once more")
	}
}

// What is no answer of the kind that counts.
func TestAnswersThatDoNotCount(t *testing.T) {
	elsewhere := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	closed := httptest.NewServer(nil)
	closed.Close()
	for _, c := range []struct {
		name, url string
		h         http.HandlerFunc
		status    int
		words     string
		wait      time.Duration
	}{
		{name: "a redirect", h: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, status: 307, words: "307"},
		{name: "silence", h: func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-r.Context().Done() }, words: "no answer within 300ms"},
		{name: "nobody", url: closed.URL, words: "the connection failed"},
		{name: "not TLS", url: strings.Replace(receiver(t, nil), "http:", "https:", 1), words: "the host does not speak TLS"},
		{name: "private", url: "http://10.0.0.1/", words: errTarget.Error()},
		{name: "a wish", h: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}, status: 429, words: "429", wait: time.Hour},
	} {
		r := newRig(t)
		if c.name == "silence" {
			r.d.cfg.Timeout = 300 * time.Millisecond
		}
		url := c.url
		if c.h != nil {
			url = receiver(t, c.h)
		}
		r.hook(1, url)
		if good, more := r.d.try(t.Context(), 1); good || !more {
			t.Errorf("%s: %v %v", c.name, good, more)
		}
		d := r.last(1)
		if d.State != catalog.DeliveryWaiting || d.LastStatus != c.status || !strings.HasPrefix(d.LastWords, c.words) || d.NextAt.Sub(r.now()) < max(c.wait, 5*time.Second) {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

// Gone disables the webhook with what waits for it.
func TestGone(t *testing.T) {
	r := newRig(t)
	r.hook(1, receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }))
	r.d.try(t.Context(), 1)
	w, err := r.catalog.Webhook(t.Context(), owner, 1)
	if err != nil || w.Status != catalog.WebhookDisabled || r.last(1).State != catalog.DeliveryFailed {
		t.Errorf("%+v %+v %v", w, r.last(1), err)
	}
	r.test(1)
	if _, more := r.d.try(t.Context(), 1); more {
		t.Error("tried although it is disabled")
	}
}

// A process that dies between the claim and the answer, or hangs: nobody else
// sends before its time is over, and what it says later does not count.
func TestCrashBetweenClaimAndAnswer(t *testing.T) {
	r := newRig(t)
	r.hook(1, receiver(t, func(http.ResponseWriter, *http.Request) {}))
	_, lost, claimed, err := r.catalog.ClaimDelivery(t.Context(), 1, r.now(), r.now().Add(30*time.Second))
	if err != nil || !claimed {
		t.Fatal(claimed, err)
	}
	if _, more := r.d.try(t.Context(), 1); more {
		t.Error("two at a time")
	}
	r.pass(30 * time.Second)
	if good, more := r.d.try(t.Context(), 1); !good || !more {
		t.Errorf("after its time: %v %v", good, more)
	}
	lost.State, lost.LastWords = catalog.DeliveryFailed, "late"
	if ok, err := r.catalog.SettleDelivery(t.Context(), lost, true); ok || err != nil {
		t.Errorf("a late word: %v %v", ok, err)
	}
	if d := r.last(1); d.State != catalog.Delivered || d.Attempt != 2 || d.LastStatus != 200 {
		t.Errorf("%+v", d)
	}
	if w, err := r.catalog.Webhook(t.Context(), owner, 1); err != nil || w.Status != catalog.WebhookActive {
		t.Errorf("a late word disabled it: %+v %v", w, err)
	}
}

// A secret that can't be opened is our fault: it is tried again, and in the log.
func TestSecretOfAnotherKeyFile(t *testing.T) {
	r := newRig(t)
	r.hook(1, receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("sent") }))
	if err := r.catalog.RotateWebhookSecret(t.Context(), owner, 1, "sealed elsewhere", r.now()); err != nil {
		t.Fatal(err)
	}
	r.d.try(t.Context(), 1)
	if d := r.last(1); d.State != catalog.DeliveryWaiting || !strings.Contains(d.LastWords, "could not make") {
		t.Errorf("%+v", d)
	}
}

// A dead host has one try at a time, and the others go on meanwhile; Run ends
// with its context and leaves nothing taken.
func TestDeadHostHoldsNobodyUp(t *testing.T) {
	r := newRig(t)
	r.d.cfg.Timeout, r.d.cfg.Every = time.Minute, time.Millisecond
	var there, most atomic.Int32
	held := make(chan struct{}, 100)
	dead := receiver(t, func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.ReadAll(req.Body)
		if n := there.Add(1); n > most.Load() {
			most.Store(n)
		}
		held <- struct{}{}
		<-req.Context().Done()
		there.Add(-1)
	})
	got := make(chan string, 10)
	alive := receiver(t, func(_ http.ResponseWriter, req *http.Request) { got <- req.Header.Get("Webhook-Id") })
	for id := range int64(20) {
		r.hook(id+1, dead)
	}
	r.hook(100, alive)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.d.Run(ctx) }()
	if id := <-got; id != MessageID(r.last(100).Event) {
		t.Errorf("the one that lives got %q", id)
	}
	<-held
	stop()
	<-ended
	if most.Load() > perHost {
		t.Errorf("%d at a time at one host", most.Load())
	}
	for id := range int64(20) {
		if d := r.last(id + 1); d.State != catalog.DeliveryWaiting || !d.BusyUntil.IsZero() || !d.NextAt.Equal(r.now()) {
			t.Errorf("webhook %d: %+v", id+1, d)
		}
	}
	r.d.forget(map[string]bool{})
	if len(r.d.hosts) > 0 || r.d.total != 0 {
		t.Errorf("left behind: %v, %d", r.d.hosts, r.d.total)
	}
}

func TestFailingHostGetsOneAtATime(t *testing.T) {
	d := New(Config{})
	for range 2 {
		if !d.enter("a") {
			t.Fatal("no place for two")
		}
	}
	d.leave("a", true)
	d.leave("a", false)
	if !d.enter("a") || d.enter("a") || !d.enter("b") {
		t.Error("a failing host has more than one, or holds another up")
	}
}

func TestMessageIDs(t *testing.T) {
	e := catalog.Event{ID: 17, At: time.UnixMilli(1795342800000)}
	if id := MessageID(e); id != "evt_17_1795342800000" {
		t.Error(id)
	}
	if n, err := ParseMessageID(MessageID(e)); n != 17 || err != nil {
		t.Error(n, err)
	}
	for _, wrong := range []string{"", "evt_", "17", "17_1", "evt_17", "evt_0_1", "evt_-1_1", "evt_017_1", "evt_17_x", "evt_17_1_1", "evt_99999999999999999999_1"} {
		if _, err := ParseMessageID(wrong); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func FuzzParseMessageID(f *testing.F) {
	f.Add("evt_17_1795342800000")
	f.Add("evt_1_-1")
	f.Fuzz(func(t *testing.T, id string) {
		n, err := ParseMessageID(id)
		if err == nil && (n <= 0 || !strings.HasPrefix(id, fmt.Sprintf("evt_%d_", n))) {
			t.Errorf("%q is %d", id, n)
		}
	})
}
