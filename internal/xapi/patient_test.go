package xapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

// timed is a response that notes the deadlines, over a clock of its own.
type timed struct {
	*httptest.ResponseRecorder
	clock time.Time
	read  time.Time
	write time.Time
	sets  int // of the read deadline
}

func newTimed() *timed {
	return &timed{ResponseRecorder: httptest.NewRecorder(), clock: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
}

func (w *timed) SetReadDeadline(t time.Time) error  { w.read = t; w.sets++; return nil }
func (w *timed) SetWriteDeadline(t time.Time) error { w.write = t; return nil }
func (w *timed) now() time.Time                     { return w.clock }

// patience is that of the tests: a minute, and 1,000 bytes a second.
func (w *timed) patience() Patience {
	return Patience{Stall: time.Minute, MinRate: 1000, Now: w.now}
}

// take makes a request with a body, patiently.
func (w *timed) take(p Patience, body io.Reader) (*patientWriter, *http.Request) {
	r := httptest.NewRequest(http.MethodPost, "/2/media/upload", body)
	return p.take(w, r), r
}

func TestPatientBodyHasNoDeadlineAfterItsEnd(t *testing.T) {
	w := newTimed()
	_, r := w.take(w.patience(), strings.NewReader("segment"))
	if _, err := io.ReadFull(r.Body, make([]byte, 3)); err != nil || w.read.IsZero() {
		t.Errorf("within the body: deadline %v, %v", w.read, err)
	}
	if _, err := io.ReadAll(r.Body); err != nil || !w.read.IsZero() {
		t.Errorf("behind the body: deadline %v, %v", w.read, err)
	}
}

// A body that nobody reads has a deadline too: the server reads what is left of
// it before it closes the connection, and would wait for ever.
func TestABodyThatNobodyReadsHasADeadline(t *testing.T) {
	w := newTimed()
	w.patience().Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	})).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", strings.NewReader("x")))
	if want := w.clock.Add(time.Minute); !w.read.Equal(want) || !w.write.Equal(want) {
		t.Errorf("deadlines %v and %v, want %v", w.read, w.write, want)
	}
}

// pace is a client that sends n bytes after a while, over and over.
type pace struct {
	after time.Duration
	n     int
}

// paced is the body of such a client, for so many rounds, on a connection that
// keeps deadlines.
type paced struct {
	w      *timed
	client []pace
	rounds int
	turn   int
}

func (p *paced) Read(b []byte) (int, error) {
	if p.turn == p.rounds*len(p.client) {
		return 0, io.EOF
	}
	next := p.client[p.turn%len(p.client)]
	p.turn++
	if at := p.w.clock.Add(next.after); at.After(p.w.read) {
		p.w.clock = p.w.read
		return 0, fmt.Errorf("read tcp: %w", os.ErrDeadlineExceeded)
	}
	p.w.clock = p.w.clock.Add(next.after)
	return min(next.n, len(b)), nil
}

