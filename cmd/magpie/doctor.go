package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"magpie/internal/processing/ffmpeg"
)

// doctorCommand looks at the machine before a server does, with the settings that
// the server is to have.
type doctorCommand struct {
	catalogFlags
	blobsFlag
	busFlags
	KeyFile   string `name:"key-file" env:"MAGPIE_KEY_FILE" placeholder:"PATH" help:"The server's key file. Default: key in the data folder."`
	Listen    string `env:"MAGPIE_LISTEN" placeholder:"ADDRESS" help:"Address that the server is to listen on: is it free?"`
	PublicURL string `env:"MAGPIE_PUBLIC_URL" placeholder:"URL" help:"Origin at which clients reach the server: does it answer?"`
	FFmpeg    string `name:"ffmpeg" env:"MAGPIE_FFMPEG" placeholder:"PATH" help:"The ffmpeg program. Default: from PATH."`
	FFprobe   string `name:"ffprobe" env:"MAGPIE_FFPROBE" placeholder:"PATH" help:"The ffprobe program. Default: from PATH."`
	JSON      bool   `name:"json" help:"Print a JSON object for each line."`
}

// finding is one thing that was looked at. Advice is what to do about it, "" for
// what is good.
type finding struct {
	Verdict string `json:"verdict"`
	Name    string `json:"name"`
	Words   string `json:"words"`
	Advice  string `json:"advice,omitempty"`
}

func good(name, format string, args ...any) finding {
	return finding{string(ffmpeg.Good), name, fmt.Sprintf(format, args...), ""}
}

func weak(name, words, advice string) finding {
	return finding{string(ffmpeg.Weak), name, words, advice}
}

func bad(name, words, advice string) finding {
	return finding{string(ffmpeg.Bad), name, words, advice}
}

// Run prints a line for each thing looked at: good, weak (it works, and would
// be better with it) or bad, with what to do below it; and ends with status 1 if
// one is bad. No line holds a password or a key.
func (c *doctorCommand) Run(ctx context.Context, s surroundings) error {
	failed := false
	tell := func(found ...finding) error {
		for _, f := range found {
			f.Words = oneLine(f.Words)
			failed = failed || f.Verdict == string(ffmpeg.Bad)
			if c.JSON {
				if err := json.NewEncoder(s.out).Encode(f); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(s.out, "%-5s %-12s %s\n", f.Verdict, f.Name, f.Words)
			if f.Advice != "" {
				fmt.Fprintf(s.out, "%-5s %-12s → %s\n", "", "", f.Advice)
			}
		}
		return nil
	}
	inUse, running := c.lock()
	for _, look := range []func() []finding{
		func() []finding { return c.transcoder(ctx) },
		func() []finding { return []finding{c.folder(), running, c.space(), c.key()} },
		func() []finding { return c.database(ctx) },
		func() []finding { return c.bytes(ctx, s) },
		func() []finding { return c.carrier(ctx) },
		func() []finding { return c.address(ctx, inUse) },
		func() []finding { return c.public(ctx) },
		func() []finding { return []finding{clock(), files()} },
	} {
		if err := tell(look()...); err != nil {
			return err
		}
	}
	if failed {
		return exitCode(1)
	}
	return nil
}

// oneLine is what an error of several lines says, on one.
func oneLine(s string) string {
	lines := strings.FieldsFunc(s, func(c rune) bool { return c == '\n' || c == '\t' || c == '\r' })
	return strings.Join(lines, "; ")
}

// transcoder reports what ffmpeg is there and what it can do, and what fences it.
func (c *doctorCommand) transcoder(ctx context.Context) []finding {
	engine, err := ffmpeg.New(ffmpeg.Config{FFmpeg: c.FFmpeg, FFprobe: c.FFprobe})
	if err != nil {
		return []finding{bad("ffmpeg", err.Error(), installFFmpeg)}
	}
	return transcoderFindings(ctx, engine)
}

const installFFmpeg = "Install Debian's ffmpeg, or name another one by --ffmpeg and --ffprobe."

// transcoderFindings reports what an engine's ffmpeg can do.
func transcoderFindings(ctx context.Context, engine *ffmpeg.Engine) []finding {
	looked, err := engine.Check(ctx)
	var out []finding
	for _, f := range looked {
		switch f.Verdict {
		case ffmpeg.Bad:
			out = append(out, bad("ffmpeg", f.Words, installFFmpeg))
		case ffmpeg.Weak:
			out = append(out, weak("ffmpeg", f.Words, "It can stay so. Debian's ffmpeg, and Linux from 6.7 on, have all of it."))
		default:
			out = append(out, good("ffmpeg", "%s", f.Words))
		}
	}
	if err != nil {
		out = append(out, bad("ffmpeg", err.Error(), installFFmpeg))
	}
	return out
}
