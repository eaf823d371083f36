package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/internal/blob"
	"magpie/internal/catalog"
)

// copyCommand takes an installation to another place, whatever engines each has.
type copyCommand struct {
	From             string      `required:"" placeholder:"FOLDER" env:"MAGPIE_FROM" help:"Data folder of the server that is left; what its --data was."`
	FromDatabase     databaseURL `env:"MAGPIE_FROM_DATABASE" placeholder:"URL" help:"Its PostgreSQL database; what its --database was. Default: the file in that folder."`
	FromDatabaseFile string      `env:"MAGPIE_FROM_DATABASE_FILE" placeholder:"PATH" help:"File whose first line is that URL, for one with a password."`
	FromBlobs        string      `env:"MAGPIE_FROM_BLOBS" placeholder:"URL" help:"Where it keeps the bytes of media; what its --blobs was. Default: blobs in that folder."`
	To               string      `required:"" placeholder:"FOLDER" env:"MAGPIE_TO" help:"Data folder of a server at the new place; made if missing."`
	ToDatabase       databaseURL `env:"MAGPIE_TO_DATABASE" placeholder:"URL" help:"The PostgreSQL database at the new place, empty. Default: a file in that folder."`
	ToDatabaseFile   string      `env:"MAGPIE_TO_DATABASE_FILE" placeholder:"PATH" help:"File whose first line is that URL, for one with a password."`
	ToBlobs          string      `env:"MAGPIE_TO_BLOBS" placeholder:"URL" help:"Where the bytes of media are kept at the new place. Default: blobs in that folder."`
	Parallel         int         `default:"8" env:"MAGPIE_COPY_PARALLEL" help:"Files that are copied at once."`
}

// Validate refuses what can't be meant, naming each flag (kong calls it).
func (c *copyCommand) Validate() error { return checkCopy(c.Parallel, c.from(), c.to()) }

