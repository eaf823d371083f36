package analytics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzDecodeRecord(f *testing.F) {
	whole := record{Version: 1, Media: 7, Session: "s", Expires: 9, Received: 5, Events: []recordEvent{{Metric: 9, At: 3, Watch: 2}}}
	b, err := whole.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":1,"media":"7","session":"s","expires":1,"received":1,"events":[{"m":10,"at":1}]}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRecord(b)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		same, err := decodeRecord(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(r.playback(), same.playback()); d != "" {
			t.Fatal(d)
		}
		if p := r.playback(); p.Media <= 0 || p.Session == "" || len(p.Events) != len(r.Events) {
			t.Fatalf("%+v", p)
		}
	})
}

func TestDecodeRecordRefuses(t *testing.T) {
	for _, text := range []string{
		"", "{}", "[]",
		`{"v":2,"media":"7","session":"s","expires":1,"received":1}`,
		`{"v":1,"media":"0","session":"s","expires":1,"received":1}`,
		`{"v":1,"media":"7","session":"","expires":1,"received":1}`,
		`{"v":1,"media":"7","session":"s","expires":1,"received":1,"events":[{"m":-1,"at":1}]}`,
		`{"v":1,"media":"7","session":"s","expires":1,"received":1,"events":[{"m":9,"at":1,"w":86400001}]}`,
	} {
		if r, err := decodeRecord([]byte(text)); err == nil {
			t.Errorf("%s was read as %+v", text, r)
		}
	}
}
