package upload

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

// small are limits that a test can pass with few bytes.
func small() media.Limits {
	of := func(n int64) media.Limit { return media.Limit{MaxBytes: n} }
	return media.Limits{TweetImage: of(1000), TweetGIF: of(3000), TweetVideo: of(5000), AmplifyVideo: of(9000), Subtitles: of(400)}
}

// exceeds checks that an error has X's words about a limit.
func exceeds(t *testing.T, err error, limit, size int) {
	t.Helper()
	code, words := told(t, err)
	if code != media.CodeInvalid || !strings.HasPrefix(words, fmt.Sprintf("File size exceeds %d bytes.", limit)) || !strings.Contains(words, fmt.Sprint(size)) {
		t.Errorf("%s: %s", code, words)
	}
}

func TestInitializeWithinLimits(t *testing.T) {
	r := newRig(t, Config{Limits: small()})
	for _, row := range []struct {
		category media.Category
		kind     media.Type
		limit    int
	}{
		{media.TweetImage, media.PNG, 1000},
		{"", media.JPEG, 1000},
		{"", media.GIF, 1000},
		{media.TweetGIF, media.GIF, 3000},
		{media.TweetVideo, "", 5000},
		{media.AmplifyVideo, media.MP4, 9000},
		{media.Subtitles, media.SRT, 400},
	} {
		for _, total := range []int{0, row.limit - 1, row.limit} {
			q := Request{Owner: owner, Category: row.category, Type: row.kind, TotalBytes: int64(total)}
			if _, err := r.sessions.Initialize(t.Context(), q); err != nil {
				t.Errorf("%s %s of %d bytes: %v", row.category, row.kind, total, err)
			}
		}
		q := Request{Owner: owner, Category: row.category, Type: row.kind, TotalBytes: int64(row.limit + 1)}
		_, err := r.sessions.Initialize(t.Context(), q)
		exceeds(t, err, row.limit, row.limit+1)
	}
}

// What was not declared is refused as it comes, and at the end by what it is.
func TestUndeclaredWithinLimits(t *testing.T) {
	r := newRig(t, Config{Limits: small()})
	open := func(c media.Category) media.ID {
		t.Helper()
		s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Category: c, TotalBytes: media.Undeclared})
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	text := func(n int) string { return subtitles + strings.Repeat("x", n-len(subtitles)) }

	id := open(media.Subtitles)
	exceeds(t, r.append(id, 0, text(401)), 400, 401)
	if len(r.keys()) != 0 {
		t.Errorf("the store has %v", r.keys())
	}
	// Twice the limit is room for every segment to come again, and no more is.
	r.sent(id, 0, text(400))
	r.sent(id, 1, text(399))
	if code, words := told(t, r.append(id, 2, "xx")); code != media.CodeTooLarge || !strings.Contains(words, "800") {
		t.Errorf("%s: %s", code, words)
	}
	_, err := r.sessions.Finalize(t.Context(), owner, id)
	exceeds(t, err, 400, 799)
	if state := r.state(id); state != media.SessionOpen {
		t.Errorf("refused, it is %s", state)
	}

	id = open(media.Subtitles)
	r.sent(id, 0, text(400))
	if _, err := r.sessions.Finalize(t.Context(), owner, id); err != nil {
		t.Error(err)
	}

	id = open("")
	r.sent(id, 0, text(401)) // what it is turns out later
	_, err = r.sessions.Finalize(t.Context(), owner, id)
	exceeds(t, err, 400, 401)
}

func TestOneShotWithinLimits(t *testing.T) {
	r := newRig(t, Config{Limits: small()})
	text := func(n int) string { return subtitles + strings.Repeat("x", n-len(subtitles)) }
	for _, q := range []Request{{}, {Category: media.Subtitles}, {Type: media.VTT}} {
		_, err := r.atOnce(text(401), q)
		exceeds(t, err, 400, 401)
		if len(r.keys()) != 0 {
			t.Errorf("the store has %v", r.keys())
		}
	}
	for _, n := range []int{399, 400} {
		if _, err := r.atOnce(text(n), Request{}); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// One that is asked for in X's older way has a shorter life.
func TestBriefSession(t *testing.T) {
	for _, row := range []struct {
		cfg  Config
		want time.Duration
	}{
		{Config{Lifetime: 15 * 24 * time.Hour, Brief: 24 * time.Hour}, 24 * time.Hour},
		{Config{Lifetime: time.Hour}, time.Hour},
	} {
		r := newRig(t, row.cfg)
		for brief, want := range map[bool]time.Duration{true: row.want, false: row.cfg.Lifetime} {
			s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, TotalBytes: 5, Brief: brief})
			if err != nil || s.ExpiresAt.Sub(s.CreatedAt) != want {
				t.Errorf("brief %v: %s, %v; want %s", brief, s.ExpiresAt.Sub(s.CreatedAt), err, want)
			}
		}
	}
}
