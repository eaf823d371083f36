package diskblob

import (
	"bytes"
	"testing"
	"time"
)

const recordPrefix = "segments/1/"

func aRecord() record {
	return record{key: recordPrefix + "000-5-0badcafe", at: 3 * recordAlign, size: 5, crc: 7, settled: recordAlign, modified: time.Unix(1, 2)}
}

func TestRecordRoundTrip(t *testing.T) {
	want := aRecord()
	b := want.appendTo([]byte("before"))[len("before"):]
	for _, more := range []string{"", "bytes of the blob"} {
		if got, ok := readRecord(append(bytes.Clone(b), more...), want.at, recordPrefix); !ok || got != want {
			t.Errorf("got %+v, %v, want %+v", got, ok, want)
		}
	}
	b[0] = '0' ^ 'm' ^ b[0] // any other magic
	if _, ok := readRecord(b, want.at, recordPrefix); ok {
		t.Error("a record of another magic is one")
	}
}

// TestRecordFlipped: no bit of a header can change without a word, but for the one
// that says that it was deleted.
func TestRecordFlipped(t *testing.T) {
	want := aRecord()
	b := want.appendTo(nil)
	for i := range 8 * len(b) {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		got, ok := readRecord(c, want.at, recordPrefix)
		if ok && !got.dead {
			t.Errorf("bit %d of byte %d does not matter: %+v", i%8, i/8, got)
		}
	}
	for n := range b {
		if _, ok := readRecord(b[:n], want.at, recordPrefix); ok {
			t.Errorf("the first %d bytes are a record", n)
		}
	}
}

// TestRecordElsewhere: whole headers that are not this place's.
func TestRecordElsewhere(t *testing.T) {
	r := aRecord()
	b := r.appendTo(nil)
	if _, ok := readRecord(b, r.at+recordAlign, recordPrefix); ok {
		t.Error("a record of another place is taken")
	}
	for _, prefix := range []string{"segments/2/", "segments/10/", "renditions/1/"} {
		if _, ok := readRecord(b, r.at, prefix); ok {
			t.Errorf("a record of %s is taken for one of %s", r.key, prefix)
		}
	}
	for name, change := range map[string]func(*record){
		"settled past itself": func(r *record) { r.settled = r.at + 1 },
		"settled before 0":    func(r *record) { r.settled = -1 },
		"less than nothing":   func(r *record) { r.size = -1 },
		"too large":           func(r *record) { r.size = recordsLimit },
		"no key":              func(r *record) { r.key = recordPrefix },
		"a bad key":           func(r *record) { r.key = recordPrefix + ".." },
	} {
		bad := aRecord()
		change(&bad)
		if _, ok := readRecord(bad.appendTo(nil), bad.at, recordPrefix); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzHop: whatever lies in a pack, all that is found lies inside and in order, and
// no bytes are taken that their checksum is not of.
func FuzzHop(f *testing.F) {
	one := record{key: recordPrefix + "a", size: 3, crc: 0x364b3fb7}
	whole := append(one.appendTo(nil), "abc"...)
	f.Add(whole, int64(0))
	whole = append(whole, make([]byte, recordAlign-len(whole))...)
	two := record{key: recordPrefix + "b", at: recordAlign, settled: recordAlign, size: 3, crc: 1}
	f.Add(append(two.appendTo(whole), "abc"...), int64(0))
	f.Add([]byte("mpk1"), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, at int64) {
		at &= 0xffff
		file, end := bytes.NewReader(b), int64(len(b))
		all, _, err := hop(file, at, end, recordPrefix)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := unbroken(file, all)
		if err != nil || len(kept) > len(all) {
			t.Fatalf("%d of %d, %v", len(kept), len(all), err)
		}
		for _, r := range all {
			if r.at != at || r.size < 0 || r.data()+r.size > end || r.next() <= r.at {
				t.Fatalf("%+v in %d bytes", r, end)
			}
			at = r.next()
		}
	})
}
