package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// manCommand prints the manual page, made of the command line as it is.
type manCommand struct{}

// Run prints the page in the language of man(7).
func (c *manCommand) Run(s surroundings, app *kong.Kong) error {
	var b strings.Builder
	manual(&b, app.Model)
	_, err := io.WriteString(s.out, b.String())
	return err
}

// manual writes the page.
func manual(w io.Writer, app *kong.Application) {
	fmt.Fprintf(w, ".TH MAGPIE 1 \"\" \"magpie\" \"magpie manual\"\n.nh\n.ad l\n.SH NAME\nmagpie \\- %s\n", roff(strings.TrimSuffix(app.Help, ".")))
	fmt.Fprint(w, ".SH SYNOPSIS\n.B magpie\n.I command\n.RI [ flags ]\n")
	fmt.Fprint(w, ".SH DESCRIPTION\n")
	fmt.Fprint(w, roff(`Every flag can be given on the command line, by the environment variable that is named beside it, or under its own name in the YAML file of --config, in that order of precedence.`)+"\n")
	manualFlags(w, app.Flags)
	fmt.Fprint(w, ".SH COMMANDS\n")
	for _, n := range app.Leaves(true) {
		fmt.Fprintf(w, ".SS \"magpie %s\"\n%s\n", roff(pathOf(n)), roff(n.Help))
		for _, alias := range n.Aliases {
			fmt.Fprintf(w, "Also\n.B %s\nin the place of\n.BR %s .\n", roff(alias), roff(n.Name))
		}
		for _, a := range n.Positional {
			fmt.Fprintf(w, ".TP\n.I %s\n%s\n", roff(a.Summary()), roff(a.Help))
		}
		manualFlags(w, n.Flags)
	}
	fmt.Fprint(w, ".SH EXIT STATUS\n")
	for _, row := range exitCodes() {
		fmt.Fprintf(w, ".TP\n.B %d\n%s\n", row.code, roff(row.words))
	}
	fmt.Fprint(w, ".SH FILES\n.TP\n.I $XDG_STATE_HOME/magpie/uploads\n")
	fmt.Fprint(w, roff("What magpie upload has begun and not finished; ~/.local/state without that variable.")+"\n")
}

// pathOf is a command as it is typed after magpie, without its other names.
func pathOf(n *kong.Node) string {
	path, _, _ := strings.Cut(n.Path(), " (")
	return path
}

// manualFlags writes flags with what they take, by default and by variable.
func manualFlags(w io.Writer, flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		fmt.Fprintf(w, ".TP\n.B %s", roff("--"+f.Name))
		if !f.IsBool() {
			fmt.Fprintf(w, "=%s", roff(f.FormatPlaceHolder()))
		}
		fmt.Fprintf(w, "\n%s\n", roff(f.Help))
		if len(f.Envs) > 0 {
			fmt.Fprintf(w, "Variable: %s.\n", roff(strings.Join(f.Envs, ", ")))
		}
	}
}

// roff writes text so that nothing in it is a request.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ", `"`, `\(dq`, "'", `\(aq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// exitCodes are what the program ends with, and why. docs/cli.md has them too.
func exitCodes() []struct {
	code  exitCode
	words string
} {
	return []struct {
		code  exitCode
		words string
	}{
		{0, "Everything was done."},
		{1, "Something was refused or failed, or the command line is wrong."},
		{exitLater, "An upload got no answer in time. The same command goes on from there."},
		{exitInterrupted, "An upload was interrupted, by Ctrl-C or SIGTERM. The same command goes on from there."},
	}
}
