package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize/english"

	"magpie/internal/client"
	"magpie/internal/media"
)

// serverFlags name the server that a client's command speaks to.
type serverFlags struct {
	To    string `default:"http://127.0.0.1:8080" env:"MAGPIE_URL" help:"The server."`
	Token string `required:"" env:"MAGPIE_TOKEN" help:"An access token with media.write, and tweet.read for the URLs."`
}

// server makes the client. What it waits for goes to say.
func (f serverFlags) server(patience time.Duration, say func(string)) (*client.Server, error) {
	return client.New(client.Config{
		URL: f.To, Token: f.Token, Patience: patience, Now: time.Now, Random: rand.Float64, Say: say,
	})
}

// uploadCommand is a client of X's API: what it does here it does there.
type uploadCommand struct {
	Files []string `arg:"" name:"file" help:"Files, folders, and - for standard input."`
	serverFlags
	API       string        `name:"api" default:"auto" enum:"auto,magpie,x" help:"What the server speaks: x for X's API alone, magpie for that and magpie's own, auto to ask it."`
	Category  string        `placeholder:"NAME" help:"media_category, such as tweet_video. Default: from the file."`
	Type      string        `placeholder:"TYPE" help:"media_type. Default: from the file's name, else from its bytes."`
	Metadata  string        `placeholder:"FILE" help:"JSON with the groups of the metadata call, set on every file."`
	Alt       string        `placeholder:"TEXT" help:"Alt text of the one file."`
	Subtitles []string      `sep:"none" placeholder:"FILE:LANGUAGE" help:"Subtitles for the one video, such as en.srt:en or en.srt:en:English; may be given more than once."`
	Segment   size          `default:"4MiB" help:"Bytes a segment; more where the file would need over 1000."`
	Parallel  int           `default:"3" help:"Segments sent at once, and files that are worked on at once."`
	Retry     time.Duration `default:"5m" help:"How long to try again what gets no answer, or 503."`
	NoResume  bool          `name:"no-resume" help:"Begin anew, and remember nothing for later."`
	JSON      bool          `name:"json" help:"One line of JSON for each file, also for one, with the file's name, and with the error where there is one."`
}

// Run uploads the files, waits until they are processed, and prints each media
// as a lookup shows it, with the URLs.
func (c *uploadCommand) Run(ctx context.Context, s surroundings) error {
	files, skipped, err := collect(c.Files)
	if err != nil {
		return err
	}
	common, err := c.common(len(files))
	if err != nil {
		return err
	}
	if skipped > 0 {
		fmt.Fprintf(s.err, "left out of the folders: %s without a media type in the name\n", english.Plural(skipped, "file", ""))
	}
	many := len(files) > 1 || c.JSON || len(c.Files) > 1 || c.Files[0] != files[0]
	shown := newProgress(ctx, s.err, len(files) > 1)
	u, err := c.uploader(ctx, s, shown)
	if err != nil {
		shown.stop()
		return stopped(ctx, s, err)
	}
	b := &batch{uploader: u, common: common, shown: shown, in: s.in}
	if !many {
		data, err := b.one(ctx, files[0])
		shown.stop()
		if err != nil {
			return stopped(ctx, s, err)
		}
		out, err := json.MarshalIndent(map[string]any{"data": data}, "", "  ")
		if err == nil {
			_, err = fmt.Fprintln(s.out, string(out))
		}
		return err
	}
	var late bytes.Buffer // what would stand between the bars
	out := s.out
	if isTerminal(s.out) && isTerminal(s.err) {
		out = &late
	}
	failed, err := b.all(ctx, files, max(1, c.Parallel), out)
	shown.stop()
	_, err1 := late.WriteTo(s.out)
	if err := errors.Join(err, err1); err != nil {
		return err
	}
	return b.outcome(ctx, s, len(files), failed)
}