func TestPatience(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	for _, c := range []struct {
		name   string
		client []pace
		rounds int
		rate   int64
		ends   time.Duration // after which it is let go; 0 where it comes to its end
	}{
		{"10 KB/s for three hours", []pace{{100 * ms, 1000}}, 108_000, 1000, 0},
		{"as slow as may be, for a day", []pace{{s, 1000}}, 86_400, 1000, 0},
		{"a fast phone that pauses for 30 s", []pace{{10 * ms, 64 << 10}, {30 * s, 1}, {s, 64 << 10}}, 100, 1000, 0},
		{"2 KB/s, and a pause of 30 s every minute", append(make([]pace, 0), repeat(pace{s, 2000}, 30, pace{30 * s, 0})...), 100, 1000, 0},
		{"nothing at all", []pace{{time.Hour, 0}}, 1, 1000, 60 * s},
		{"a fast one that stops", []pace{{10 * ms, 64 << 10}, {10 * ms, 64 << 10}, {time.Hour, 1}}, 1, 1000, 60 * s},
		{"a byte a second", []pace{{s, 1}}, 1000, 1000, 60 * s},
		{"a byte every 50 s", []pace{{50 * s, 1}}, 1000, 1000, 60 * s},
		{"nine tenths of the rate", []pace{{s, 900}}, 1000, 1000, 600 * s},
		{"a byte every 50 s, where no rate is asked for", []pace{{50 * s, 1}}, 1000, 0, 0},
		{"a byte every 61 s, where no rate is asked for", []pace{{61 * s, 1}}, 1000, 0, 60 * s},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newTimed()
			began := w.clock
			_, r := w.take(Patience{Stall: time.Minute, MinRate: c.rate, Now: w.now}, &paced{w: w, client: c.client, rounds: c.rounds})
			_, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 64<<10))
			took := w.clock.Sub(began)
			switch {
			case c.ends == 0 && err != nil:
				t.Errorf("let go after %s: %v", took, err)
			case c.ends > 0 && (media.CodeOf(err) != media.CodeTooSlow || took > c.ends+s || took < c.ends*17/20):
				t.Errorf("ended after %s, want %s: %v", took, c.ends, err)
			}
			if most := int(took/(2*s)) + 30; w.sets > most {
				t.Errorf("the deadline was set %d times in %s", w.sets, took)
			}
			if _, again := r.Body.Read(make([]byte, 1)); err != nil && again != err {
				t.Errorf("read again: %v", again)
			}
		})
	}
}

// What comes slowly is read in larger pieces, which costs it nothing; as soon as
// it comes fast it is read as it comes.
func TestSlowBodiesGather(t *testing.T) {
	w := newTimed()
	p := w.patience()
	slept := 0
	p.Sleep = func(d time.Duration) { slept++; w.clock = w.clock.Add(d) }
	client := &paced{w: w, client: []pace{{50 * time.Millisecond, 500}}, rounds: 1}
	_, r := w.take(p, client)
	read := func(rounds, size int) (sleeps int) {
		before := slept
		client.rounds = client.turn/len(client.client) + rounds
		for range rounds {
			if n, err := r.Body.Read(make([]byte, size)); err != nil || n == 0 {
				t.Fatalf("%d bytes, %v", n, err)
			}
		}
		return slept - before
	}
	if n := read(39, 4000); n != 0 {
		t.Errorf("%d of the first reads, of two seconds, were put off", n)
	}
	if n := read(100, 4000); n < 90 {
		t.Errorf("%d of 100 reads were put off", n)
	}
	client.client = []pace{{time.Millisecond, 4000}} // it fills what it is read into
	client.turn = 0
	if n := read(3000, 4000); n > 1 {
		t.Errorf("%d reads of a fast one were put off", n)
	}
	client.client, client.turn = []pace{{time.Millisecond, 1000}}, 0
	if n := read(1000, 4000); n != 0 {
		t.Errorf("%d reads of a fast one in small pieces were put off", n)
	}
}

// repeat is n times one pace, and then another.
func repeat(p pace, n int, last pace) []pace {
	var all []pace
	for range n {
		all = append(all, p)
	}
	return append(all, last)
}

// The deadline is never later than what the client has to spare, and never much
// earlier. What the server takes between two reads is not the client's.
func TestPatientBodyArms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newTimed()
		p := w.patience()
		p.MinRate = rapid.Int64Range(0, 5000).Draw(t, "rate")
		client := &paced{w: w, rounds: 1}
		pw, r := w.take(p, client)
		for i := range rapid.IntRange(1, 30).Draw(t, "reads") {
			next := pace{time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond, rapid.IntRange(1, 30_000).Draw(t, "n")}
			client.client = append(client.client, next)
			w.clock = w.clock.Add(time.Duration(rapid.IntRange(0, 100).Draw(t, "server")) * time.Second)
			before, at := pw.body.spare, w.clock
			n, err := r.Body.Read(make([]byte, 1<<16))
			left := w.read.Sub(at)
			if left > before || left < before-before/8 && before > 0 {
				t.Fatalf("read %d waited for %s at most, of %s to spare", i, left, before)
			}
			if err == nil && n != next.n || err != nil && next.after < left {
				t.Fatalf("read %d: %d bytes, %v, after %s of %s", i, n, err, next.after, left)
			}
			if err != nil {
				return
			}
			if spare := pw.body.spare; spare > p.Stall || p.MinRate == 0 && spare != p.Stall {
				t.Fatalf("%s to spare", spare)
			}
		}
	})
}

