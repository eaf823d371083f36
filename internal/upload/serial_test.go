package upload

import (
	"fmt"
	"io"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// serial opens an upload whose bytes come one behind the other.
func (r *rig) serial(total int64) Serial {
	r.t.Helper()
	s, err := r.sessions.InitializeSerial(r.t.Context(), Request{Owner: owner, TotalBytes: total}, media.Serial, catalog.Tus{})
	if err != nil {
		r.t.Fatal(err)
	}
	return Serial{Session: s}
}

// stream sends bytes from where an upload was seen to end.
func (r *rig) stream(u Serial, content string) error {
	t := r.sessions.Stream(u, int64(len(content)), false)
	defer t.Drop(r.t.Context())
	if err := t.Write(r.t.Context(), []byte(content)); err != nil {
		return err
	}
	return t.Keep(r.t.Context())
}

func TestSerial(t *testing.T) {
	r := newRig(t, Config{MaxSegment: 100})
	file := gifFile(1000)
	u := r.serial(1000)
	if err := r.stream(u, file[:450]); err != nil {
		t.Fatal(err)
	}
	if code, words := told(t, r.stream(u, file)); code != media.CodeConflict || words != fmt.Sprintf("The upload %s stands at the offset 450, and these bytes are for 0; ask with HEAD, and go on from there.", u.ID) {
		t.Errorf("overtaken: %s, %s", code, words)
	}
	if keys := r.keys(); len(keys) != 5 {
		t.Errorf("what lost is still there: %v", keys)
	}
	u, err := r.sessions.Serial(t.Context(), owner, u.ID)
	if err != nil || u.End != (catalog.End{Bytes: 450, Parts: 5}) || u.Complete() {
		t.Fatalf("it stands at %v, %v", u.End, err)
	}
	if code, _ := told(t, r.stream(u, file)); code != media.CodeTooLarge {
		t.Errorf("too much: %s", code)
	}
	u, err = r.sessions.Serial(t.Context(), owner, u.ID)
	if err != nil || u.Bytes < 450 || u.Bytes > 1000 {
		t.Fatalf("it stands at %v, %v", u.End, err)
	}
	if got, err := r.sessions.Received(t.Context(), owner, u.ID); err != nil || got.Bytes != u.Bytes || len(got.Segments) != u.Parts {
		t.Errorf("received: %+v, %v", got, err)
	}
	if _, err := r.sessions.Append(t.Context(), owner, u.ID, 0); media.CodeOf(err) != media.CodeInvalid {
		t.Errorf("a numbered segment: %v", err)
	}
}

// TestSerialIsSwept has nothing of an ended upload left, also what no row named.
func TestSerialIsSwept(t *testing.T) {
	r := newRig(t, Config{Lifetime: time.Hour, Grace: time.Minute})
	file := gifFile(100)
	done, open := r.serial(100), r.serial(100)
	for _, err := range []error{r.stream(done, file), r.stream(open, file[:50])} {
		if err != nil {
			t.Fatal(err)
		}
	}
	m, err := r.sessions.Finalize(t.Context(), owner, done.ID)
	if err != nil {
		t.Fatal(err)
	}
	r.put(segmentKey(done.ID, 1, 1, 0, 7)) // of one that was overtaken and crashed
	r.pass(2 * time.Hour)
	r.sweep()
	r.pass(2 * time.Minute)
	r.sweep()
	if keys := r.keys(); len(keys) != 1 || keys[0] != m.Manifest[0].Key {
		t.Errorf("there is %v, want the media's", keys)
	}
	body := r.sessions.blobs.Open(t.Context(), m.Manifest, 0, 100)
	defer body.Close()
	if got, err := io.ReadAll(body); err != nil || string(got) != file {
		t.Errorf("it has %d bytes, %v", len(got), err)
	}
}

func TestTooManyParts(t *testing.T) {
	r := newRig(t, Config{})
	u := r.serial(1 << 30)
	u.Parts = maxParts
	if code, words := told(t, r.stream(u, "x")); code != media.CodeTooLarge || words != fmt.Sprintf("The upload %s has come in 10000 pieces, the most that one may have; send larger ones.", u.ID) {
		t.Errorf("%s, %s", code, words)
	}
}

// gifFile is a file of n bytes that begins as a GIF does.
func gifFile(n int) string {
	b := make([]byte, n)
	copy(b, "GIF89a\x10\x00\x10\x00\x00\x00\x00!\xf9\x04")
	return string(b)
}
