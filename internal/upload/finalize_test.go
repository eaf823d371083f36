package upload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

func TestFinalize(t *testing.T) {
	r := newRig(t, Config{Retention: 48 * time.Hour})
	s, err := r.sessions.Initialize(t.Context(), Request{
		Owner: owner, Type: media.VTT, TotalBytes: 11, Shared: true, AdditionalOwners: []string{"22"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, segment := range []struct {
		index   int
		content string
	}{{2, "2"}, {0, "old one"}, {0, subtitles}, {1, "1x"}, {1, "1y"}} { // in any order, and again
		r.sent(s.ID, segment.index, segment.content)
	}
	r.pass(time.Second)
	m, err := r.sessions.Finalize(t.Context(), "22", s.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := media.Media{
		ID: s.ID, Owner: owner, AdditionalOwners: []string{"22"}, Shared: true, Category: media.Subtitles, Type: media.VTT,
		Slug: m.Slug, Manifest: m.Manifest, State: media.Pending, CreatedAt: r.now(), TouchedAt: r.now(), ExpiresAt: r.now().Add(48 * time.Hour),
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("the media (-want +got):\n%s", diff)
	}
	if len(m.Slug) != 16 {
		t.Errorf("the slug is %q", m.Slug)
	}
	content, err := io.ReadAll(r.sessions.blobs.Open(t.Context(), m.Manifest, 0, 100))
	if err != nil || string(content) != subtitles+"1y2" {
		t.Errorf("it reads %q, %v", content, err)
	}
	if r.state(s.ID) != media.SessionClosed {
		t.Errorf("the session is %s", r.state(s.ID))
	}
	r.pass(time.Hour)
	again, err := r.sessions.Finalize(t.Context(), owner, s.ID)
	if diff := cmp.Diff(m, again); diff != "" || err != nil {
		t.Errorf("a second finalize, %v:\n%s", err, diff)
	}
}

func TestFinalizeRefuses(t *testing.T) {
	r := newRig(t, Config{})
	for _, c := range []struct {
		what     string
		request  Request
		segments map[int]string
		words    string
	}{
		{"nothing", Request{TotalBytes: 5}, nil, "The upload is empty: no segment has arrived."},
		{"a gap", Request{TotalBytes: 12}, map[int]string{0: subtitles, 2: "2"}, "Segments do not add up to provided total file size. Here segment 1 is missing; 9 bytes have arrived and initialize declared 12."},
		{"too little", Request{TotalBytes: 12}, map[int]string{0: subtitles, 1: "2"}, "Segments do not add up to provided total file size. 9 bytes have arrived and initialize declared 12."},
		{"too much", Request{TotalBytes: 8}, map[int]string{0: subtitles, 1: "2"}, "Segments do not add up to provided total file size. 9 bytes have arrived and initialize declared 8."},
		{"no known file", Request{TotalBytes: media.Undeclared}, map[int]string{0: "MZ\x90\x00"}, ""},
		{"another type", Request{TotalBytes: media.Undeclared, Type: media.MP4}, map[int]string{0: subtitles}, "The upload was declared as video/mp4, but the file is text/vtt."},
		{"another category", Request{TotalBytes: media.Undeclared, Category: media.TweetGIF}, map[int]string{0: subtitles}, "The upload was declared as tweet_gif, but the file is text/vtt; it goes with subtitles."},
	} {
		c.request.Owner = owner
		s, err := r.sessions.Initialize(t.Context(), c.request)
		if err != nil {
			t.Fatal(err)
		}
		for i, content := range c.segments {
			r.sent(s.ID, i, content)
		}
		_, err = r.sessions.Finalize(t.Context(), owner, s.ID)
		code, got := told(t, err)
		if code != media.CodeInvalid || (c.words != "" && got != c.words) || !strings.HasPrefix(got, c.words[:min(4, len(c.words))]) {
			t.Errorf("%s: %s %q, want %q", c.what, code, got, c.words)
		}
		if r.state(s.ID) != media.SessionOpen {
			t.Errorf("%s: the session is %s", c.what, r.state(s.ID))
		}
		if _, err := r.rows.Media(t.Context(), s.ID); media.CodeOf(err) != media.CodeNotFound {
			t.Errorf("%s: a media was made, %v", c.what, err)
		}
	}
}

// What was missing can be sent, and then it is whole.
func TestFinalizeAfterMissing(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(10)
	r.sent(s.ID, 1, "12")
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("with segment 0 missing: %v", err)
	}
	r.sent(s.ID, 0, subtitles)
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err != nil {
		t.Error(err)
	}
}

func TestFinalizeExpired(t *testing.T) {
	r := newRig(t, Config{Lifetime: time.Hour})
	s := r.initialize(8)
	r.sent(s.ID, 0, subtitles)
	r.pass(time.Hour)
	for range 2 {
		_, err := r.sessions.Finalize(t.Context(), owner, s.ID)
		if code, got := told(t, err); code != media.CodeGone || !strings.Contains(got, "expired at 2026-11-05T13:00:00Z") {
			t.Errorf("%s %q", code, got)
		}
		r.sweep()
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		have  []int
		total int64
		words string
	}{
		{[]int{0}, 10, ""},
		{[]int{0, 1, 2}, 30, ""},
		{[]int{0, 1, 2}, media.Undeclared, ""},
		{nil, 10, "The upload is empty: no segment has arrived."},
		{[]int{1}, 20, "segment 0 is missing; 10 bytes have arrived and initialize declared 20."},
		{[]int{2}, 30, "segments 0-1 are missing; 10 bytes have arrived and initialize declared 30."},
		{[]int{0, 2}, media.Undeclared, "segment 1 is missing; 20 bytes have arrived."},
		{[]int{1, 8}, 90, "segments 0, 2-7 are missing; 20 bytes have arrived and initialize declared 90."},
		{[]int{0, 2, 4, 6}, 40, "segments 1, 3, 5 are missing; 40 bytes have arrived and initialize declared 40."},
		{[]int{999}, 10, "segments 0-998 are missing; 10 bytes have arrived and initialize declared 10."},
		{[]int{0, 1}, 21, "total file size. 20 bytes have arrived and initialize declared 21."},
		{[]int{0, 1}, 0, "total file size. 20 bytes have arrived and initialize declared 0."},
	} {
		chosen := map[int]segment{}
		for _, i := range c.have {
			chosen[i] = segment{index: i, blob: media.Blob{Key: fmt.Sprint(i), Size: 10}}
		}
		m, err := join(chosen, c.total)
		if c.words == "" {
			if err != nil || len(m) != len(c.have) {
				t.Errorf("%v of %d: %v, %v", c.have, c.total, m, err)
			}
			for i, b := range m {
				if b.Key != fmt.Sprint(i) {
					t.Errorf("%v: at %d is %s", c.have, i, b.Key)
				}
			}
			continue
		}
		if code, got := told(t, err); code != media.CodeInvalid || !strings.HasSuffix(got, c.words) {
			t.Errorf("%v of %d:\n%q, want\n%q", c.have, c.total, got, c.words)
		}
	}
}

// Many finalizes at once give one media.
func TestFinalizeConcurrently(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(8)
	r.sent(s.ID, 0, subtitles)
	slugs := make([]string, 8)
	var wg sync.WaitGroup
	for i := range slugs {
		wg.Go(func() {
			m, err := r.sessions.Finalize(context.Background(), owner, s.ID)
			if err != nil {
				t.Error(err)
			}
			slugs[i] = m.Slug
		})
	}
	wg.Wait()
	for _, slug := range slugs {
		if slug == "" || slug != slugs[0] {
			t.Errorf("the slugs are %q", slugs)
		}
	}
}

// A finalize that meets another waits for its outcome, and not for ever.
func TestFinalizeWaits(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(8)
	r.sent(s.ID, 0, subtitles)
	begin := func() {
		if _, took, err := r.rows.BeginClosing(t.Context(), s.ID, "another", r.now(), r.now()); !took || err != nil {
			t.Fatal(took, err)
		}
	}
	begin()
	pauses := 0
	r.sessions.pause = func(context.Context, time.Duration) error { pauses++; return nil }
	_, err := r.sessions.Finalize(t.Context(), owner, s.ID)
	var e *media.Error
	if !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter != time.Second || pauses != 500 {
		t.Errorf("after %d pauses: %v", pauses, err)
	}

	r.sessions.pause = func(context.Context, time.Duration) error { return context.Canceled }
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("whose client left: %v", err)
	}

	r.sessions.pause = func(ctx context.Context, _ time.Duration) error {
		_, err := r.rows.Reopen(ctx, s.ID, "another") // it found something missing
		return err
	}
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err != nil {
		t.Errorf("after the other gave the session back: %v", err)
	}
}

// A finalize that was taken for dead and is not tells what the other made.
func TestFinalizeOvertaken(t *testing.T) {
	r := newRig(t, Config{ClosingLimit: time.Minute})
	s := r.initialize(8)
	r.sent(s.ID, 0, subtitles)
	var other media.Media
	r.store.SetFaults(blobtest.Faults{Before: func(c blobtest.Call) error {
		if c.Op != blobtest.OpOpen || c.N != 1 {
			return nil
		}
		r.pass(2 * time.Minute)
		var err error
		other, err = r.sessions.Finalize(t.Context(), owner, s.ID)
		return err
	}})
	m, err := r.sessions.Finalize(t.Context(), owner, s.ID)
	if diff := cmp.Diff(other, m); diff != "" || err != nil || m.Slug == "" {
		t.Errorf("%v, the other's and its own:\n%s", err, diff)
	}
}

// Whatever breaks a finalize off, a client that leaves included, its session is
// open at once, and the next finalize succeeds.
func TestFinalizeFaults(t *testing.T) {
	for name, c := range map[string]struct {
		harm func(r *rig, id media.ID, leave func())
		want error
	}{
		"list": {func(r *rig, _ media.ID, _ func()) {
			r.store.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpList, errAway)})
		}, errAway},
		"a segment that came twice": {func(r *rig, id media.ID, _ func()) {
			r.sent(id, 0, "WEBVTT \n")
			r.store.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpStat, errAway)})
		}, errAway},
		"read": {func(r *rig, _ media.ID, _ func()) {
			r.store.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpRead, errAway)})
		}, errAway},
		"the client leaves": {func(r *rig, _ media.ID, leave func()) {
			r.store.SetFaults(blobtest.Faults{Before: func(blobtest.Call) error { leave(); return nil }})
		}, context.Canceled},
		"a slug that is taken": {func(r *rig, _ media.ID, _ func()) {
			other := r.initialize(8)
			r.sent(other.ID, 0, subtitles)
			const random = "twelve bytes" + "of slug text" // a token's, and a slug's
			r.random.Reader = strings.NewReader(random)
			if _, err := r.sessions.Finalize(t.Context(), owner, other.ID); err != nil {
				t.Fatal(err)
			}
			r.random.Reader = strings.NewReader(random)
		}, catalog.ErrConflict},
		"a blob with a strange name": {func(r *rig, id media.ID, _ func()) {
			r.put(segmentPrefix(id) + "strange")
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, Config{})
			s := r.initialize(8)
			r.sent(s.ID, 0, subtitles)
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			c.harm(r, s.ID, leave)
			_, err := r.sessions.Finalize(ctx, owner, s.ID)
			if err == nil || (c.want != nil && !errors.Is(err, c.want)) || media.CodeOf(err) != media.CodeInternal {
				t.Errorf("Finalize = %v", err)
			}
			if r.state(s.ID) != media.SessionOpen {
				t.Errorf("the session is %s", r.state(s.ID))
			}
			r.store.SetFaults(blobtest.Faults{})
			r.random.Reader = rand.Reader
			if err := r.store.Delete(t.Context(), segmentPrefix(s.ID)+"strange"); err != nil {
				t.Fatal(err)
			}
			if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err != nil {
				t.Errorf("the next: %v", err)
			}
		})
	}
}

