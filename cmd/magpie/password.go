package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"magpie/internal/auth"
)

// passwordFlags say where a password comes from. Not from the command line,
// which every user of the machine can see.
type passwordFlags struct {
	PasswordFile  string `name:"password-file" xor:"password" placeholder:"PATH" help:"File whose first line is the password. Default: it is asked for at the terminal."`
	PasswordStdin bool   `name:"password-stdin" xor:"password" help:"The password is the first line of standard input."`
}

// password reads the password. At a terminal it is asked for twice and not
// shown.
func (p passwordFlags) password(ctx context.Context, s surroundings) (string, error) {
	switch {
	case p.PasswordFile != "":
		f, err := os.Open(p.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("--password-file: %w", err)
		}
		defer f.Close()
		return firstLine(bufio.NewReader(f))
	case p.PasswordStdin:
		return firstLine(bufio.NewReader(s.in))
	}
	terminal, ok := s.in.(*os.File)
	if !ok {
		return "", errNoTerminal
	}
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		return "", errNoTerminal
	}
	silent := *state
	silent.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, &silent); err != nil {
		return "", fmt.Errorf("hide what is typed: %w", err)
	}
	defer func() { _ = unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, state) }()
	return askTwice(ctx, s, terminal)
}

var errNoTerminal = errors.New("there is no terminal to ask for the password at: use --password-file or --password-stdin")

func askTwice(ctx context.Context, s surroundings, from io.Reader) (string, error) {
	lines := bufio.NewReader(from)
	ask := func(prompt string) (string, error) {
		fmt.Fprint(s.err, prompt)
		type line struct {
			text string
			err  error
		}
		typed := make(chan line, 1)
		go func() {
			text, err := firstLine(lines)
			typed <- line{text, err}
		}()
		select {
		case l := <-typed:
			fmt.Fprintln(s.err)
			return l.text, l.err
		case <-ctx.Done(): // the terminal shows again what is typed
			return "", ctx.Err()
		}
	}
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("The same again: ")
	if err != nil {
		return "", err
	}
	if again != password {
		return "", errors.New("the two passwords differ")
	}
	return password, nil
}

// firstLine reads up to the end of a line, which it leaves out.
func firstLine(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for b.Len() <= auth.MaxPassword+2 {
		c, err := r.ReadByte()
		if errors.Is(err, io.EOF) || c == '\n' {
			break
		}
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		b.WriteByte(c)
	}
	return strings.TrimSuffix(b.String(), "\r"), nil
}
