package bus

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestVerdict(t *testing.T) {
	t.Parallel()
	cfg, err := Config{Dir: "x"}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	for _, c := range []struct {
		name     string
		delivery int
		ended    bool
		err      error
		word     string
		wait     time.Duration
	}{
		{"done", 1, false, nil, "+ACK", 0},
		{"done in spite of a shutdown", 1, true, nil, "+ACK", 0},
		{"first error", 1, false, broken, `-NAK {"delay":1000000000}`, time.Second},
		{"second error", 2, false, broken, `-NAK {"delay":5000000000}`, 5 * time.Second},
		{"third error", 3, false, broken, `-NAK {"delay":30000000000}`, 30 * time.Second},
		{"fourth error", 4, false, broken, `-NAK {"delay":120000000000}`, 2 * time.Minute},
		{"hundredth error", 100, false, broken, `-NAK {"delay":120000000000}`, 2 * time.Minute},
		{"cut short", 3, true, broken, "-NAK", 0},
		{"later", 3, false, Later(time.Hour, broken), `-NAK {"delay":3600000000000}`, time.Hour},
		{"later, wrapped", 3, false, fmt.Errorf("probe: %w", Later(time.Minute, nil)), `-NAK {"delay":60000000000}`, time.Minute},
		{"later in spite of a shutdown", 3, true, Later(time.Minute, nil), `-NAK {"delay":60000000000}`, time.Minute},
		{"at once", 3, false, Later(-time.Hour, broken), "-NAK", 0},
	} {
		word, wait := verdict(cfg, c.delivery, c.ended, c.err)
		if string(word) != c.word || wait != c.wait {
			t.Errorf("%s: %s in %s, want %s in %s", c.name, word, wait, c.word, c.wait)
		}
	}
}

func TestLaterWraps(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	err := Later(time.Minute, broken)
	if !errors.Is(err, broken) {
		t.Error("Later hides its cause")
	}
	if got, want := err.Error(), "again in 1m0s: broken"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := Later(-1, nil).Error(), "again in 0s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