// A finalize that its process did not live to end does not hold the next one
// up, where the process that comes after knows that it is alone.
func TestFinalizeAfterCrash(t *testing.T) {
	r := newRig(t, Config{})
	boot := func() {
		r.sessions = New(Config{AloneSince: r.now()}, r.rows, blob.New(r.store), r.now, r.random, r.sessions.log)
	}
	boot()
	s := r.initialize(media.Undeclared)
	r.sent(s.ID, 0, subtitles)
	begin := func(token string) bool {
		r.pass(time.Second)
		_, took, err := r.rows.BeginClosing(t.Context(), s.ID, token, r.now(), r.sessions.staleBefore(r.now()))
		if err != nil {
			t.Fatal(err)
		}
		return took
	}
	if !begin("of the dead") {
		t.Fatal("an open session was not taken")
	}
	if begin("too early") {
		t.Error("a finalize of this process was taken for dead")
	}
	boot()
	r.pass(time.Second)
	if _, err := r.sessions.Finalize(t.Context(), owner, s.ID); err != nil {
		t.Error(err)
	}
}

func TestStaleBefore(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, row := range []struct{ alone, now, want time.Time }{
		{time.Time{}, start, start.Add(-time.Minute)},
		{start, start.Add(time.Second), start},
		{start, start.Add(time.Hour), start.Add(59 * time.Minute)},
		{start, start.Add(-time.Second), start.Add(-61 * time.Second)}, // the clock was set back
	} {
		s := &Sessions{cfg: Config{ClosingLimit: time.Minute, AloneSince: row.alone}}
		if got := s.staleBefore(row.now); !got.Equal(row.want) {
			t.Errorf("alone since %v, at %v: %v, want %v", row.alone, row.now, got, row.want)
		}
	}
}
