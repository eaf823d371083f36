package media

import (
	"errors"
	"fmt"
	"testing"
)

func TestMediaVisibleTo(t *testing.T) {
	private := Media{Owner: "1", AdditionalOwners: []string{"2"}}
	shared := private
	shared.Shared = true
	for user, use := range map[string]bool{"1": true, "2": true, "3": false, "": false} {
		if private.UsableBy(user) != use || private.VisibleTo(user) != use {
			t.Errorf("private, %q: usable %t, visible %t", user, private.UsableBy(user), private.VisibleTo(user))
		}
		if shared.UsableBy(user) != use || !shared.VisibleTo(user) {
			t.Errorf("shared, %q: usable %t, visible %t", user, shared.UsableBy(user), shared.VisibleTo(user))
		}
	}
}

func TestMediaKeyAndSize(t *testing.T) {
	m := Media{ID: 9, Category: TweetGIF, Manifest: Manifest{{Size: 3}, {Size: 0}, {Size: 1 << 40}}}
	if m.Key() != "16_9" || m.Size() != 1<<40+3 {
		t.Errorf("key %s, size %d", m.Key(), m.Size())
	}
	if (Media{ID: 9}).Key() != "" {
		t.Error("a media without a category has a key")
	}
}

func TestStateDone(t *testing.T) {
	for state, want := range map[State]bool{Pending: false, InProgress: false, Succeeded: true, Failed: true, "": false} {
		if state.Done() != want {
			t.Errorf("%q is done: %t", state, state.Done())
		}
	}
}

func TestFailure(t *testing.T) {
	for name, code := range map[string]int{InvalidMedia: 1, InternalError: 2, UnsupportedMedia: 3} {
		err := fmt.Errorf("probe: %w", NewFailure(name, "words"))
		var f *Failure
		if !errors.As(err, &f) || f.Code != code || f.Name != name || f.Message != "words" {
			t.Errorf("%s: %+v", name, f)
		}
		if f.Error() != name+": words" {
			t.Errorf("%s reads %q", name, f.Error())
		}
	}
}
