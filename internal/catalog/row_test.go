package catalog

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/catalog/queries"
)

func TestTimes(t *testing.T) {
	moscow := time.FixedZone("", 3*3600)
	for _, tc := range []struct {
		in   time.Time
		ms   int64
		back time.Time
	}{
		{time.Time{}, 0, time.Time{}},
		{time.UnixMilli(1), 1, time.UnixMilli(1).UTC()},
		{time.Unix(0, 1_999_999), 1, time.UnixMilli(1).UTC()},
		{time.Unix(0, -1), -1, time.UnixMilli(-1).UTC()},
		{time.Date(2026, 11, 21, 3, 0, 0, 0, moscow), 1795219200000, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)},
	} {
		ms := millis(tc.in)
		if ms != tc.ms || timeOf(ms) != tc.back {
			t.Errorf("%v is %d and then %v, want %d and %v", tc.in, ms, timeOf(ms), tc.ms, tc.back)
		}
	}
}

func TestNamesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOf(rapid.String()).Draw(t, "names")
		text, err := encodeNames(names)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeNames(text)
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 0 {
			names = nil
		}
		if diff := cmp.Diff(names, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestPlainText(t *testing.T) {
	for in, want := range map[string]string{
		"":              "",
		"plain 🐦":       "plain 🐦",
		"a\x00b":        "a\uFFFDb",
		"a\xff\xfeb":    "a\uFFFDb",
		"\xf0\x9f\x90.": "\uFFFD.",
	} {
		if got := plainText(in); got != want {
			t.Errorf("plainText(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestDamagedRows(t *testing.T) {
	if _, err := sessionOf(queries.Session{ID: 7, AdditionalOwners: "x"}); err == nil {
		t.Error("a session with damaged owners was read")
	}
	if _, err := mediaOf(queries.Media{ID: 7, AdditionalOwners: "x", Manifest: "{}"}); err == nil {
		t.Error("a media with damaged owners was read")
	}
	if _, err := mediaOf(queries.Media{ID: 7, AdditionalOwners: "[]", Manifest: "x"}); err == nil {
		t.Error("a media with a damaged manifest was read")
	}
}
