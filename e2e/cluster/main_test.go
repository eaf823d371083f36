package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"magpie/internal/blob/s3blob/s3test"
)

// secret is the bootstrap token of the cluster: user 1, all scopes.
const secret = "e2e-bootstrap-0123456789abcdef0123456789abcdef"

// inside is the environment variable that names the folder with the built binary
// to the process that has a network of its own.
const inside = "MAGPIE_CLUSTER_TEST"

// soak reports whether the long campaign was asked for.
func soak() bool { return os.Getenv("MAGPIE_SOAK") != "" }

// binary is the program under test.
func binary() string { return filepath.Join(os.Getenv(inside), "magpie") }

func TestMain(m *testing.M) {
	dir := os.Getenv(inside)
	if dir == "" {
		fmt.Fprintln(os.Stderr, enter()) // returns only if that fails
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// enter builds what needs the module cache, and puts this process into a network of
// its own: it starts anew there, under the same process id.
func enter() error {
	dir, err := os.MkdirTemp("", "magpie-cluster-")
	if err != nil {
		return err
	}
	err = func() error {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, "magpie"), "magpie/cmd/magpie")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("build: %w\n%s", err, out)
		}
		if _, err := s3test.Program("../.."); err != nil {
			return err
		}
		unshare, err := exec.LookPath("unshare")
		if err != nil {
			return fmt.Errorf("this test needs a network of its own (install util-linux): %w", err)
		}
		argv := []string{unshare, "--net"}
		if os.Geteuid() != 0 {
			argv = append(argv, "--user", "--map-current-user", "--keep-caps")
		}
		if out, err := exec.Command(unshare, append(argv[1:], "ip", "link", "set", "lo", "up")...).CombinedOutput(); err != nil {
			return fmt.Errorf("this test needs a network of its own: run it as root, or where users may have namespaces, with ip from iproute2: %w: %s", err, out)
		}
		self, err := os.Executable()
		if err != nil {
			return err
		}
		argv = append(append(argv, "--", self), os.Args[1:]...)
		return syscall.Exec(unshare, argv, append(os.Environ(), inside+"="+dir))
	}()
	os.RemoveAll(dir)
	return err
}
