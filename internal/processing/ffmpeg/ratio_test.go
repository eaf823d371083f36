package ffmpeg

import "testing"

func TestParseRatio(t *testing.T) {
	for in, want := range map[string]ratio{
		"30000/1001": {30000, 1001}, "16:11": {16, 11},
		"0/0": {}, "0/1": {}, "1/0": {}, "-1/1": {}, "": {}, "30": {}, "a/b": {}, "N/A": {}, "1/99999999999": {},
	} {
		if got := parseRatio(in); got != want {
			t.Errorf("%q gives %v, want %v", in, got, want)
		}
	}
	if f := (ratio{}).float(); f != 0 {
		t.Errorf("the unknown ratio is %v", f)
	}
}
