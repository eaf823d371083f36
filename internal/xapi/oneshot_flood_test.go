package xapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// gated is an engine that lets one picture through for each send on open.
type gated struct {
	begun chan media.ID
	open  chan struct{}
}

func (g gated) Process(ctx context.Context, in processing.Input, out processing.Output) (media.Outcome, error) {
	g.begun <- in.Media.ID
	select {
	case <-g.open:
	case <-ctx.Done():
		return media.Outcome{}, ctx.Err()
	}
	err := out.Save(ctx, media.Rendition{Role: media.RoleImage, Name: "large.jpg", ContentType: "image/jpeg", Width: 64, Height: 48}, strings.NewReader("a picture"))
	return media.Outcome{Width: 64, Height: 48}, err
}

// oneAtATime lets many goroutines share a source of randomness.
type oneAtATime struct {
	mu sync.Mutex
	r  io.Reader
}

func (o *oneAtATime) Read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.r.Read(p)
}

// TestFloodOfPictures: with one place and one more in line, whoever comes beyond
// is told to come back, and nobody waits for a time to run out. A client that
// leaves the line frees its place.
func TestFloodOfPictures(t *testing.T) {
	s := newServer(t)
	source, err := processing.NewSource(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = source.Close() })
	g := gated{begun: make(chan media.ID, 100), open: make(chan struct{})}
	worker, err := processing.NewWorker(processing.Config{Scratch: t.TempDir(), Touch: time.Hour}, s.catalog, s.blobs,
		map[media.Kind]processing.Engine{media.KindImage: g}, source, func() time.Time { return s.clock }, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.now = processing.NewAdmission(worker, 1, 1).Run

	answers := make(chan answer, 100)
	post := func(ctx context.Context) {
		r := s.request("POST", "/2/media/upload", form("media", png(), "media_category", "tweet_image"), "Content-Type", formKind).WithContext(ctx)
		go func() { answers <- s.serve(r) }()
	}
	turnedAway := func(n int) {
		t.Helper()
		for range n {
			a := <-answers
			a.refused(http.StatusServiceUnavailable, "as many files as it can")
			if a.Header().Get("Retry-After") != "1" {
				t.Errorf("Retry-After: %q", a.Header().Get("Retry-After"))
			}
		}
	}
	done := func(n int) {
		t.Helper()
		for range n {
			g.open <- struct{}{}
		}
		for range n {
			a := <-answers
			if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"w":64`) {
				t.Errorf("who had a place: %d %s", a.Code, a.Body)
			}
		}
	}

	const flood = 12
	for range flood {
		post(t.Context())
	}
	turnedAway(flood - 2) // while nothing is let through, and so nothing ends
	done(2)

	post(t.Context())
	for range 3 {
		<-g.begun // it has the place
	}
	ctx, leave := context.WithCancel(t.Context())
	post(ctx)
	post(ctx)
	turnedAway(1) // the other is in line
	leave()
	<-answers
	post(t.Context())
	post(t.Context())
	turnedAway(1) // and here, too, one has found the line free
	done(2)
	if len(s.queued) != 1 { // what was in line is made later, though nobody waits for it
		t.Errorf("%d are left to the workers, want 1", len(s.queued))
	}
}
