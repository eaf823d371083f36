package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints what a shell completes magpie's commands by. It is
// made of the command line as it is, so that it is never behind.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the script.
func (c *completionCommand) Run(s surroundings, app *kong.Kong) error {
	var b strings.Builder
	write := map[string]func(io.Writer, []place){"bash": completeBash, "zsh": completeZsh, "fish": completeFish}[c.Shell]
	write(&b, places(app.Model))
	_, err := io.WriteString(s.out, b.String())
	return err
}

// place is a point of the command line up to which it has been typed, such as
// "token create", and what may follow there.
type place struct {
	path      string
	commands  []*kong.Node
	arguments []string // the values of an argument, where they are known
	flags     []*kong.Flag
}

// places lists all points of the command line, the beginning first.
func places(app *kong.Application) []place {
	var out []place
	var visit func(n *kong.Node, path string)
	visit = func(n *kong.Node, path string) {
		p := place{path: path, commands: n.Children}
		for _, a := range n.Positional {
			p.arguments = append(p.arguments, choices(a)...)
		}
		for _, group := range n.AllFlags(true) {
			p.flags = append(p.flags, group...)
		}
		out = append(out, p)
		for _, c := range n.Children {
			visit(c, strings.TrimSpace(path+" "+c.Name))
		}
	}
	visit(app.Node, "")
	return out
}

// choices are the values that a flag or argument takes, none where they are not
// known.
func choices(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	var out []string
	for _, word := range v.EnumSlice() {
		if word != "" {
			out = append(out, word)
		}
	}
	return out
}

// steps writes the arms of a case that walks from place to place, each from
// "path word".
func steps(w io.Writer, all []place, arm string) {
	for _, p := range all {
		for _, c := range p.commands {
			for _, name := range append([]string{c.Name}, c.Aliases...) {
				fmt.Fprintf(w, arm, p.path+" "+name, strings.TrimSpace(p.path+" "+c.Name))
			}
		}
	}
}

// values writes the arms of a case on a place and the flag before the word: known
// for a flag whose values are known, other for others that take one.
func values(w io.Writer, all []place, known, other string) {
	for _, p := range all {
		for _, f := range p.flags {
			if c := choices(f.Value); len(c) > 0 {
				fmt.Fprintf(w, known, p.path+" --"+f.Name, strings.Join(c, " "))
			} else if !f.IsBool() {
				fmt.Fprintf(w, other, p.path+" --"+f.Name)
			}
		}
	}
}

func completeBash(w io.Writer, all []place) {
	fmt.Fprint(w, `# bash completion for magpie: magpie completion bash > /etc/bash_completion.d/magpie
_magpie() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" words="" flags="" i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$at ${COMP_WORDS[i]}" in
`)
	steps(w, all, "            %q) at=%q ;;\n")
	fmt.Fprint(w, "        esac\n    done\n    case \"$at $prev\" in\n")
	values(w, all, "        %q) COMPREPLY=($(compgen -W %q -- \"$cur\")); return ;;\n", "        %q) return ;;\n")
	fmt.Fprint(w, "    esac\n    case \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(w, "        %q) words=%q flags=%q ;;\n", p.path, strings.Join(p.words(), " "), strings.Join(p.flagNames(), " "))
	}
	fmt.Fprint(w, `    esac
    [[ $cur == -* ]] && words=$flags
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _magpie magpie
`)
}

// words are the commands and values that may be typed at a place.
func (p place) words() []string {
	var out []string
	for _, c := range p.commands {
		out = append(out, c.Name)
	}
	return append(out, p.arguments...)
}

// flagNames are the flags that may be typed at a place, with their hyphens.
func (p place) flagNames() []string {
	out := make([]string, len(p.flags))
	for i, f := range p.flags {
		out[i] = "--" + f.Name
	}
	return out
}

func completeZsh(w io.Writer, all []place) {
	fmt.Fprint(w, `#compdef magpie
# zsh completion for magpie: magpie completion zsh > "${fpath[1]}/_magpie"
_magpie() {
    local at="" i
    local -a commands flags
    for ((i = 2; i < CURRENT; i++)); do
        case "$at ${words[i]}" in
`)
	steps(w, all, "            (%q) at=%q ;;\n")
	fmt.Fprint(w, "        esac\n    done\n    case \"$at ${words[CURRENT-1]}\" in\n")
	values(w, all, "        (%q) compadd -- %s; return ;;\n", "        (%q) _files; return ;;\n")
	fmt.Fprint(w, "    esac\n    case \"$at\" in\n")
	for _, p := range all {
		fmt.Fprintf(w, "        (%q)\n            commands=(", p.path)
		for _, c := range p.commands {
			fmt.Fprintf(w, " %s", single(c.Name+":"+strings.ReplaceAll(c.Help, ":", `\:`)))
		}
		for _, word := range p.arguments {
			fmt.Fprintf(w, " %s", single(word))
		}
		fmt.Fprint(w, " )\n            flags=(")
		for _, f := range p.flags {
			fmt.Fprintf(w, " %s", single("--"+f.Name+":"+strings.ReplaceAll(f.Help, ":", `\:`)))
		}
		fmt.Fprint(w, " ) ;;\n")
	}
	fmt.Fprint(w, `    esac
    if [[ "${words[CURRENT]}" == -* ]]; then
        _describe 'flag' flags
    elif (( ${#commands} )); then
        _describe 'command' commands
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_magpie" ]; then _magpie "$@"; else compdef _magpie magpie; fi
`)
}

func completeFish(w io.Writer, all []place) {
	fmt.Fprint(w, `# fish completion for magpie: magpie completion fish > ~/.config/fish/completions/magpie.fish
function __magpie_at
    set -l at ""
    set -l typed (commandline -opc)
    for word in $typed[2..-1]
        switch "$at $word"
`)
	steps(w, all, "            case %q\n                set at %q\n")
	fmt.Fprint(w, "        end\n    end\n    test \"$at\" = \"$argv[1]\"\nend\n")
	for _, p := range all {
		here := "-n " + single("__magpie_at "+doubled(p.path))
		if len(p.commands)+len(p.arguments) > 0 {
			fmt.Fprintf(w, "complete -c magpie %s -f\n", here)
		}
		for _, c := range p.commands {
			fmt.Fprintf(w, "complete -c magpie %s -a %s -d %s\n", here, c.Name, single(c.Help))
		}
		for _, word := range p.arguments {
			fmt.Fprintf(w, "complete -c magpie %s -a %s\n", here, word)
		}
		for _, f := range p.flags {
			needs := ""
			if c := choices(f.Value); len(c) > 0 {
				needs = " -x -a " + single(strings.Join(c, " "))
			} else if !f.IsBool() {
				needs = " -r"
			}
			fmt.Fprintf(w, "complete -c magpie %s -l %s%s -d %s\n", here, f.Name, needs, single(f.Help))
		}
	}
}

func doubled(s string) string { return `"` + s + `"` }

// single puts text between single quotes, as zsh and fish both read them.
func single(s string) string {
	return "'" + strings.NewReplacer(`'`, `'\''`).Replace(s) + "'"
}
