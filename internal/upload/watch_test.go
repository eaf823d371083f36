package upload

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// TestWatch: what is counted is what happened, and everything that comes in is
// counted out again, however it ends.
func TestWatch(t *testing.T) {
	png := pngOf(10, 10)
	var opened, inFlight int
	var closed []error
	var sizes []int64
	r := newRig(t, Config{Watch: &Watch{
		Opened:   func(context.Context) { opened++ },
		Closed:   func(_ context.Context, err error) { closed = append(closed, err) },
		InFlight: func(change int) { inFlight += change },
		Appended: func(_ context.Context, bytes int64, took time.Duration) {
			sizes = append(sizes, bytes)
			if took < 0 {
				t.Errorf("took %s", took)
			}
		},
	}})
	s := r.initialize(media.Undeclared)
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err == nil {
		t.Fatal("finalized without a segment")
	}
	g, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
	if err != nil || inFlight != 1 {
		t.Fatalf("%d segments in flight: %v", inFlight, err)
	}
	g.Abort()
	g.Abort()
	r.sent(s.ID, 0, png)
	for range 2 { // the second finds it done
		if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err != nil {
			t.Fatal(err)
		}
	}
	shot := func(content string) error {
		o, err := r.sessions.OneShot(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		defer o.Abort()
		if _, err := io.WriteString(o, content); err != nil {
			t.Fatal(err)
		}
		_, err = o.Finish(t.Context(), Request{Owner: owner}, nil)
		return err
	}
	if err := shot(png); err != nil {
		t.Fatal(err)
	}
	if err := shot(""); err == nil {
		t.Fatal("made a media of nothing")
	}
	if opened != 2 || inFlight != 0 || !slices.Equal(sizes, []int64{int64(len(png))}) {
		t.Errorf("opened %d, in flight %d, appended %v", opened, inFlight, sizes)
	}
	var good []bool
	for _, err := range closed {
		good = append(good, err == nil)
	}
	if !slices.Equal(good, []bool{false, true, true, false}) {
		t.Errorf("closed %v", closed)
	}
}
