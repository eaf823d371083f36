package ffmpeg

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// A comparison is worth something only if both make the same. The script that
// `make bench` runs beside magpie must follow the engine.
func TestBenchScriptMakesTheSameRungs(t *testing.T) {
	b, err := os.ReadFile("../../../bench/ladder.sh")
	if err != nil {
		t.Fatal(err)
	}
	script := string(b)
	p := plan{Rungs: ladder(1920, 1080, 2160, 30), Audio: &audioPlan{}}
	for i, r := range p.Rungs {
		if line := fmt.Sprintf(`$(encode %d %d) "$out/%s.mp4"`, i, r.MaxRate, r.name()); !strings.Contains(script, line) {
			t.Errorf("the script has no line %s", line)
		}
	}
	args := append(p.encodeArgs("2"), soundArgs()...)
	for i := 0; i+1 < len(args); i += 2 {
		pair := args[i] + " " + strings.TrimSuffix(args[i+1], exactly)
		switch args[i] {
		case "-threads", "-flags:a":
			continue // named otherwise there, or without effect on what is made
		}
		if !strings.Contains(script, pair) {
			t.Errorf("the script does not say %q", pair)
		}
	}
}
