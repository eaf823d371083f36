package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// minFiles is how many files a busy server may have open.
const minFiles = 4096

// folder checks that a file can be made, synced and removed in the data folder,
// and that it is nobody else's. One that is not there is left so: whoever asks may
// be another user than the server's.
func (c *doctorCommand) folder() finding {
	const name = "data folder"
	full, err := filepath.Abs(c.Data)
	if err != nil {
		return bad(name, err.Error(), "Name the folder by its whole path.")
	}
	there := nearest(full)
	if err := writable(there); err != nil {
		return bad(name, err.Error(), "Name a folder by --data that this user may write, on a local filesystem that is not mounted read-only.")
	}
	if there != full {
		return good(name, "%s is made at the first start; %s can be written and synced", full, there)
	}
	info, err := os.Stat(full)
	if err != nil {
		return bad(name, err.Error(), "See who changes it meanwhile.")
	}
	if info.Mode().Perm()&0o007 != 0 {
		return weak(name, fmt.Sprintf("%s can be written and synced, and every user of the machine may look into it (mode %04o)", full, info.Mode().Perm()), "chmod 0700 "+full)
	}
	return good(name, "%s can be written and synced", full)
}

// nearest is the folder or, where it is not there yet, the lowest one above it that is.
func nearest(full string) string {
	for {
		if _, err := os.Stat(full); !errors.Is(err, fs.ErrNotExist) || full == filepath.Dir(full) {
			return full
		}
		full = filepath.Dir(full)
	}
}

func writable(folder string) error {
	f, err := os.CreateTemp(folder, "doctor-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.WriteString("magpie"); err != nil {
		return err
	}
	return f.Sync()
}

// lock tells whether a magpie has the data folder. It takes no lock itself.
func (c *doctorCommand) lock() (inUse bool, f finding) {
	const name = "lock"
	file, err := os.Open(filepath.Join(c.Data, "lock"))
	if err != nil {
		return false, good(name, "no magpie runs on this data folder")
	}
	defer file.Close()
	held := unix.Flock_t{Type: unix.F_WRLCK}
	if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &held); err != nil {
		return false, weak(name, err.Error(), "The filesystem has no locks, so two servers could use the folder at once: put it on a local one.")
	}
	if held.Type == unix.F_UNLCK {
		return false, good(name, "no magpie runs on this data folder")
	}
	return true, good(name, "the magpie with the process id %d runs on this data folder", held.Pid)
}

// space tells how much the disk has.
func (c *doctorCommand) space() finding {
	const name = "disk"
	full, err := filepath.Abs(c.Data)
	if err != nil {
		return bad(name, err.Error(), "Name the folder by its whole path.")
	}
	var st unix.Statfs_t
	if err := unix.Statfs(nearest(full), &st); err != nil {
		return bad(name, err.Error(), "See to the data folder first.")
	}
	free, total := st.Bavail*uint64(st.Bsize), st.Blocks*uint64(st.Bsize)
	words := fmt.Sprintf("%s of %s free", humanize.IBytes(free), humanize.IBytes(total))
	const advice = "Make room, or put --data on a larger disk: uploads are refused with 507 when the reserve (--reserve) is reached."
	switch {
	case free < 1<<30:
		return bad(name, words, advice)
	case st.Files > 0 && st.Ffree < 100_000:
		return weak(name, fmt.Sprintf("%s, and room for %d more files", words, st.Ffree), "An upload is several files: use a filesystem with more inodes, such as XFS.")
	case free < total/20:
		return weak(name, words, advice)
	}
	return good(name, "%s", words)
}

// key looks at the key file, without a look into it.
func (c *doctorCommand) key() finding {
	const name = "key file"
	path := keyIn(c.Data, c.KeyFile)
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !c.own():
		return weak(name, path+" is not there", "The first server makes it. All servers of one database need the same: copy it to each, before they start.")
	case errors.Is(err, fs.ErrNotExist):
		return good(name, "%s is made at the first start", path)
	case err != nil:
		return bad(name, err.Error(), "Let this user read it: without it clients' secrets and signed URLs are worth nothing.")
	case !info.Mode().IsRegular() || info.Size() != 32:
		return bad(name, fmt.Sprintf("%s is no file of 32 bytes", path), "Bring it back from a backup. Without it clients must be made anew, and URLs that were signed open nothing.")
	case info.Mode().Perm()&0o077 != 0:
		return bad(name, fmt.Sprintf("%s can be read by others than its owner (mode %04o)", path, info.Mode().Perm()), "chmod 0600 "+path+"; who has read it, and the catalogue, can sign as every client.")
	}
	f, err := os.Open(path)
	if err != nil {
		return bad(name, err.Error(), "Let this user read it, or run doctor as the server's user.")
	}
	_ = f.Close()
	return good(name, "%s can be read by its owner only", path)
}

// files tells how many files a server may have open.
func files() finding {
	const name = "open files"
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return bad(name, err.Error(), "See ulimit -n.")
	}
	if limit.Max < minFiles {
		return bad(name, fmt.Sprintf("the hard limit is %d; %d are wanted", limit.Max, minFiles), "Raise it: LimitNOFILE= in a systemd unit, ulimit -Hn in a shell, --ulimit nofile= of a container.")
	}
	return good(name, "up to %d", limit.Max)
}

// clock asks the kernel whether something keeps its clock right (adjtimex(2)).
func clock() finding {
	const name = "clock"
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	if err != nil {
		return weak(name, "the kernel does not tell whether it is kept right: "+err.Error(), "See that the machine runs chrony, ntpd or systemd-timesyncd.")
	}
	const unsynced = 0x0040 // STA_UNSYNC
	if t.Status&unsynced != 0 || state == timeError {
		return weak(name, "nothing keeps it right, as far as the kernel knows", "Run chrony, ntpd or systemd-timesyncd. OAuth 1.0a signatures and S3 refuse requests when clocks differ by minutes, and expiry goes by it.")
	}
	return good(name, "is kept right")
}

// timeError is the state of a clock that is not synchronised (TIME_ERROR).
const timeError = 5

// address checks that the server will get its port.
func (c *doctorCommand) address(ctx context.Context, inUse bool) []finding {
	const name = "address"
	if c.Listen == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return []finding{bad(name, fmt.Sprintf("%q is not host:port", c.Listen), "Write it as 127.0.0.1:8080, or :8080 for all addresses.")}
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	switch {
	case err == nil:
		_ = l.Close()
		return []finding{good(name, "%s is free", c.Listen)}
	case inUse && errors.Is(err, unix.EADDRINUSE):
		return []finding{good(name, "%s is in use, as by the magpie that runs", c.Listen)}
	case errors.Is(err, unix.EADDRINUSE):
		return []finding{bad(name, c.Listen+" is in use by another program", "Find it with `ss -ltnp`, and end it or choose another address by --listen.")}
	case errors.Is(err, unix.EACCES):
		return []finding{bad(name, c.Listen+" may not be taken by this user", "Ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit; or put a proxy in front.")}
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return []finding{bad(name, c.Listen+" is no address of this machine", "Name one of those that `ip address` shows, or :port for all.")}
	}
	return []finding{bad(name, err.Error(), "Choose another address by --listen.")}
}
