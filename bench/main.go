// Command bench measures what a finalize starts: it drives the built binary over
// HTTP as a client does, runs beside it, in turns, what others would have used
// (the scripts in this folder), and prints a table of medians and ratios.
//
//	go run ./bench [-magpie bin/magpie] [-rounds 3] [-keep FOLDER] [case …]
//
// The cases are ladder, copy, film, images, throughput and events; without any it
// measures them all, which takes some tens of minutes. It makes its
// own samples, the same each time, and keeps them for the next run if told where.
// No test depends on what it measures.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/bench/gauge"
)

// bench is one run.
type bench struct {
	magpie string // the binary
	rounds int
	dir    string // for samples, and data folders while they are used
	out    io.Writer
	log    io.Writer
	table  gauge.Table
}

// measurement is one case: a name to ask for it by, and what measures it.
type measurement struct {
	name string
	run  func(*bench, context.Context) error
}

func measurements() []measurement {
	return []measurement{
		{"ladder", (*bench).ladder},
		{"copy", (*bench).copyShort},
		{"film", (*bench).copyFilm},
		{"images", (*bench).images},
		{"throughput", (*bench).throughput},
		{"events", (*bench).events},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, log io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	binary := flags.String("magpie", "bin/magpie", "the binary to measure")
	rounds := flags.Int("rounds", 3, "how often each is measured")
	keep := flags.String("keep", "", "folder that keeps the samples; default: one that is removed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if *rounds < 1 {
		return fmt.Errorf("-rounds %d: wants 1 or more", *rounds)
	}
	b := &bench{rounds: *rounds, dir: *keep, out: out, log: log}
	if b.magpie, err = filepath.Abs(*binary); err != nil {
		return err
	}
	if b.dir != "" { // vipsthumbnail takes a relative name for one beside its source
		if b.dir, err = filepath.Abs(b.dir); err != nil {
			return err
		}
	}
	if b.dir == "" {
		if b.dir, err = os.MkdirTemp("", "magpie-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(b.dir)
	} else if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\n%s, medians of %d rounds in turns\n\n", gauge.Machine(ctx, []string{"ffmpeg", "-version"}, []string{"vips", "--version"}), time.Now().Format(time.DateOnly), b.rounds)
	for _, m := range chosen {
		fmt.Fprintf(out, "%s, at a load of %s:\n\n", m.name, gauge.Load())
		if err := m.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		b.print()
		fmt.Fprintf(out, "The load is %s now.\n\n", gauge.Load())
	}
	return nil
}

// choose gives the cases that were asked for.
func choose(names []string) ([]measurement, error) {
	all := measurements()
	if len(names) == 0 {
		return all, nil
	}
	var out []measurement
	for _, name := range names {
		i := slices.IndexFunc(all, func(m measurement) bool { return m.name == name })
		if i < 0 {
			var known []string
			for _, m := range all {
				known = append(known, m.name)
			}
			return nil, fmt.Errorf("there is no case %q; there are %s", name, strings.Join(known, ", "))
		}
		out = append(out, all[i])
	}
	return out, nil
}

// print writes the table out and begins another.
func (b *bench) print() {
	b.table.Print(b.out)
	b.table = nil
	fmt.Fprintln(b.out)
}

// say tells whoever waits what is being done.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
