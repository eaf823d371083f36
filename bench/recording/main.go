// Command recording makes docs/images/first-upload.svg: a shell in a terminal types the
// commands of a first upload, with the real programs and a server of its own, and what the
// terminal showed becomes a film. `make recording` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const columns, rows = 104, 18

// session is what is typed.
var session = []string{
	`magpie serve 2>serve.log &`,
	`export MAGPIE_TOKEN=$(magpie token create --user 2244994945)`,
	`magpie upload holiday.mp4 --alt "A day at the sea" >answer.json`,
	`grep -o 'http[^"]*\.\(mp4\|m3u8\)' answer.json`,
	`magpie media ls`,
	`magpie check`,
}

func main() {
	binary := flag.String("magpie", "bin/magpie", "the program that is shown")
	to := flag.String("to", "docs/images/first-upload.svg", "where the film goes")
	flag.Parse()
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	if err := record(ctx, *binary, *to); err != nil {
		fmt.Fprintln(os.Stderr, "recording:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context, binary, to string) error {
	dir, err := os.MkdirTemp("", "recording-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	film := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=12",
		"-f", "lavfi", "-i", "sine=duration=12", "-pix_fmt", "yuv420p", filepath.Join(dir, "holiday.mp4"))
	if said, err := film.CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, said)
	}
	bin, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if err := os.Symlink(bin, filepath.Join(dir, "magpie")); err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	shell := exec.CommandContext(ctx, "bash", "--norc", "--noprofile", "-i")
	shell.Dir = dir
	shell.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "PS1=$ ", "TERM=xterm", "INPUTRC=/dev/null", "HISTFILE=",
		"MAGPIE_DATA=data", "MAGPIE_LISTEN="+address, "MAGPIE_URL=http://"+address, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	t, err := openTerminal(shell)
	if err != nil {
		return err
	}
	frames, length, err := t.play(ctx, session)
	if err != nil {
		return err
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	title := "A terminal: magpie is started, a token is made, and a video is uploaded with a bar for its bytes and its processing; the addresses of its sizes follow."
	if err := writeSVG(out, title, columns, rows, frames, length); err != nil {
		return err
	}
	return out.Close()
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
