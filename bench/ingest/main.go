// Command ingest measures how magpie takes bytes in and gives them back, beside
// what a machine can do at all (the reference writer, limit.go) and beside other
// servers: tusd, which it builds, and nginx, which must be installed.
//
//	go run ./bench/ingest [-magpie bin/magpie] [-case speed,…]
//
// Each server is started afresh for each round on a free port, with its data on
// the same filesystem. The clients are the same for all and cost as little as
// they can. What is measured and how is in docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"magpie/bench/gauge"
)

// run is one run of the command.
type run struct {
	magpie  string // the binary
	keep    string // folder for what the next run needs too
	folder  string // folder for what is measured, removed in the end
	profile string // folder for profiles of magpie; "" for none
	servers []string
	conns   []int
	rounds  int

	size, segment int64
	payload       payload
	out, log      io.Writer
}

// measurement is one case.
type measurement struct {
	name, what string
	run        func(*run, context.Context) error
}

func measurements() []measurement {
	return []measurement{
		{"speed", "one upload by one and by eight connections", (*run).speed},
		{"finalize", "how long finalize takes", (*run).finalizes},
		{"base64", "appends as JSON", (*run).base64s},
		{"memory", "at rest, and with 16 uploads in parallel", (*run).memories},
		{"slow", "a fast upload beside slow ones", (*run).slows},
		{"small", "many small uploads by eight clients", (*run).smalls},
		{"read", "the original, whole and in ranges", (*run).reads},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	defer stop()
	var err error
	if len(os.Args) == 3 && os.Args[1] == limitWord {
		err = writeForever(os.Args[2])
	} else {
		err = ingest(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		os.Exit(1)
	}
}

// ingest is the command.
func ingest(ctx context.Context, args []string, out, log io.Writer) (err error) {
	r, chosen, err := configure(args, out, log)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(r.keep, 0o755); err != nil {
		return err
	}
	if r.folder, err = os.MkdirTemp(r.keep, "run-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(r.folder)) }()
	r.payload = newPayload()
	fmt.Fprintf(out, "%s\n%s, data on %s, medians of %d rounds in turns (least–most)\n\n",
		gauge.Machine(ctx, []string{"nginx", "-v"}), time.Now().Format(time.DateOnly), filesystem(r.folder), r.rounds)
	for _, m := range chosen {
		fmt.Fprintf(out, "%s, %s, at a load of %s:\n\n", m.name, m.what, gauge.Load())
		if err := m.run(r, ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(out, "The load is %s now.\n\n", gauge.Load())
	}
	return nil
}

// configure reads the command line.
func configure(args []string, out, log io.Writer) (*run, []measurement, error) {
	r := &run{out: out, log: log}
	flags := flag.NewFlagSet("ingest", flag.ContinueOnError)
	flags.SetOutput(log)
	binary := flags.String("magpie", "bin/magpie", "the binary to measure")
	var names []string
	for _, m := range measurements() {
		names = append(names, m.name)
	}
	cases := flags.String("case", strings.Join(names, ","), "what to measure")
	long := flags.Bool("day", false, "also measure what is the same after 100,000 uploads, which takes long and 20 GB of disk")
	servers := flags.String("servers", strings.Join(known(), ","), "what to measure it on")
	conns := flags.String("conns", "1,8", "numbers of connections")
	flags.IntVar(&r.rounds, "rounds", 5, "how often each is measured")
	bytes := flags.String("size", "1GiB", "size of an upload")
	segment := flags.String("segment", "4MiB", "size of its segments")
	keep := flags.String("dir", "", "folder on the disk to measure, which also keeps what is built; default: magpie-bench in the user's cache")
	flags.StringVar(&r.profile, "profile", "", "folder for CPU profiles of magpie by perf record; none without it")
	if err := flags.Parse(args); err != nil {
		return nil, nil, err
	}
	if flags.NArg() > 0 {
		return nil, nil, fmt.Errorf("%q is no flag; cases are chosen by -case", flags.Arg(0))
	}
	if r.rounds < 1 {
		return nil, nil, fmt.Errorf("-rounds %d: wants 1 or more", r.rounds)
	}
	var chosen []measurement
	for _, name := range strings.FieldsFunc(*cases, func(c rune) bool { return c == ',' }) { // "" for none, beside -day
		i := slices.Index(names, name)
		if i < 0 {
			return nil, nil, fmt.Errorf("-case %s: there are %s", name, strings.Join(names, ", "))
		}
		chosen = append(chosen, measurements()[i])
	}
	if *long {
		chosen = append(chosen, measurement{"day", "after 100,000 uploads", (*run).day})
	}
	for _, name := range strings.Split(*servers, ",") {
		if !slices.Contains(known(), name) {
			return nil, nil, fmt.Errorf("-servers %s: there are %s", name, strings.Join(known(), ", "))
		}
		r.servers = append(r.servers, name)
	}
	for _, word := range strings.Split(*conns, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 || n > 1000 {
			return nil, nil, fmt.Errorf("-conns %s: wants numbers from 1 to 1000", word)
		}
		r.conns = append(r.conns, n)
	}
	var err error
	if r.size, err = parseSize(*bytes); err != nil {
		return nil, nil, fmt.Errorf("-size: %w", err)
	}
	if r.segment, err = parseSize(*segment); err != nil {
		return nil, nil, fmt.Errorf("-segment: %w", err)
	}
	if r.segment > payloadSize/2 || (r.size+r.segment-1)/r.segment > 1000 {
		return nil, nil, fmt.Errorf("-segment %s: wants at most 64MiB, and the upload at most 1000 of them", *segment)
	}
	if r.magpie, err = filepath.Abs(*binary); err != nil {
		return nil, nil, err
	}
	if *keep == "" {
		if *keep, err = os.UserCacheDir(); err != nil {
			return nil, nil, err
		}
		*keep = filepath.Join(*keep, "magpie-bench")
	}
	r.keep, err = filepath.Abs(*keep)
	return r, chosen, err
}

// known are the servers, in the order of the tables.
func known() []string { return []string{"limit", "magpie", "tusd", "nginx"} }

// serve starts a server by name. What was written before is on disk first.
func (r *run) serve(ctx context.Context, name string) (ingester, error) {
	if err := r.settle(); err != nil {
		return nil, err
	}
	switch name {
	case "limit":
		return r.startLimit(ctx)
	case "magpie":
		return r.startMagpie(ctx)
	case "tusd":
		return r.startTusd(ctx)
	case "nginx":
		return r.startNginx(ctx)
	}
	return nil, fmt.Errorf("there is no server %q", name)
}

// settle waits until what was written and removed before is on disk, so that the
// next server doesn't pay for it.
func (r *run) settle() error {
	dir, err := os.Open(r.folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Syncfs(int(dir.Fd())); err != nil {
		return fmt.Errorf("sync %s: %w", r.folder, err)
	}
	return r.touch()
}

// touch takes memory and gives it back. On a virtual machine whose host takes free
// memory away, the first to use it again pays several times the price; that shall
// be none of the servers.
func (r *run) touch() error {
	fd, err := unix.MemfdCreate("memory", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("take memory: %w", err)
	}
	memory := os.NewFile(uintptr(fd), "memory")
	defer memory.Close()
	for n := int64(0); n < min(2*r.size+512<<20, 3<<30); n += payloadSize {
		if _, err := memory.Write(r.payload); err != nil {
			return fmt.Errorf("take memory: %w", err)
		}
	}
	return nil
}

// filesystem names what a folder lies on.
func filesystem(folder string) string {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return "an unknown filesystem"
	}
	switch s.Type {
	case unix.EXT4_SUPER_MAGIC:
		return "ext4"
	case unix.XFS_SUPER_MAGIC:
		return "XFS"
	case unix.BTRFS_SUPER_MAGIC:
		return "Btrfs"
	case unix.TMPFS_MAGIC:
		return "tmpfs (memory: nothing here is durable)"
	}
	return fmt.Sprintf("a filesystem of type %#x", s.Type)
}

func (r *run) print(t gauge.Table) {
	t.Print(r.out)
	fmt.Fprintln(r.out)
}

// say tells whoever waits what is being done.
func (r *run) say(format string, args ...any) {
	fmt.Fprintf(r.log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
