package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// TestConfigurationPage holds docs/configuration.md against the command line:
// every command has a section with a row for each of its flags, and no others;
// name, environment variable, key and default are as the program has them.
func TestConfigurationPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	documented := rowsOf(t, string(page))
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"magpie": flagRows(parser.Model.Flags)}
	for _, command := range parser.Model.Leaves(false) {
		if rows := flagRows(command.Flags); len(rows) > 0 {
			want["magpie "+pathOf(command)] = rows
		}
	}
	if diff := cmp.Diff(want, documented); diff != "" {
		t.Errorf("docs/configuration.md and the program differ (-program +page):\n%s", diff)
	}
}

// flagRows writes flags as the page has them, without what they mean.
func flagRows(flags []*kong.Flag) []string {
	var rows []string
	for _, f := range flags {
		if f.Name == "help" {
			continue
		}
		key := "`" + f.Name + "`"
		if f.Name == "config" {
			key = "–" // a file doesn't name itself
		}
		rows = append(rows, fmt.Sprintf("`--%s` | %s | %s | %s", f.Name, codeOr(strings.Join(f.Envs, " ")), key, codeOr(f.Default)))
	}
	return rows
}

func codeOr(s string) string {
	if s == "" {
		return "–"
	}
	return "`" + s + "`"
}

// rowsOf reads the page's rows by section, without what they mean, which must
// be there.
func rowsOf(t *testing.T, page string) map[string][]string {
	t.Helper()
	rows, section := map[string][]string{}, ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = strings.Trim(title, "`")
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(cells[0], "`--") {
			continue
		}
		if len(cells) != 5 || len(cells[4]) < 10 {
			t.Errorf("not a row with five cells: %s", line)
			continue
		}
		rows[section] = append(rows[section], strings.Join(cells[:4], " | "))
	}
	return rows
}
