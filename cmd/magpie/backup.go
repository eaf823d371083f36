package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog"
)

// backupCommand makes a copy of an installation, also while its servers run.
type backupCommand struct {
	catalogFlags
	blobsFlag
	keyFlag
	To       string `required:"" placeholder:"FOLDER" env:"MAGPIE_BACKUP_TO" help:"Folder of the backup; made if missing. What is in it already isn't copied again."`
	Verify   bool   `env:"MAGPIE_BACKUP_VERIFY" help:"Read back also what is in the backup already, and replace what is damaged."`
	Parallel int    `default:"4" env:"MAGPIE_BACKUP_PARALLEL" help:"Files that are copied at once."`
}

// Validate refuses what can't be meant, naming each flag (kong calls it).
func (c *backupCommand) Validate() error {
	return checkCopy(c.Parallel, copyPlace{databaseFlag: c.databaseFlag, blobsFlag: c.blobsFlag})
}

// backupMark is a file in a folder that holds a backup, and says so.
const backupMark = "BACKUP"

const backupMarkText = `This folder is a backup that "magpie backup" made and goes on with. It is laid out like
a data folder: "magpie check --data" reads it back, "magpie restore --from" makes an
installation of it. Leave this file here.
`

// backupPasses is how often rows are copied at most: what a server deletes while its
// bytes are copied is not in the rows of the next time.
const backupPasses = 4

// Run takes the rows first, as they are at one instant, then the blobs that they
// name, which never change; last the rows get their name, in one step. So what is
// in the folder under that name is whole at any time: until the end, also where the
// process is killed, it is the backup of before. Blobs that no row names go
// afterwards. The backup is a data folder of this magpie's, whatever engines the
// installation has.
func (c *backupCommand) Run(ctx context.Context, s surroundings) (err error) {
	log := slog.New(slog.NewTextHandler(s.err, nil))
	source, err := c.openReadOnly(ctx)
	if err != nil {
		return fmt.Errorf("open the catalogue: %w", err)
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	release, err := c.claim()
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer release()
	keys, err := c.copyKeys()
	if err != nil {
		return err
	}
	to := blobPlace{data: c.To, reserve: copyReserve, env: s.env, log: log}
	store, err := to.open()
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	var asOf time.Time
	var before int64
	m := &mover{to: store, parallel: c.Parallel, trust: !c.Verify, out: io.Discard, err: s.err}
	var rows *catalog.Catalog
	for pass := 1; ; pass++ {
		asOf, before = time.Now(), m.copied.Load()
		if rows, err = c.snapshot(ctx, source); err != nil {
			return err
		}
		from := blobPlace{blobsFlag: c.blobsFlag, data: c.Data, readOnly: true, env: s.env, log: log}
		if m.from, err = from.open(); err != nil { // anew: what the rows name is there by now
			return errors.Join(err, rows.Close())
		}
		m.rows = rows
		m.faults.Store(0)
		m.there.Store(0)
		if pass == backupPasses {
			m.out = s.out
		}
		if err := errors.Join(m.move(ctx), m.from.Close()); err != nil {
			return errors.Join(fmt.Errorf("%w; run it again to go on", err), rows.Close())
		}
		if m.faults.Load() == 0 || pass == backupPasses {
			break
		}
		m.trust = true // those are read back
		if err := rows.Close(); err != nil {
			return err
		}
	}
	if err := errors.Join(rows.Close(), replaceDatabase(c.To)); err != nil {
		return fmt.Errorf("name the backup's catalogue: %w", err)
	}
	pruned, err := c.prune(ctx, store)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s holds the installation as of %s, in %d blobs; %d were copied now, and %d removed that nothing names any more\n",
		c.To, asOf.UTC().Format(time.RFC3339), m.copied.Load()-before+m.there.Load(), m.copied.Load(), pruned)
	if !slices.Contains(keys, "key") {
		fmt.Fprintf(s.out, "there is no key in %s: name it with --key-file, or keep it yourself\n", c.Data)
	}
	if faults := m.faults.Load(); faults > 0 {
		fmt.Fprintf(s.out, "%d blobs are missing from the backup, because the installation doesn't have them whole\n", faults)
		return exitCode(1)
	}
	return nil
}

// claim makes the folder this process's own, and refuses one that is not a
// backup's.
func (c *backupCommand) claim() (release func(), err error) {
	mark := filepath.Join(c.To, backupMark)
	_, err = os.Stat(mark)
	marked := err == nil
	if !marked {
		list, err := os.ReadDir(c.To)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, entry := range list {
			if name := entry.Name(); name != "lost+found" && name != "lock" && !strings.HasPrefix(name, ".copy-") {
				return nil, fmt.Errorf("%s is neither empty nor a backup: there is %s, and no file %s", c.To, name, backupMark)
			}
		}
	}
	if release, err = lockData(c.To); err != nil {
		return nil, err
	}
	if !marked {
		err = placeFile(mark, []byte(backupMarkText))
	}
	if err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// copyKeys copies the files that are neither rows nor blobs, and gives their names.
func (c *backupCommand) copyKeys() ([]string, error) {
	names, err := copyFiles(c.Data, c.To, "authority.pem")
	if err != nil {
		return nil, fmt.Errorf("%w: is this the backup of another installation?", err)
	}
	content, err := os.ReadFile(keyIn(c.Data, c.KeyFile))
	if errors.Is(err, os.ErrNotExist) && c.KeyFile == "" {
		return names, nil
	}
	if err == nil {
		err = placeFile(keyIn(c.To, ""), content)
	}
	if err != nil {
		return nil, fmt.Errorf("copy the key: %w; is this the backup of another installation, or --key-file missing?", err)
	}
	return append(names, "key"), nil
}

// newDatabase is the catalogue of a backup that is being made.
func newDatabase(folder string) string { return databaseIn(folder) + ".new" }

// snapshot copies all rows, as they are at one instant.
func (c *backupCommand) snapshot(ctx context.Context, source *catalog.Catalog) (*catalog.Catalog, error) {
	path := newDatabase(c.To)
	for _, name := range []string{path, path + "-wal", path + "-shm"} { // of a backup that was killed, or of the pass before
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	rows, err := catalog.OpenSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("--to: %w", err)
	}
	if err := rows.CopyFrom(ctx, source, func(string, int64) {}); err != nil {
		return nil, errors.Join(err, rows.Close())
	}
	return rows, nil
}

// replaceDatabase gives the new catalogue its name, durably. It was closed, and so
// is one file.
func replaceDatabase(folder string) error {
	path := databaseIn(folder)
	for _, name := range []string{path + "-wal", path + "-shm"} { // the old one's, empty: whoever read it is gone
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	if err := os.Rename(newDatabase(folder), path); err != nil {
		return err
	}
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