// common reads what all of n files get.
func (c *uploadCommand) common(n int) (client.Upload, error) {
	up := client.Upload{Segment: int64(c.Segment)}
	if c.Segment <= 0 {
		return up, errors.New("--segment: 0 bytes are no segment")
	}
	var err error
	if c.Category != "" {
		if up.Category, err = media.ParseCategory(c.Category); err != nil {
			return up, fmt.Errorf("--category: %w", err)
		}
	}
	if c.Type != "" {
		if up.Type, err = media.ParseType(c.Type); err != nil {
			return up, fmt.Errorf("--type: %w", err)
		}
	}
	if n > 1 && (c.Alt != "" || len(c.Subtitles) > 0 || c.Type != "") {
		return up, fmt.Errorf("--alt, --subtitles and --type are for one file, and there are %d", n)
	}
	if c.Metadata != "" {
		if up.Metadata, err = readMetadata(c.Metadata); err != nil {
			return up, fmt.Errorf("--metadata: %w", err)
		}
	}
	if c.Alt != "" {
		if up.Metadata["alt_text"] != nil {
			return up, errors.New("--alt: the file of --metadata has an alt_text too; leave one of them out")
		}
		if up.Metadata == nil {
			up.Metadata = map[string]json.RawMessage{}
		}
		if up.Metadata["alt_text"], err = json.Marshal(map[string]string{"text": c.Alt}); err != nil {
			return up, err
		}
	}
	for _, text := range c.Subtitles {
		one, err := client.ParseSubtitle(text)
		if err == nil {
			_, err = os.Stat(one.Path)
		}
		if err != nil {
			return up, fmt.Errorf("--subtitles: %w", err)
		}
		up.Subtitles = append(up.Subtitles, one)
	}
	return up, nil
}

// readMetadata reads a file of at most 1 MiB, as much as the server takes.
func readMetadata(path string) (map[string]json.RawMessage, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 1<<20+1))
	if err != nil {
		return nil, err
	}
	if len(b) > 1<<20 {
		return nil, fmt.Errorf("%s has more than 1 MiB", path)
	}
	groups, err := client.ReadMetadata(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return groups, nil
}

// uploader makes the client that uploads.
func (c *uploadCommand) uploader(ctx context.Context, s surroundings, shown progress) (*client.Uploader, error) {
	server, err := c.server(c.Retry, shown.say)
	if err != nil {
		return nil, err
	}
	dialect := client.Dialect(c.API)
	if dialect == client.Auto {
		if dialect, err = server.Dialect(ctx); err != nil {
			return nil, err
		}
	}
	var memory *client.Memory
	if !c.NoResume {
		if memory, err = remembering(s); err != nil {
			shown.say(fmt.Sprintf("nothing is remembered to go on with later: %v", err))
		}
	}
	return client.NewUploader(server, dialect, memory, c.Parallel), nil
}

// remembering opens the folder of what was begun, below the user's state folder
// (XDG Base Directory Specification).
func remembering(s surroundings) (*client.Memory, error) {
	state := s.env("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home := s.env("HOME")
		if !filepath.IsAbs(home) {
			return nil, errors.New("neither XDG_STATE_HOME nor HOME names a folder")
		}
		state = filepath.Join(home, ".local", "state")
	}
	return client.NewMemory(filepath.Join(state, "magpie", "uploads"), time.Now)
}

// The exit codes of an upload that was not finished, beside 1 for one that
// failed: docs/cli.md.
const (
	exitLater       exitCode = 75  // EX_TEMPFAIL
	exitInterrupted exitCode = 130 // 128 + SIGINT
)

// stopped says why an upload ended before its end, and how it goes on.
func stopped(ctx context.Context, s surroundings, err error) error {
	var i *client.Interrupted
	if !errors.As(err, &i) {
		if ctx.Err() == nil {
			return err
		}
		i = &client.Interrupted{Err: err}
	}
	words, code := i.Error(), exitLater
	if ctx.Err() != nil {
		words, code = "stopped", exitInterrupted
	}
	if !i.Until.IsZero() {
		words += ". What arrived is kept: the same command goes on from there, until " + i.Until.Local().Format("2006-01-02 15:04")
	}
	fmt.Fprintln(s.err, "magpie:", words)
	return code
}
