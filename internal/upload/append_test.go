package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

const subtitles = "WEBVTT\n\n"

func TestAppend(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(8)
	g, err := r.sessions.Append(t.Context(), owner, s.ID, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Abort()
	for _, part := range []string{"WEB", "VTT", "\n\n"} {
		if n, err := io.WriteString(g, part); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if g.Size() != 8 || len(r.keys()) != 0 {
		t.Errorf("before the commit: %d bytes, the store has %v", g.Size(), r.keys())
	}
	expires, err := g.Commit(t.Context(), 0)
	if err != nil || !expires.Equal(s.ExpiresAt) {
		t.Errorf("Commit = %s, %v, want %s", expires, err, s.ExpiresAt)
	}
	g.Abort() // does nothing now
	keys := r.keys()
	if len(keys) != 1 || !strings.HasPrefix(keys[0], segmentPrefix(s.ID)+"000-8-") {
		t.Fatalf("the store has %v", keys)
	}
	m, err := r.sessions.Finalize(t.Context(), owner, s.ID)
	if err != nil || m.Manifest[0].Key != keys[0] {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestAppendRefusesBytes(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 20})
	for _, c := range []struct {
		what    string
		total   int64
		held    []string
		send    string
		code    media.Code
		message string
	}{
		{"more than a segment may have", 100, nil, strings.Repeat("x", 21), media.CodeTooLarge, "The segment has more than 20 bytes, the most that one may have; send smaller segments."},
		{"as much as a segment may have", 100, nil, strings.Repeat("x", 20), "", ""},
		{"more than the whole", 10, nil, strings.Repeat("x", 11), media.CodeInvalid, "The segment alone has more bytes than the total_bytes of 10 that initialize declared."},
		{"as much as the whole", 10, nil, strings.Repeat("x", 10), "", ""},
		{"twice the whole, exactly", 10, []string{"0123456789", "01234"}, "01234", "", ""},
		{"a byte more than twice the whole", 10, []string{"0123456789", "01234"}, "012345", media.CodeTooLarge, "The upload %s holds 20 bytes in all its segments, sent again ones included; finalize it or begin a new one."},
		{"nothing declared", media.Undeclared, []string{strings.Repeat("x", 20)}, strings.Repeat("x", 20), "", ""},
		{"nothing at all", 10, nil, "", media.CodeInvalid, "The segment is empty; it must have at least one byte."},
		{"a byte of nothing", 0, nil, "x", media.CodeInvalid, "The segment alone has more bytes than the total_bytes of 0 that initialize declared."},
	} {
		s := r.initialize(c.total)
		for _, h := range c.held {
			r.sent(s.ID, 0, h)
		}
		err := r.append(s.ID, 1, c.send)
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.what, err)
			}
			continue
		}
		want := strings.Replace(c.message, "%s", s.ID.String(), 1)
		if code, got := told(t, err); code != c.code || got != want {
			t.Errorf("%s: %s %q, want %s %q", c.what, code, got, c.code, want)
		}
	}
}

func TestAppendRefusesIndexes(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(media.Undeclared)
	for index, ok := range map[int]bool{-1: false, 0: true, 999: true, 1000: false, 1 << 40: false} {
		err := r.append(s.ID, index, "x")
		if ok {
			if err != nil {
				t.Errorf("%d: %v", index, err)
			}
			continue
		}
		var e *media.Error
		if !errors.As(err, &e) || e.Code != media.CodeInvalid || e.Field != "segment_index" || e.Value != fmt.Sprint(index) {
			t.Errorf("%d: %v", index, err)
		}
	}
	if n := len(r.keys()); n != 2 {
		t.Errorf("%d blobs", n)
	}
}

// The allowance holds whatever comes at once, and what is dropped makes room.
func TestAppendAllowanceConcurrently(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(100)
	var kept atomic.Int64
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			g, err := r.sessions.Append(context.Background(), owner, s.ID, 10)
			if err != nil {
				t.Error(err)
				return
			}
			defer g.Abort()
			if _, err := io.WriteString(g, "0123456789"); err != nil {
				// Busy is for what may be dropped yet.
				if code := media.CodeOf(err); code != media.CodeTooLarge && code != media.CodeBusy {
					t.Error(err)
				}
				return
			}
			if i%4 == 0 {
				return // the client leaves
			}
			if _, err := g.Commit(context.Background(), i); err != nil {
				t.Error(err)
				return
			}
			kept.Add(10)
		})
	}
	wg.Wait()
	for kept.Load() < 200 { // what the others left is free
		if err := r.append(s.ID, 500, "0123456789"); err != nil {
			t.Fatalf("with %d bytes kept: %v", kept.Load(), err)
		}
		kept.Add(10)
	}
	if n := len(r.keys()); n != 20 {
		t.Errorf("%d segments of ten bytes", n)
	}
	if err := r.append(s.ID, 501, "x"); media.CodeOf(err) != media.CodeTooLarge {
		t.Errorf("one more: %v", err)
	}
	// Another process counts what is there.
	other := New(Config{}, r.rows, r.sessions.blobs, r.now, r.random, r.sessions.log)
	g, err := other.Append(t.Context(), owner, s.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Abort()
	if _, err := io.WriteString(g, "x"); media.CodeOf(err) != media.CodeTooLarge {
		t.Errorf("one more elsewhere: %v", err)
	}
}

