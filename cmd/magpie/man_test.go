package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// say runs a command of the program in this process.
func say(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if err := run(t.Context(), args, surroundings{out: &out, err: &errs, env: func(string) string { return "" }}); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return out.String()
}

// TestMan: the page has every command and every flag, and each line that begins
// with a dot is a macro that man(7) has.
func TestMan(t *testing.T) {
	page := say(t, "man")
	parser, err := newParser(t.Context(), surroundings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range parser.Model.Leaves(true) {
		_, section, ok := strings.Cut(page, ".SS \"magpie "+roff(pathOf(n))+"\"\n")
		if !ok {
			t.Errorf("%s is not in the page", pathOf(n))
			continue
		}
		section, _, _ = strings.Cut(section, "\n.S")
		for _, f := range n.Flags {
			if !strings.Contains(section, "\n.B "+roff("--"+f.Name)) {
				t.Errorf("%s --%s is not in the page", pathOf(n), f.Name)
			}
		}
	}
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !regexp.MustCompile(`^\.(TH|SH|SS|TP|B|I|BR|RI|nh|ad)\b`).MatchString(line) {
			t.Errorf("a line that would be read as a request: %q", line)
		}
	}
}

func TestRoff(t *testing.T) {
	for in, want := range map[string]string{
		".so /etc/passwd": `\&.so /etc/passwd`,
		"a-b":             `a\-b`,
		`C:\x "y" 'z'`:    `C:\ex \(dqy\(dq \(aqz\(aq`,
		"two\nlines":      "two lines",
	} {
		if got := roff(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestExitCodesPage holds docs/cli.md against the exit codes.
func TestExitCodesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(string(page), -1)
	codes := exitCodes()
	if len(rows) != len(codes) {
		t.Fatalf("the page has %d codes, the program %d", len(rows), len(codes))
	}
	for i, row := range rows {
		if row[1] != strconv.Itoa(int(codes[i].code)) {
			t.Errorf("the page has %s, the program %d", row[1], codes[i].code)
		}
	}
}