// Whatever a reader made of a body that came too slowly, the client is told, in
// the shape of its dialect, and the connection is closed. It keeps its deadline.
func TestTooSlowIsTold(t *testing.T) {
	for path, want := range map[string]string{
		"/2/media/upload": `"title":"Request Timeout"`, v1UploadPath: `"error":"The request body came too slowly`, "/magpie/v1/media/1": `"code":408`,
	} {
		w := newTimed()
		r := httptest.NewRequest(http.MethodPost, path, &paced{w: w, client: []pace{{time.Hour, 1}}, rounds: 1})
		p := w.patience().take(w, r)
		_, err := io.ReadAll(r.Body)
		deadline := w.read
		WriteProblem(slog.New(slog.DiscardHandler), maxSegment)(p, r, media.Invalid("body", "broke off: %s", err))
		if w.Code != http.StatusRequestTimeout || !strings.Contains(w.Body.String(), want) || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		if !w.read.Equal(deadline) {
			t.Errorf("%s: the deadline moved to %v", path, w.read)
		}
	}
}

// A reader of small bodies may set an earlier deadline, and take it back.
func TestAnotherDeadlineHoldsBesidePatience(t *testing.T) {
	w := newTimed()
	began := w.clock
	pw, r := w.take(w.patience(), &paced{w: w, client: []pace{{time.Second, 5000}}, rounds: 1000})
	control := http.NewResponseController(pw)
	if err := control.SetReadDeadline(w.clock.Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, err := io.Copy(io.Discard, r.Body)
	if took := w.clock.Sub(began); media.CodeOf(err) != media.CodeTooSlow || took != 30*time.Second || !strings.Contains(err.Error(), "a small one") {
		t.Errorf("after %s: %v", took, err)
	}
	w = newTimed()
	pw, r = w.take(w.patience(), strings.NewReader("{}"))
	control = http.NewResponseController(pw)
	_ = control.SetReadDeadline(w.clock.Add(30 * time.Second))
	_, _ = io.ReadAll(r.Body)
	_ = control.SetReadDeadline(time.Time{})
	if !w.read.IsZero() {
		t.Errorf("deadline %v", w.read)
	}
}

// counted is an endless body that counts what is read of it.
type counted struct{ n int64 }

func (c *counted) Read(p []byte) (int, error) { c.n += int64(len(p)); return len(p), nil }
func (*counted) Close() error                 { return nil }

func TestErrorsComeAfterTheBodyWithinBounds(t *testing.T) {
	const segment = 80 << 20
	for expect, most := range map[string]int64{"": segment + 1<<20, "100-continue": 0} {
		body := &counted{}
		r := httptest.NewRequest(http.MethodPost, "/2/media/upload", body)
		r.Header.Set("Expect", expect)
		w := httptest.NewRecorder()
		WriteProblem(slog.New(slog.DiscardHandler), segment)(w, r, media.Invalid("media", "is wrong"))
		if w.Code != http.StatusBadRequest || body.n < most || body.n > most+1<<20 {
			t.Errorf("Expect %q: status %d after %d bytes, want about %d", expect, w.Code, body.n, most)
		}
	}
}

// A body that breaks off, or a client that closes its side, takes the
// connection's context along. What then fails for want of it is their doing.
func TestABrokenBodyIsTheClientsFault(t *testing.T) {
	for broken, words := range map[error]string{
		io.ErrUnexpectedEOF: "The request body broke off before its end",
		io.EOF:              "keep your side open until the answer has come",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/2/media/upload", iotest.ErrReader(broken))
		w := newTimed()
		p := w.patience().take(w, r)
		_, _ = io.ReadAll(r.Body)
		cancel()
		WriteProblem(slog.New(slog.DiscardHandler), maxSegment)(p, r, fmt.Errorf("begin: %w", ctx.Err()))
		answer{w.ResponseRecorder, t}.refused(http.StatusBadRequest, words)
	}
}