// What the sender is told depends on the session as it is when the blob is
// there.
func TestAppendAcknowledges(t *testing.T) {
	end := func(r *rig, id media.ID, content ...string) {
		for i, c := range content {
			r.sent(id, i, c)
		}
		if _, err := r.sessions.Finalize(t.Context(), owner, id); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		what  string
		then  func(*rig, media.ID) // between the bytes and the commit
		code  media.Code
		words string
	}{
		{"open", func(*rig, media.ID) {}, "", ""},
		{"closing", func(r *rig, id media.ID) {
			if _, took, err := r.rows.BeginClosing(t.Context(), id, "x", r.now(), r.now()); !took || err != nil {
				t.Fatal(took, err)
			}
		}, media.CodeBusy, "The upload %s is being finalized; send segment 1 again if it is still open afterwards."},
		{"closed with the same segment", func(r *rig, id media.ID) { end(r, id, subtitles, "same") }, "", ""},
		{"closed with another segment", func(r *rig, id media.ID) { end(r, id, subtitles, "othr") }, media.CodeInvalid, "The upload %s is finalized; no other segment can be added to it."},
		{"closed with a longer segment", func(r *rig, id media.ID) { end(r, id, subtitles, "same and more") }, media.CodeInvalid, "The upload %s is finalized; no other segment can be added to it."},
		{"closed without that index", func(r *rig, id media.ID) { end(r, id, subtitles) }, media.CodeInvalid, "The upload %s is finalized; no other segment can be added to it."},
		{"expired", func(r *rig, id media.ID) { r.pass(24 * time.Hour); r.sweep() }, media.CodeGone, "The upload %s expired at 2026-11-06T12:00:00Z; initialize a new one."},
		{"past its time", func(r *rig, id media.ID) { r.pass(24 * time.Hour) }, media.CodeGone, "The upload %s expired at 2026-11-06T12:00:00Z; initialize a new one."},
		{"pruned", func(r *rig, id media.ID) {
			r.pass(24 * time.Hour)
			r.sweep()
			r.pass(8 * 24 * time.Hour)
			r.sweep()
		}, media.CodeNotFound, "There is no upload with the id %s."},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := newRig(t, Config{})
			s := r.initialize(media.Undeclared)
			g, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Abort()
			if _, err := io.WriteString(g, "same"); err != nil {
				t.Fatal(err)
			}
			c.then(r, s.ID)
			_, err = g.Commit(t.Context(), 1)
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			want := strings.Replace(c.words, "%s", s.ID.String(), 1)
			if code, got := told(t, err); code != c.code || got != want {
				t.Errorf("%s %q, want %s %q", code, got, c.code, want)
			}
			if e := new(media.Error); errors.As(err, &e) && c.code == media.CodeBusy && e.RetryAfter != time.Second {
				t.Errorf("come back after %s", e.RetryAfter)
			}
		})
	}
}

// An upload that is over is refused before its bytes are taken.
func TestAppendTooLate(t *testing.T) {
	r := newRig(t, Config{})
	s := r.initialize(media.Undeclared)
	r.pass(24 * time.Hour)
	for range 2 {
		_, err := r.sessions.Append(t.Context(), owner, s.ID, 0)
		if code, got := told(t, err); code != media.CodeGone || !strings.Contains(got, "expired at 2026-11-06T12:00:00Z") {
			t.Errorf("%s %q", code, got)
		}
		r.sweep() // the second time its row says so
	}
}

// A store that fails keeps nothing of the session's allowance.
func TestAppendFaults(t *testing.T) {
	for name, faults := range map[string]blobtest.Faults{
		"list":   {Before: blobtest.FailAll(blobtest.OpList, blobtest.Full())},
		"create": {Before: blobtest.FailAll(blobtest.OpCreate, blobtest.Full())},
		"write":  {Before: blobtest.FailAll(blobtest.OpWrite, blobtest.Full())},
		"commit": {Before: blobtest.FailAll(blobtest.OpCommit, blobtest.Full())},
	} {
		r := newRig(t, Config{})
		s := r.initialize(4)
		r.sessions.held.forget(s.ID) // as a process that did not open it
		r.store.SetFaults(faults)
		for i := range 5 {
			if err := r.append(s.ID, i, "1234"); media.CodeOf(err) != media.CodeFull {
				t.Errorf("%s: %v", name, err)
			}
		}
		r.store.SetFaults(blobtest.Faults{})
		for i := range 2 {
			if err := r.append(s.ID, i, "1234"); err != nil {
				t.Errorf("%s, when it is well again: %v", name, err)
			}
		}
		if err := r.append(s.ID, 2, "1"); media.CodeOf(err) != media.CodeTooLarge {
			t.Errorf("%s: beyond the allowance: %v", name, err)
		}
		for _, tally := range r.sessions.held.sessions {
			if tally.users != 0 {
				t.Errorf("%s: %d appends are said to be on their way", name, tally.users)
			}
		}
	}
	r := newRig(t, Config{})
	s := r.initialize(4)
	r.random.Reader = iotest.ErrReader(errAway)
	if err := r.append(s.ID, 0, "1234"); !errors.Is(err, errAway) || len(r.keys()) != 0 {
		t.Errorf("without randomness: %v, %v", err, r.keys())
	}
}

// Of two names the later made is the greater, up to the microsecond.
func TestTail(t *testing.T) {
	r := newRig(t, Config{})
	last := uint64(0)
	for range 1000 {
		r.pass(time.Microsecond)
		tail, err := r.sessions.tail()
		if err != nil || tail <= last {
			t.Fatalf("%016x after %016x, %v", tail, last, err)
		}
		last = tail
	}
	if at := time.UnixMicro(int64(last >> 12)); !at.Equal(r.now()) {
		t.Errorf("the last was made at %s, not at %s", r.now(), at)
	}
}
