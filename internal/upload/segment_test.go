package upload

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/media"
)

// What a segment's name says is what it was made of, and it is a key.
func TestSegmentName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := media.ID(rapid.Int64Range(1, math.MaxInt64).Draw(t, "id"))
		index := rapid.IntRange(0, media.MaxSegmentIndex).Draw(t, "index")
		size := rapid.Int64Range(0, math.MaxInt64).Draw(t, "size")
		crc, tail := rapid.Uint32().Draw(t, "crc"), rapid.Uint64().Draw(t, "tail")
		info := blob.Info{Key: segmentKey(id, index, size, crc, tail), Size: size}
		if err := blob.CheckKey(info.Key); err != nil {
			t.Fatal(err)
		}
		g, err := parseSegment(info)
		want := media.Blob{Key: info.Key, Size: size, CRC: crc}
		if err != nil || g.index != index || g.blob != want || g.info != info {
			t.Fatalf("%s reads %+v, %v", info.Key, g, err)
		}
		if b, err := SegmentBlob(info); err != nil || b != want {
			t.Fatalf("SegmentBlob(%s) = %+v, %v", info.Key, b, err)
		}
		if owner, err := ownerOf(info.Key); err != nil || owner != id {
			t.Fatalf("ownerOf(%s) = %s, %v", info.Key, owner, err)
		}
	})
}

func FuzzParseSegment(f *testing.F) {
	f.Add("000-9-28a7d527-660d2de1a4470566")
	for _, hostile := range []string{
		"", "-", "---", "000-9-28a7d527", "000-9-28a7d527-660d2de1a4470566-", "10000-9-28a7d527-660d2de1a4470566",
		"00-9-28a7d527-660d2de1a4470566", "+00-9-28a7d527-660d2de1a4470566", "000-09-28a7d527-660d2de1a4470566",
		"000-+9-28a7d527-660d2de1a4470566", "000-9-28A7D527-660d2de1a4470566", "000-9-8a7d527-660d2de1a4470566",
		"000-9-128a7d527-660d2de1a4470566", "000-9-28a7d527-60d2de1a4470566", "000-9-28a7d527-x60d2de1a4470566",
		"000-9-28a7d527-0660d2de1a4470566", "000-9223372036854775808-28a7d527-660d2de1a4470566",
		"000--9-28a7d527-660d2de1a4470566", "0_0-9-28a7d527-660d2de1a4470566", " 00-9-28a7d527-660d2de1a4470566",
		"000-9-28a7d527-660d2de1a4470566.tmp", "٠٠٠-9-28a7d527-660d2de1a4470566", "000-9-28a7d527-",
	} {
		f.Add(hostile)
	}
	form := regexp.MustCompile(`^([0-9]{3}|[1-9][0-9]{3})-(0|[1-9][0-9]*)-[0-9a-f]{8}-[0-9a-f]{16}$`)
	f.Fuzz(func(t *testing.T, name string) {
		_, err := parseSegment(blob.Info{Key: "segments/7/" + name})
		if last := name[bytes.LastIndexByte([]byte(name), '/')+1:]; err == nil && !form.MatchString(last) {
			t.Errorf("%q was read as a segment", name)
		}
	})
}

// The seeds but the first are names that nothing of magpie's has.
func TestParseSegmentHostile(t *testing.T) {
	for _, name := range []string{
		"000-9-28a7d527", "10000-9-28a7d527-660d2de1a4470566", "+00-9-28a7d527-660d2de1a4470566",
		"000-09-28a7d527-660d2de1a4470566", "000-9-28A7D527-660d2de1a4470566", "000-9-28a7d527-",
		"000-9-28a7d527-660d2de1a447056g", "000--9-28a7d527-660d2de1a4470566",
	} {
		if g, err := parseSegment(blob.Info{Key: "segments/7/" + name}); err == nil {
			t.Errorf("%q was read as %+v", name, g)
		}
		if _, err := SegmentBlob(blob.Info{Key: "segments/7/" + name}); err == nil {
			t.Errorf("%q was read as a blob", name)
		}
	}
}

