package ffmpeg

import (
	"testing"

	"pgregory.net/rapid"
)

func TestChooseRate(t *testing.T) {
	for _, c := range []struct{ grid, avg, want string }{
		{"25/1", "25/1", "25/1"},
		{"24000/1001", "24000/1001", "24000/1001"},
		{"30000/1001", "30000/1001", "30000/1001"},
		{"60/1", "60/1", "60/1"},
		{"60000/1001", "60000/1001", "60000/1001"},
		{"120000/1001", "120000/1001", "60000/1001"},
		{"120/1", "120/1", "60/1"},
		{"240/1", "239/1", "60/1"},
		{"90/1", "90/1", "45/1"},
		{"50/1", "25/1", "25/1"},                   // fields counted as pictures
		{"60000/1001", "30000/1001", "30000/1001"}, // the same
		{"48000/1001", "24000/1001", "24000/1001"},
		{"600/1", "2997/100", "30/1"}, // a phone
		{"1000/1", "30/1", "30/1"},    // milliseconds
		{"90000/1", "59/1", "60/1"},
		{"90000/1", "500/1", "60/1"},
		{"60/1", "5/1", "30/1"}, // a screen that seldom changes
		{"30/1", "22/1", "30/1"},
		{"10/1", "10/1", "10/1"},
		{"1/2", "1/2", "1/1"},
		{"25/1", "50/1", "50/1"},
		{"0/0", "25/1", "25/1"},
		{"25/1", "0/0", "25/1"},
		{"0/0", "0/0", "30/1"},
		{"2147483647/2147483646", "2147483647/2147483646", "1/1"},
	} {
		if got := chooseRate(parseRatio(c.grid), parseRatio(c.avg)).String(); got != c.want {
			t.Errorf("grid %s, average %s: %s, want %s", c.grid, c.avg, got, c.want)
		}
	}
}

func TestChooseRateProperties(t *testing.T) {
	part := rapid.OneOf(rapid.Int64Range(0, 120), rapid.Int64Range(0, 1<<31-1))
	rapid.Check(t, func(t *rapid.T) {
		grid := ratio{part.Draw(t, "gn"), part.Draw(t, "gd")}
		avg := ratio{part.Draw(t, "an"), part.Draw(t, "ad")}
		got := chooseRate(grid, avg)
		if !got.known() || got.float() > maxRate+0.011 || got.float() < 0.99 || got.num > 1_000_000 || got.den > 1_000_000 {
			t.Fatalf("grid %s, average %s: %s", grid, avg, got)
		}
	})
}
