package main

import (
	"strings"
	"testing"
)

// TestCompletion: each shell's script has every command and every flag. What
// they complete is asked of the shell itself in e2e/testdata/script.
func TestCompletion(t *testing.T) {
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	flag := map[string]string{"bash": "--", "zsh": "'--", "fish": " -l "}
	for shell, before := range flag {
		script := say(t, "completion", shell)
		for _, n := range parser.Model.Leaves(true) {
			if !strings.Contains(script, `"`+pathOf(n)+`"`) {
				t.Errorf("%s: %s is not there", shell, pathOf(n))
			}
			for _, f := range n.Flags {
				if !strings.Contains(script, before+f.Name) {
					t.Errorf("%s: %s --%s is not there", shell, pathOf(n), f.Name)
				}
			}
		}
	}
}

func TestSingleQuotes(t *testing.T) {
	if got, want := single("the server's $HOME `x` \"y\""), `'the server'\''s $HOME `+"`x`"+` "y"'`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
