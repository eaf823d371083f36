package hybrid

import (
	"errors"
	"slices"
	"testing"
)

// tableAt is the boxes of a sample table: samples of 10 bytes and one tick each, each in
// a chunk of its own.
func tableAt(places ...uint32) []child {
	n := uint32(len(places))
	box := func(kind string, list ...uint32) child { return child{kind, numbers(list...)} }
	return []child{
		box("stts", 0, 1, n, 1), box("stsc", 0, 1, 1, 1, 1), box("stsz", 0, 10, n), box("stco", append([]uint32{0, n}, places...)...),
	}
}

// Of a box that comes twice nobody knows which holds; one may say how many samples
// there are, and the other list fewer.
func TestSamplesSaidTwice(t *testing.T) {
	list := child{"stsz", numbers(0, 0, 1, 10)}
	for _, first := range append(tableAt(100, 200, 300), list, child{"ctts", numbers(0, 0)}, child{"stss", numbers(0, 0)}, child{"co64", numbers(0, 0)}) {
		if _, err := readSamples(slices.Concat([]child{first, first}, tableAt(100, 200, 300))); !errors.Is(err, ErrOdd) {
			t.Errorf("%s: %v", first.kind, err)
		}
	}
	for _, first := range []child{list, {"co64", numbers(0, 0)}} {
		if _, err := readSamples(append([]child{first}, tableAt(100, 200, 300)...)); !errors.Is(err, ErrOdd) {
			t.Errorf("%s of another form: %v", first.kind, err)
		}
	}
	if _, err := readSamples(append(tableAt(100, 200, 300), child{"sbgp", nil}, child{"sbgp", nil})); err != nil {
		t.Errorf("a table with more beside it: %v", err)
	}
}

// What is read for all fragments is bounded by the movie's length, and no fragment says
// the same bytes twice.
func TestFragmentsOfScatteredSamples(t *testing.T) {
	const size = 1_000_000
	check := func(pictures, sound []uint32, keys ...uint32) error {
		var tracks []*movieTrack
		for i, places := range [][]uint32{pictures, sound} {
			table := tableAt(places...)
			if i == 0 && len(keys) > 0 {
				table = append(table, child{"stss", numbers(append([]uint32{0, uint32(len(keys))}, keys...)...)})
			}
			s, err := readSamples(table)
			if err != nil {
				t.Fatal(err)
			}
			tracks = append(tracks, &movieTrack{samples: s, handler: []string{"vide", "soun"}[i], scale: 1})
		}
		return (&fragments{size: size, tracks: tracks}).check()
	}
	row := func(from uint32, n int) (out []uint32) {
		for i := range n {
			out = append(out, from+10*uint32(i))
		}
		return out
	}
	if err := check(row(0, 20), row(900_000, 20)); err != nil {
		t.Errorf("20 fragments: %v", err)
	}
	if err := check(row(0, 2000), row(900_000, 2000)); !errors.Is(err, ErrOdd) {
		t.Errorf("2000 fragments, for each of which almost all is read: %v", err)
	}
	if err := check(row(0, 3), row(100, 3), 1); err != nil {
		t.Errorf("one fragment: %v", err)
	}
	if err := check([]uint32{0, 0, 0}, row(10, 3), 1); !errors.Is(err, ErrOdd) {
		t.Errorf("three pictures in the same place: %v", err)
	}
}
