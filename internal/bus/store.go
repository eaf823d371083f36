package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/nats-io/nats.go"
)

// maxDeaths is how many starts in a row may end without the store being open
// before it is taken for the reason. More than one, because a start may also be
// cut short from outside.
const maxDeaths = 2

// openStore opens the embedded store, and starts with an empty one where that
// cannot be done: the catalogue knows what has to be sent again, and a service
// that does not start knows nothing.
//
// A store can be bad in two ways. The server may say so, or it may take the
// process down or hang while it reads. The second kind is found by counting
// starts in a file, which a start that comes through removes.
func openStore(ctx context.Context, cfg Config) (*link, error) {
	deaths := countDeaths(cfg.Dir)
	if deaths >= maxDeaths {
		aside, err := setAside(cfg.Dir)
		if err != nil {
			return nil, err
		}
		logSetAside(cfg, aside, fmt.Errorf("%d starts in a row did not get it open", deaths))
		deaths = 0
	}
	// Where the count cannot be written, opening goes on without it.
	_ = writeDeaths(cfg.Dir, deaths+1)

	l, err := openLink(ctx, cfg)
	if err == nil {
		_ = writeDeaths(cfg.Dir, 0)
		return l, nil
	}
	if ctx.Err() != nil {
		_ = writeDeaths(cfg.Dir, deaths) // the store was not to blame
		return nil, err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		// Slow is not damaged. A server that never answers is found by the count.
		return nil, err
	}
	if l, err = openEmpty(ctx, cfg, err); err != nil {
		_ = writeDeaths(cfg.Dir, deaths)
		return nil, err
	}
	_ = writeDeaths(cfg.Dir, 0)
	return l, nil
}

// openEmpty sets the store aside because of the error and opens an empty one.
// If that goes wrong too, it was not the store: all is put back.
func openEmpty(ctx context.Context, cfg Config, because error) (*link, error) {
	aside, err := setAside(cfg.Dir)
	if err != nil {
		return nil, errors.Join(because, err)
	}
	l, err := openLink(ctx, cfg)
	if err != nil {
		if aside != "" {
			err = errors.Join(os.RemoveAll(cfg.Dir), os.Rename(aside, cfg.Dir))
		}
		return nil, errors.Join(because, err)
	}
	logSetAside(cfg, aside, because)
	return l, nil
}

// setAside renames dir to the first dir.damaged-<n> that is free and gives that
// name, or "" where there is no dir. It refuses a folder that holds anything
// but a store, because then it is somebody else's.
func setAside(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	for _, e := range entries {
		if e.Name() != "jetstream" {
			return "", fmt.Errorf("set the store in %s aside: %s does not belong there", dir, e.Name())
		}
	}
	for n := 1; ; n++ {
		aside := dir + ".damaged-" + strconv.Itoa(n)
		if _, err := os.Lstat(aside); err == nil {
			continue
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("set the store in %s aside: %w", dir, err)
		}
		if err := os.Rename(dir, aside); err != nil {
			return "", fmt.Errorf("set the store in %s aside: %w", dir, err)
		}
		return aside, nil
	}
}

func logSetAside(cfg Config, aside string, because error) {
	cfg.Logger.Error("bus store could not be opened; it was set aside and the bus starts empty",
		"store", cfg.Dir, "aside", aside, "error", because)
}

// countDeaths gives how many starts in a row have not got the store open.
func countDeaths(dir string) int {
	info, err := os.Stat(dir + ".opening")
	if err != nil {
		return 0
	}
	return int(min(info.Size(), maxDeaths))
}

// writeDeaths keeps that number as the size of a file; no file is none.
func writeDeaths(dir string, n int) error {
	if n == 0 {
		return os.Remove(dir + ".opening")
	}
	return os.WriteFile(dir+".opening", make([]byte, n), 0o600)
}
