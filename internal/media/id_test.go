package media

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"
)

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{
		"1":                    1,
		"0000000000000000007":  7,
		"1146654567674912769":  1146654567674912769,
		"9223372036854775807":  1<<63 - 1,
		"":                     0,
		"0":                    0,
		"-1":                   0,
		"+1":                   0,
		" 1":                   0,
		"1_0":                  0,
		"0x10":                 0,
		"١":                    0,
		"9223372036854775808":  0, // 2^63
		"9999999999999999999":  0,
		"00000000000000000001": 0, // 20 digits
	} {
		got, err := ParseID(text)
		if (err == nil) != (want > 0) || got != want {
			t.Errorf("ParseID(%q) = %d, %v", text, got, err)
		}
		if err != nil && CodeOf(err) != CodeInvalid {
			t.Errorf("ParseID(%q): code %s", text, CodeOf(err))
		}
	}
}

func TestIDText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := ID(rapid.Int64Range(1, 1<<63-1).Draw(t, "id"))
		if got, err := ParseID(id.String()); err != nil || got != id {
			t.Fatalf("ParseID(%q) = %d, %v", id.String(), got, err)
		}
	})
}

// instants are what a working clock shows while 41 bits of milliseconds last.
func instants() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMilli(rapid.Int64Range(idEpoch+1, idEpoch+1<<41-1).Draw(t, "ms"))
	})
}

func newID(t *rapid.T, now time.Time, random uint32) ID {
	t.Helper()
	id, err := NewID(now, bytes.NewReader(binary.LittleEndian.AppendUint32(nil, random)))
	if err != nil {
		t.Fatal(err)
	}
	if id <= 0 {
		t.Fatalf("%s at %s is not above zero", id, now)
	}
	return id
}

// Ids are ordered by the millisecond they were made in, whatever the random
// bits, and tell it.
func TestNewIDOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := instants().Draw(t, "a"), instants().Draw(t, "b")
		ida, idb := newID(t, a, rapid.Uint32().Draw(t, "random a")), newID(t, b, rapid.Uint32().Draw(t, "random b"))
		if !a.Equal(b) && (ida < idb) != a.Before(b) {
			t.Fatalf("%s at %s, %s at %s", ida, a, idb, b)
		}
		if !ida.Time().Equal(a) {
			t.Fatalf("%s was made at %s and says %s", ida, a, ida.Time())
		}
	})
}

// Every one of the 22 random bits counts, so that ids of one millisecond differ
// exactly where these do.
func TestNewIDRandom(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := instants().Draw(t, "now")
		a, b := rapid.Uint32().Draw(t, "a"), rapid.Uint32().Draw(t, "b")
		same := (a^b)&(1<<22-1) == 0
		if (newID(t, now, a) == newID(t, now, b)) != same {
			t.Fatalf("random bits %022b and %022b give %s and %s", a, b, newID(t, now, a), newID(t, now, b))
		}
	})
}

// A clock that is wrong makes ids that are still positive and of 63 bits.
func TestNewIDWrongClock(t *testing.T) {
	for _, now := range []time.Time{{}, time.Unix(0, 0), time.UnixMilli(idEpoch), time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)} {
		for _, random := range []string{"\x00\x00\x00\x00", "\xff\xff\xff\xff"} {
			id, err := NewID(now, bytes.NewBufferString(random))
			if err != nil || id <= 0 {
				t.Errorf("NewID(%s) = %s, %v", now, id, err)
			}
		}
	}
}

func TestNewIDNoRandomness(t *testing.T) {
	broken := errors.New("no entropy")
	if _, err := NewID(time.Now(), iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("NewID = %v, want %v", err, broken)
	}
	if _, err := NewID(time.Now(), bytes.NewReader([]byte{1, 2, 3})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("NewID with three random bytes = %v", err)
	}
}

// X's ids and magpie's tell their time alike: this one is X's own example.
func TestIDTimeOfX(t *testing.T) {
	want := time.Date(2019, 7, 4, 5, 38, 47, 402*1_000_000, time.UTC)
	if got := ID(1146654567674912769).Time(); !got.Equal(want) {
		t.Errorf("Time() = %s, want %s", got, want)
	}
}

func TestParseUserID(t *testing.T) {
	for text, ok := range map[string]bool{
		"2244994945": true, "0": true, "9999999999999999999": true,
		"": false, "12345678901234567890": false, "a": false, "-1": false, "1 ": false, "1,2": false,
	} {
		got, err := ParseUserID(text)
		if (err == nil) != ok || (ok && got != text) {
			t.Errorf("ParseUserID(%q) = %q, %v", text, got, err)
		}
	}
}
