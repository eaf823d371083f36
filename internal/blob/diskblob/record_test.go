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

var formats = []format{{number: 0x0123456789abcdef}, {old: true}}

func TestRecordRoundTrip(t *testing.T) {
	for _, f := range formats {
		want := aRecord()
		b := f.append([]byte("before"), want)[len("before"):]
		want.head = int64(len(b))
		for _, more := range []string{"", "bytes of the blob"} {
			if got, ok := f.read(append(bytes.Clone(b), more...), want.at); !ok || got != want {
				t.Errorf("got %+v, %v, want %+v", got, ok, want)
			}
		}
		for _, other := range append(formats, format{number: 1}) {
			if _, ok := other.read(b, want.at); ok != (other == f) {
				t.Errorf("a record of %+v is one of %+v: %v", f, other, ok)
			}
		}
	}
}

// TestRecordFlipped: no bit of a header can change without a word, but in packs of the
// old kind the one that says that it was deleted.
func TestRecordFlipped(t *testing.T) {
	for _, f := range formats {
		want := aRecord()
		b := f.append(nil, want)
		for i := range 8 * len(b) {
			c := bytes.Clone(b)
			c[i/8] ^= 1 << (i % 8)
			got, ok := f.read(c, want.at)
			if ok && !(f.old && got.dead) {
				t.Errorf("bit %d of byte %d does not matter: %+v", i%8, i/8, got)
			}
		}
		for n := range b {
			if _, ok := f.read(b[:n], want.at); ok {
				t.Errorf("the first %d bytes are a record", n)
			}
		}
	}
}

// TestRecordElsewhere: whole headers that are not this place's.
func TestRecordElsewhere(t *testing.T) {
	r, f := aRecord(), formats[0]
	if _, ok := f.read(f.append(nil, r), r.at+recordAlign); ok {
		t.Error("a record of another place is taken")
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
		if _, ok := f.read(f.append(nil, bad), bad.at); ok {
			t.Errorf("%s: taken", name)
		}
	}
}

// FuzzHop: whatever lies in a pack, all that is found lies inside and in order, and
// no bytes are taken that their checksum is not of.
func FuzzHop(f *testing.F) {
	for _, format := range formats {
		one := record{key: recordPrefix + "a", size: 3, crc: 0x364b3fb7}
		whole := append(format.append(nil, one), "abc"...)
		f.Add(whole, int64(0))
		whole = append(whole, make([]byte, recordAlign-len(whole))...)
		two := record{key: recordPrefix + "b", at: recordAlign, settled: recordAlign, size: 3, crc: 1}
		whole = append(format.append(whole, two), "abc"...)
		f.Add(whole, int64(0))
		damaged := bytes.Clone(whole)
		damaged[5] ^= 1
		f.Add(damaged, int64(0))
	}
	f.Add([]byte("mpk1"), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, at int64) {
		at &= 0xffff000
		file, end := bytes.NewReader(b), int64(len(b))
		for _, format := range formats {
			at := at
			all, err := hop(file, at, end, format, shelf{})
			if err != nil {
				t.Fatal(err)
			}
			found := len(all.records)
			for _, r := range all.records {
				if r.at < at || r.size < 0 || r.data()+r.size > end || r.next() <= r.at {
					t.Fatalf("%+v in %d bytes", r, end)
				}
				at = r.next()
			}
			if err := all.keepWhole(file, all.settled, format.old); err != nil || len(all.records) > found {
				t.Fatalf("%d of %d, %v", len(all.records), found, err)
			}
		}
	})
}
