package ffmpeg

import (
	"errors"
	"fmt"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sandbox is Landlock as this kernel has it. It restricts the calling thread
// and the processes that it starts, for good, so a thread that entered it is
// thrown away afterwards (see onOwnThread).
type sandbox struct {
	abi   int // Landlock's version; 0 where the kernel has none
	reads []string
}

// newSandbox asks the kernel what it has.
func newSandbox(programs ...string) sandbox {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return sandbox{}
	}
	// Programs, their libraries, and the few files that the loader and the
	// C library look at. The data folder is in none of them.
	reads := []string{
		"/usr", "/lib", "/lib64", "/lib32", "/nix/store", "/gnu/store",
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
		"/dev/urandom", "/dev/random", "/sys/devices/system/cpu", "/sys/devices/system/node",
	}
	for _, p := range programs {
		dir := filepath.Dir(p)
		reads = append(reads, p, filepath.Join(dir, "../lib"), filepath.Join(dir, "../lib64"))
	}
	return sandbox{abi: int(abi), reads: reads}
}

// String says in words what holds a child.
func (s sandbox) String() string {
	switch {
	case s.abi == 0:
		return "none: this kernel has no Landlock"
	case s.abi < 4:
		return fmt.Sprintf("files (Landlock %d; ports need 4)", s.abi)
	}
	return fmt.Sprintf("files and ports (Landlock %d)", s.abi)
}

const (
	readAccess  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	writeAccess = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	fileAccess = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// filesystemRights are all that Landlock of version abi can forbid.
func filesystemRights(abi int) uint64 {
	rights := uint64(1)<<13 - 1
	if abi >= 2 {
		rights |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		rights |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 5 {
		rights |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	return rights
}

// netPort is Landlock's rule about a TCP port.
type netPort struct {
	access uint64
	port   uint64
}

const ruleNetPort = 2

// enter restricts the calling thread: to read programs, to write below
// scratch ("" for nowhere), and to connect to port (0 for none). The thread
// must be locked to its goroutine and never be used for anything else again.
func (s sandbox) enter(scratch string, port uint16) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid new privileges: %w", err)
	}
	if s.abi == 0 {
		return nil
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: filesystemRights(s.abi)}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if s.abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size += unsafe.Sizeof(attr.Handled_access_net)
	}
	r, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("create Landlock rules: %w", errno)
	}
	rules := int(r)
	defer unix.Close(rules)

	for _, path := range s.reads {
		if err := s.allow(rules, path, readAccess); err != nil {
			return err
		}
	}
	if scratch != "" {
		if err := s.allow(rules, scratch, writeAccess); err != nil {
			return err
		}
	}
	if s.abi >= 4 && port != 0 {
		rule := netPort{access: unix.LANDLOCK_ACCESS_NET_CONNECT_TCP, port: uint64(port)}
		if err := addRule(rules, ruleNetPort, unsafe.Pointer(&rule)); err != nil {
			return fmt.Errorf("allow port %d: %w", port, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(rules), 0, 0); errno != 0 {
		return fmt.Errorf("enter Landlock: %w", errno)
	}
	return nil
}

// allow adds a rule for path and what is below it; a path that is not there
// needs none.
func (s sandbox) allow(rules int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("allow %s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("allow %s: %w", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= fileAccess
	}
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access & filesystemRights(s.abi), Parent_fd: int32(fd)}
	if err := addRule(rules, unix.LANDLOCK_RULE_PATH_BENEATH, unsafe.Pointer(&rule)); err != nil {
		return fmt.Errorf("allow %s: %w", path, err)
	}
	return nil
}

func addRule(rules int, kind uintptr, rule unsafe.Pointer) error {
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(rules), kind, uintptr(rule), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
