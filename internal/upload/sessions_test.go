package upload

import (
	"context"
	"errors"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestConfigDefaults(t *testing.T) {
	got := Config{}.WithDefaults()
	want := Config{Lifetime: 24 * time.Hour, Brief: 24 * time.Hour, MaxSegment: 64 << 20, ClosingLimit: 30 * time.Second, Grace: time.Hour, DeleteGrace: 24 * time.Hour, PruneAfter: 7 * 24 * time.Hour}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	set := Config{1, 2, 3, media.Limits{Model: media.Limit{MaxBytes: 4}}, 5, 6, 7, 8, 9, 10, &Watch{}, time.Unix(11, 0)}
	if got := set.WithDefaults(); got != set {
		t.Errorf("what was set became %+v", got)
	}
}

// A session that is not the user's looks like one that is not there.
func TestSessionVisibility(t *testing.T) {
	r := newRig(t, Config{})
	s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, AdditionalOwners: []string{"22"}, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{owner, "22"} {
		if got, err := r.sessions.Session(t.Context(), user, s.ID); err != nil || got.ID != s.ID {
			t.Errorf("for %s: %v", user, err)
		}
	}
	_, missing := r.sessions.Session(t.Context(), owner, s.ID+1)
	code, none := told(t, missing)
	if code != media.CodeNotFound {
		t.Errorf("one that is not there: %v", missing)
	}
	for _, user := range []string{"33", ""} {
		for what, err := range map[string]error{
			"Session":  second(r.sessions.Session(t.Context(), user, s.ID)),
			"Append":   second(r.sessions.Append(t.Context(), user, s.ID, 0)),
			"Finalize": second(r.sessions.Finalize(t.Context(), user, s.ID)),
		} {
			code, got := told(t, err)
			if code != media.CodeNotFound || len(got) != len(none) {
				t.Errorf("%s for %q: %s %q, want %q with its id", what, user, code, got, none)
			}
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestSessionCatalogAway(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(1)
	if err := r.rows.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.sessions.Session(t.Context(), owner, s.ID); media.CodeOf(err) != media.CodeInternal {
		t.Errorf("%v", err) // and not that there is no such session
	}
}

func TestPause(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := pause(ctx, time.Nanosecond); err != nil {
		t.Error(err)
	}
	cancel()
	if err := pause(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("pause = %v", err)
	}
}
