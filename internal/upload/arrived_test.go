package upload

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// What has arrived is counted once, in both ways that bytes come; nothing is told
// that could not be asked.
func TestArrived(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 100})
	numbered, empty := r.initialize(media.Undeclared), r.initialize(50)
	r.sent(numbered.ID, 0, "GIF89a")
	r.sent(numbered.ID, 4, "ab")
	r.sent(numbered.ID, 4, "abc") // in the place of the one before
	stream := r.serial(1000)
	if err := r.stream(stream, gifFile(1000)[:450]); err != nil {
		t.Fatal(err)
	}
	list := []media.Session{numbered, empty, stream.Session}
	want := map[media.ID]int64{numbered.ID: 9, empty.ID: 0, stream.ID: 450}
	if diff := cmp.Diff(want, r.sessions.Arrived(t.Context(), list)); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if got := r.sessions.Arrived(ended, list); len(got) != 0 {
		t.Errorf("nobody could be asked: %v", got)
	}

	if !r.sessions.TakesHere(numbered.ID) || r.sessions.TakesHere(numbered.ID+1) {
		t.Error("which of them this process takes")
	}
	r.pass(31 * time.Second)
	if r.sessions.TakesHere(numbered.ID) {
		t.Error("half a minute later it is not told to take it")
	}
}
