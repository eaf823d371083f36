package ffmpeg

import (
	"slices"
	"strings"
	"testing"
)

// However many rungs there are, the sound is encoded once for them, and once more for
// a copied top whose own will not do.
func TestSoundIsEncodedOnce(t *testing.T) {
	three := []rung{{320, 180, 1}, {640, 360, 2}, {1280, 720, 3}}
	sound := &audioPlan{Index: 1, SampleRate: 48000}
	for _, c := range []struct {
		name    string
		plan    plan
		encoded int      // how often the sound is
		files   []string // with which video and sound
	}{
		{"a ladder", plan{Rungs: three, Audio: sound}, 1, []string{"v:0,a", "v:1,a", "v:2,a"}},
		{"one rung", plan{Rungs: three[:1], Audio: sound}, 1, nil},
		{"silence", plan{Rungs: three}, 0, nil},
		{"a copied top", plan{Rungs: three, Audio: sound, Copy: true, CopySound: true}, 1, []string{"v:0,a", "v:1,a"}},
		{"a top with copied pictures", plan{Rungs: three, Audio: sound, Copy: true}, 2, []string{"v:0,a", "v:1,a"}},
		{"a top that is there", plan{Rungs: three, Audio: sound, Copy: true, CopySound: true, Apart: true}, 1, []string{"v:0,a", "v:1,a"}},
		{"two, one copied", plan{Rungs: three[:2], Audio: sound, Copy: true, CopySound: true}, 1, nil},
		{"a copy alone", plan{Rungs: three[:1], Audio: sound, Copy: true, CopySound: true, Only: true}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &Engine{threads: 2}
			args := e.renderArgs(source{url: "original"}, c.plan)
			encoded := 0
			for i, arg := range args {
				if arg == "-c:a" && args[i+1] == "aac" {
					encoded++
				}
			}
			if encoded != c.encoded || c.plan.sounds() != c.encoded {
				t.Errorf("encoded %d times, planned %d times, want %d: %q", encoded, c.plan.sounds(), c.encoded, args)
			}
			for i, r := range c.plan.made() {
				name := r.name() + ".mp4"
				if slices.Contains(args, name) {
					continue // a file of its own
				}
				at := slices.IndexFunc(args, func(arg string) bool { return strings.HasSuffix(arg, name) || strings.Contains(arg, name+"|") })
				if at < 0 || i >= len(c.files) || !strings.Contains(args[at], `[select=\'`+c.files[i]+`\':onfail=abort:`) {
					t.Errorf("%s is not written: %q", name, args)
				}
			}
		})
	}
}
