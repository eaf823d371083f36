package subtitle

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	good := map[string]time.Duration{
		"00:00:01,000": sec, "00:00:01.000": sec, "00:01": sec, "0:1": sec, "1:0:0": time.Hour,
		"00:00:00,5": 500 * time.Millisecond, "00:00:00.05": 50 * time.Millisecond,
		"00:00:00.123999999": 123 * time.Millisecond, "9999:59:59.999": maxTime,
	}
	for text, want := range good {
		if got, ok := parseTime(text); !ok || got != want {
			t.Errorf("%q is %s, %t; want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "1", "1.000", ":", "::", "00:", ":00", "00:00:", "00:00:00:00", "00:60", "60:00", "001:00", "00:00,", "00:00.x",
		"00:00.0000000000", "-0:00", "+0:00", "00:00:00 ", " 00:00", "10000:00:00", "٠٠:٠٠", "00:00.1.1", "00:00,1,1",
	} {
		if got, ok := parseTime(text); ok {
			t.Errorf("%q is %s", text, got)
		}
	}
}

func TestTimeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Range(0, maxTime.Milliseconds()).Draw(t, "ms")) * time.Millisecond
		for _, point := range []byte{',', '.'} {
			if got, ok := parseTime(formatTime(want, point)); !ok || got != want {
				t.Fatalf("%s came back as %s, %t", formatTime(want, point), got, ok)
			}
		}
	})
}
