package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestConfigure(t *testing.T) {
	r, chosen, err := configure([]string{"-servers", "limit,magpie", "-case", "speed,read", "-conns", "1,4", "-size", "64MiB", "-dir", t.TempDir()}, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.servers, []string{"limit", "magpie"}) || !slices.Equal(r.conns, []int{1, 4}) || r.size != 64<<20 || r.segment != 4<<20 || r.rounds != 5 {
		t.Errorf("got %+v", r)
	}
	if len(chosen) != 2 || chosen[0].name != "speed" || chosen[1].name != "read" {
		t.Errorf("chosen: %v", chosen)
	}
	if _, chosen, err = configure([]string{"-case", "", "-day"}, io.Discard, io.Discard); err != nil || len(chosen) != 1 || chosen[0].name != "day" {
		t.Errorf("the day alone: %v, %v", chosen, err)
	}
	for _, c := range []struct{ flags, names string }{
		{"-case nothing", "-case"},
		{"-servers limit,apache", "-servers"},
		{"-conns 0", "-conns"},
		{"-conns x", "-conns"},
		{"-rounds 0", "-rounds"},
		{"-size 1", "-size"},
		{"-segment 1TB", "-segment"},
		{"-size 8GiB", "-segment"},
		{"speed", "-case"},
	} {
		if _, _, err := configure(strings.Fields(c.flags), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), c.names) {
			t.Errorf("%s: %v", c.flags, err)
		}
	}
}
