package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"magpie/internal/processing/ffmpeg"
)

// doctorCommand looks at the machine before a server does.
type doctorCommand struct {
	catalogFlags
	blobsFlag
	FFmpeg  string `name:"ffmpeg" env:"MAGPIE_FFMPEG" placeholder:"PATH" help:"The ffmpeg program. Default: from PATH."`
	FFprobe string `name:"ffprobe" env:"MAGPIE_FFPROBE" placeholder:"PATH" help:"The ffprobe program. Default: from PATH."`
}

// minFiles is how many files a busy server may have open.
const minFiles = 4096

// Run prints a line for each thing looked at: good, weak (it works, and would
// be better with it) or bad; and ends with status 1 if one is bad.
func (c *doctorCommand) Run(ctx context.Context, s surroundings) error {
	bad := 0
	line := func(v ffmpeg.Verdict, name, words string) {
		if v == ffmpeg.Bad {
			bad++
		}
		fmt.Fprintf(s.out, "%-5s %-12s %s\n", v, name, words)
	}
	report := func(name string, err error, good string) {
		if err != nil {
			line(ffmpeg.Bad, name, err.Error())
			return
		}
		line(ffmpeg.Good, name, good)
	}
	c.transcoder(ctx, line)
	words, err := writable(c.Data)
	report("data folder", err, words)
	words, err = space(c.Data)
	report("disk", err, words)
	if !c.own() {
		verdict, words := c.database(ctx)
		line(verdict, "database", words)
	}
	if c.Blobs != "" {
		place := blobPlace{blobsFlag: c.blobsFlag, data: c.Data, readOnly: true, env: s.env, log: slog.New(slog.NewTextHandler(s.err, nil))}
		words, err = place.reachable(ctx)
		report("blobs", err, words)
	}
	words, err = files()
	report("open files", err, words)
	if bad > 0 {
		return exitCode(1)
	}
	return nil
}

// database reports whether the catalogue can be read, and whether its server keeps
// what it has answered.
func (c *doctorCommand) database(ctx context.Context) (ffmpeg.Verdict, string) {
	u, err := c.url()
	if err != nil {
		return ffmpeg.Bad, err.Error()
	}
	rows, err := c.place().openReadOnly(ctx)
	if err != nil {
		return ffmpeg.Bad, err.Error()
	}
	defer rows.Close()
	words, durable, err := rows.Server(ctx)
	switch {
	case err != nil:
		return ffmpeg.Bad, err.Error()
	case !durable:
		return ffmpeg.Bad, fmt.Sprintf("%s: %s; both must be on, or a power failure loses what was answered", u, words)
	}
	return ffmpeg.Good, fmt.Sprintf("%s: %s", u, words)
}

// transcoder reports what ffmpeg is there and what it can do.
func (c *doctorCommand) transcoder(ctx context.Context, line func(v ffmpeg.Verdict, name, words string)) {
	engine, err := ffmpeg.New(ffmpeg.Config{FFmpeg: c.FFmpeg, FFprobe: c.FFprobe})
	if err != nil {
		line(ffmpeg.Bad, "ffmpeg", err.Error())
		return
	}
	findings, err := engine.Check(ctx)
	if err != nil {
		line(ffmpeg.Bad, "ffmpeg", err.Error())
	}
	for _, f := range findings {
		line(f.Verdict, "ffmpeg", f.Words)
	}
}

// writable checks that a file can be made, synced and removed in the folder.
func writable(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(folder, "doctor-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString("magpie"); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	full, err := filepath.Abs(folder)
	return full + " can be written and synced", err
}

func space(folder string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return "", err
	}
	free, total := st.Bavail*uint64(st.Bsize), st.Blocks*uint64(st.Bsize)
	words := fmt.Sprintf("%s of %s free", humanize.IBytes(free), humanize.IBytes(total))
	if free < 1<<30 {
		return "", fmt.Errorf("%s; uploads are refused when the reserve is reached", words)
	}
	return words, nil
}

func files() (string, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return "", err
	}
	if limit.Max < minFiles {
		return "", fmt.Errorf("the hard limit is %d; %d are wanted (ulimit -n)", limit.Max, minFiles)
	}
	return fmt.Sprintf("up to %d", limit.Max), nil
}
