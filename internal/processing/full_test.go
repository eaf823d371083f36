package processing

import (
	"path/filepath"
	"testing"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// However long the store has no room, no media is given up for it.
func TestRunFullForLong(t *testing.T) {
	r := newRig(t, openSource(t))
	m := r.pending(media.TweetVideo, "whole")
	w := r.worker(Config{Scratch: filepath.Join(t.TempDir(), "scratch"), MaxTries: 2, MaxAttempts: 4})
	for name, faults := range map[string]blobtest.Faults{
		"at the beginning": {Before: blobtest.FailAll(blobtest.OpReady, blobtest.Full())},
		"on the way":       {Before: blobtest.FailNth(blobtest.OpWrite, 2, blobtest.Full())},
	} {
		r.store.SetFaults(faults)
		if err := w.Run(t.Context(), m.ID, 9); media.CodeOf(err) != media.CodeFull {
			t.Errorf("full %s: %v", name, err)
		}
		if got := r.media(m.ID); got.State != media.Pending || got.Attempt > 1 {
			t.Errorf("full %s: %+v", name, got)
		}
	}
	r.store.SetFaults(blobtest.Faults{})
	if err := w.Run(t.Context(), m.ID, 9); err != nil {
		t.Fatal(err)
	}
	if got := r.media(m.ID); got.State != media.Succeeded {
		t.Errorf("with room again: %+v", got)
	}
}