// checkCopy refuses places that can't be meant, and numbers of files at once.
func checkCopy(parallel int, places ...copyPlace) error {
	var errs []error
	for _, p := range places {
		wrong := func(name, format string, args ...any) {
			errs = append(errs, fmt.Errorf("%s: %s", p.flag(name), fmt.Sprintf(format, args...)))
		}
		p.databaseFlag.check(wrong)
		p.blobsFlag.check(wrong)
	}
	if parallel < 1 || parallel > 256 {
		errs = append(errs, fmt.Errorf("--parallel: %d is not between 1 and 256", parallel))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// copyPlace is one of the two places.
type copyPlace struct {
	side string // of its flags and variables; "" for flags named as a server's
	data string
	databaseFlag
	blobsFlag
}

func (c *copyCommand) from() copyPlace {
	return copyPlace{"from", c.From, databaseFlag{c.FromDatabase, c.FromDatabaseFile}, blobsFlag{c.FromBlobs}}
}

func (c *copyCommand) to() copyPlace {
	return copyPlace{"to", c.To, databaseFlag{c.ToDatabase, c.ToDatabaseFile}, blobsFlag{c.ToBlobs}}
}

// flag is what the flag is called that a server has under a name, "data" for the
// folder's.
func (p copyPlace) flag(name string) string {
	switch {
	case p.side == "":
		return "--" + name
	case name == "data":
		return "--" + p.side
	}
	return "--" + p.side + "-" + name
}

// move is a copy of everything from one place to another.
type move struct {
	from, to copyPlace
	parallel int
	partial  bool // copies the rows also where blobs can't be copied
}

// copyReserve is how much of its disk a copy leaves free.
const copyReserve = 256 << 20

// Run moves everything.
func (c *copyCommand) Run(ctx context.Context, s surroundings) error {
	return move{from: c.from(), to: c.to(), parallel: c.Parallel}.run(ctx, s)
}

// run copies blobs first and rows last, all of those in one transaction: until it
// says so there is nothing at the new place that a server would take for an
// installation. It may be killed and run again, and goes on then.
func (c move) run(ctx context.Context, s surroundings) (err error) {
	log := slog.New(slog.NewTextHandler(s.err, nil))
	from, to := c.from, c.to
	if _, err := os.Stat(from.data); err != nil {
		return fmt.Errorf("%s: %w", from.flag("data"), err)
	}
	for _, p := range []copyPlace{from, to} {
		release, err := lockData(p.data)
		if err != nil {
			return fmt.Errorf("%s: %w", p.flag("data"), err)
		}
		defer release()
	}
	source, err := from.openCatalogue(ctx, log, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := to.openCatalogue(ctx, log, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	alone := func() error { return errors.Join(from.alone(ctx, source), to.alone(ctx, target)) }
	if err := alone(); err != nil {
		return err
	}
	if err := target.Empty(ctx); err != nil {
		return fmt.Errorf("%s: %w", to.flag("data"), err)
	}
	keys, err := copyFiles(from.data, to.data, "key", "authority.pem")
	if err != nil {
		return err
	}
	if from.own() {
		if err := countPlayback(ctx, from.data, source, log); err != nil {
			return err
		}
	}
	before, err := source.Standing(ctx)
	if err != nil {
		return err
	}
	m := &mover{rows: source, parallel: c.parallel, out: s.out, err: s.err}
	if m.from, err = from.openBlobs(s.env, true, log); err != nil {
		return err
	}
	defer m.from.Close()
	if m.to, err = to.openBlobs(s.env, false, log); err != nil {
		return err
	}
	defer m.to.Close()
	if err := m.known(ctx); err != nil {
		return fmt.Errorf("%s: %w", to.flag("blobs"), err)
	}
	if err := m.move(ctx); err != nil {
		return fmt.Errorf("%w; run it again to go on", err)
	}
	faults := m.faults.Load()
	if faults > 0 && !c.partial {
		fmt.Fprintf(s.out, "%d blobs can't be copied; nothing is at the new place yet that a server would start on\n", faults)
		return exitCode(1)
	}

	after, err := source.Standing(ctx)
	if err := errors.Join(err, alone()); err != nil {
		return err
	}
	if before != after {
		return errors.New(from.flag("data") + ": it changed while it was copied; stop what uses it, and run this again to go on")
	}
	rows := int64(0)
	err = target.CopyFrom(ctx, source, func(table string, n int64) {
		rows += n
		fmt.Fprintf(s.err, "table %s: %d rows\n", table, n)
	})
	if err != nil {
		return fmt.Errorf("%w; run it again to go on", err)
	}
	fmt.Fprintf(s.out, "%d rows and %d blobs of %d bytes are at the new place and read back; %d of the blobs were there already\n",
		rows, m.copied.Load()+m.there.Load(), m.bytes.Load(), m.there.Load())
	for _, name := range keys {
		fmt.Fprintf(s.out, "%s is copied too; every server of the new place needs it\n", name)
	}
	if !slices.Contains(keys, "key") {
		fmt.Fprintf(s.out, "there is no key in %s: give the servers of the new place the --key-file that the old ones had\n", from.data)
	}
	if faults > 0 {
		fmt.Fprintf(s.out, "%d blobs could not be copied, and their media are not whole\n", faults)
		return exitCode(1)
	}
	return nil
}

// openCatalogue opens a place's catalogue; one to be read must be there.
func (p copyPlace) openCatalogue(ctx context.Context, log *slog.Logger, read bool) (rows *catalog.Catalog, err error) {
	place := catalogPlace{databaseFlag: p.databaseFlag, pool: poolFlags{Connections: 4, Timeout: 10 * time.Minute}, name: "magpie copy", data: p.data, log: log}
	switch {
	case read && p.own():
		// As a server would: what it has not counted yet is counted first.
		if _, err = os.Stat(databaseIn(p.data)); err == nil {
			rows, err = place.open(ctx)
		}
	case read:
		rows, err = place.openReadOnly(ctx)
	default:
		rows, err = place.open(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.flag("data"), err)
	}
	return rows, nil
}

// alone refuses a database that somebody else uses.
func (p copyPlace) alone(ctx context.Context, rows *catalog.Catalog) error {
	n, err := rows.Others(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.flag("database"), err)
	}
	if n > 0 {
		return fmt.Errorf("%s: magpies that run have %d connections to it; stop them first", p.flag("database"), n)
	}
	return nil
}

// openBlobs opens a place's store. Its credentials are those of the environment, or
// where the two places have different ones those whose names begin with FROM_ or
// TO_.
func (p copyPlace) openBlobs(env func(string) string, read bool, log *slog.Logger) (*blob.Store, error) {
	place := blobPlace{blobsFlag: p.blobsFlag, data: p.data, reserve: copyReserve, spool: 1 << 30, readOnly: read, env: sideEnv(env, strings.ToUpper(p.side)+"_"), log: log}
	if read && p.Blobs == "" {
		if _, err := os.Stat(filepath.Join(p.data, "blobs")); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s: there are no blobs in %s; where are they?", p.flag("data"), p.data)
		}
	}
	store, err := place.open()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.flag("blobs"), err)
	}
	return store, nil
}

// sideEnv is an environment in which variables of AWS's are those with a prefix,
// where there are such, and else those without.
func sideEnv(env func(string) string, prefix string) func(string) string {
	own := false
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"} {
		own = own || env(prefix+name) != ""
	}
	return func(name string) string {
		if own && strings.HasPrefix(name, "AWS_") {
			return env(prefix + name)
		}
		return env(name)
	}
}