// The newer of two by the store's clock, and of two at one instant the one whose
// name was made later; of any two exactly one.
func TestSegmentNewerThan(t *testing.T) {
	then := time.Unix(1_700_000_000, 0)
	at := func(modified time.Time, tail uint64) segment {
		g, err := parseSegment(blob.Info{Key: segmentKey(7, 0, 1, 0, tail), Modified: modified})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	for _, c := range []struct {
		what         string
		newer, older segment
	}{
		{"a second later", at(then.Add(time.Second), 1), at(then, 2)},
		{"a nanosecond later", at(then.Add(1), 1), at(then, 2)},
		{"at once, by name", at(then, 0x10), at(then, 0xf)},
		{"at once, the same instant in another zone", at(then.In(time.FixedZone("", 3600)), 2), at(then, 1)},
		{"at once, the highest bit", at(then, 1<<63), at(then, 1<<63-1)},
	} {
		if !c.newer.newerThan(c.older) || c.older.newerThan(c.newer) {
			t.Errorf("%s: newer %t, older %t", c.what, c.newer.newerThan(c.older), c.older.newerThan(c.newer))
		}
	}
	if same := at(then, 1); same.newerThan(same) {
		t.Error("a segment is newer than itself")
	}
}

// Where a listing does not say when, the store is asked. What was deleted since it
// was listed is the older, and a store that can't say is no reason to guess.
func TestNewerAsksTheStore(t *testing.T) {
	r := newRig(t, Config{})
	at := func(tail uint64) segment {
		g, err := parseSegment(blob.Info{Key: segmentKey(7, 0, 1, 0, tail)})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	late, early, gone := at(1), at(9), at(99)
	r.put(early.blob.Key)
	r.pass(time.Second)
	r.put(late.blob.Key)
	for _, c := range []struct{ a, b, want segment }{
		{late, early, late}, {early, late, late}, {early, gone, early}, {gone, early, early},
	} {
		got, err := newer(t.Context(), r.sessions.blobs, c.a, c.b)
		if err != nil || got.blob != c.want.blob {
			t.Errorf("of %s and %s the newer is %s, %v", c.a.blob.Key, c.b.blob.Key, got.blob.Key, err)
		}
	}
	r.store.SetFaults(blobtest.Faults{Before: blobtest.FailAll(blobtest.OpStat, errAway)})
	if got, err := newer(t.Context(), r.sessions.blobs, early, late); !errors.Is(err, errAway) {
		t.Errorf("while the store is away the newer is %s, %v", got.blob.Key, err)
	}
}

func TestSegmentSameBytes(t *testing.T) {
	g := segment{blob: media.Blob{Key: "a", Size: 3, CRC: 9}}
	for b, want := range map[media.Blob]bool{
		{Key: "b", Size: 3, CRC: 9}: true, {Key: "a", Size: 3, CRC: 8}: false, {Key: "a", Size: 4, CRC: 9}: false,
	} {
		if g.sameBytes(b) != want {
			t.Errorf("%+v holds the same bytes: %t", b, !want)
		}
	}
}

// Of segments that came within one second to a store that tells no more than
// seconds, the one that came last counts, whichever process took it; within one
// process also where its clock was set back.
func TestNewestWithinOneSecond(t *testing.T) {
	r := newRig(t, Config{})
	r.store = blobtest.NewMemory(func() time.Time { return r.now().Truncate(time.Second) })
	blobs, log := blob.New(r.store), slog.New(slog.DiscardHandler)
	processes := []*Sessions{
		New(Config{}, r.rows, blobs, r.now, rand.Reader, log), New(Config{}, r.rows, blobs, r.now, rand.Reader, log),
	}
	for try := range 20 {
		session := r.initialize(media.Undeclared)
		want := ""
		for i := range 5 {
			r.pass(time.Millisecond)
			r.sessions, want = processes[(try+i)%2], fmt.Sprintf("WEBVTT\n\nNOTE %d of %d\n", i, try)
			if err := r.append(session.ID, 0, want); err != nil {
				t.Fatal(err)
			}
		}
		r.pass(-time.Second / 4)
		if try%2 == 1 {
			want += "later by an earlier clock\n"
			if err := r.append(session.ID, 0, want); err != nil {
				t.Fatal(err)
			}
		}
		r.pass(2 * time.Second)
		m, err := processes[0].Finalize(t.Context(), owner, session.ID)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(blobs.Open(t.Context(), m.Manifest, 0, m.Size()))
		if err != nil || string(got) != want {
			t.Errorf("the upload is %q, %v; the last to come was %q", got, err, want)
		}
	}
}
