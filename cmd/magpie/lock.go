package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// lockData makes this process the owner of a data folder until release is
// called or the process ends, however it ends.
func lockData(folder string) (release func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data folder's lock: %w", err)
	}
	// A lock of the process's, not of the file's (flock): a transcoder that was
	// being forked when the process was killed shares its files for a moment, and
	// would hold up the restart.
	if err := unix.FcntlFlock(f.Fd(), unix.F_SETLK, &unix.Flock_t{Type: unix.F_WRLCK}); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another magpie: %w", folder, err)
	}
	return func() { _ = f.Close() }, nil
}
