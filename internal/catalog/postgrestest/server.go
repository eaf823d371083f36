// Package postgrestest runs a PostgreSQL server for tests: a real one, of its
// own, in a folder that goes with it. It needs the programs of Debian's package
// postgresql. Nothing is synced to disk, so it shows nothing about power failures.
package postgrestest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver called "pgx"
)

// Options say where a server runs. The zero value is for one that is reached by
// its socket only.
type Options struct {
	Host   string                // an address to listen on as well, port 5432; whoever reaches it may do anything
	Launch func(*exec.Cmd) error // starts the server's process; nil for cmd.Start
}

// Server is a running server. It ends with Stop, and with this process however
// that ends.
type Server struct {
	options  Options
	folder   string
	programs string
	as       *syscall.Credential // nil: as who runs the test
	cmd      *exec.Cmd
	ended    chan error
	admin    *sql.DB
}

// Start makes an empty server and waits until it answers.
func Start() (*Server, error) { return StartWith(Options{}) }

// StartWith is Start for a server that runs elsewhere than usual.
func StartWith(o Options) (*Server, error) {
	if o.Launch == nil {
		o.Launch = (*exec.Cmd).Start
	}
	s := &Server{options: o}
	var err error
	if s.programs, err = programs(); err != nil {
		return nil, err
	}
	// Not in a test's own folder: its parents are closed to the other user, and
	// the path of a socket must be short.
	if s.folder, err = os.MkdirTemp("", "magpie-pg-"); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start() error {
	if os.Geteuid() == 0 { // which PostgreSQL refuses to run as
		who, err := user.Lookup("postgres")
		if err != nil {
			if who, err = user.Lookup("nobody"); err != nil {
				return err
			}
		}
		uid, err1 := strconv.Atoi(who.Uid)
		gid, err2 := strconv.Atoi(who.Gid)
		if err := errors.Join(err1, err2, os.Chown(s.folder, uid, gid)); err != nil {
			return err
		}
		s.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	// A linguistic order, as production databases often have, so that nothing
	// depends on the order of bytes unless it says so.
	initdb := s.command("initdb", "-D", s.data(), "-U", "magpie", "-A", "trust", "-E", "UTF8",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	if s.options.Host != "" {
		if err := s.admitAll(); err != nil {
			return err
		}
	}
	if err := s.run(); err != nil {
		return err
	}
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	s.admin = db
	db.SetMaxOpenConns(2)
	return nil
}

// admitAll lets whoever reaches the server in.
func (s *Server) admitAll() error {
	f, err := os.OpenFile(filepath.Join(s.data(), "pg_hba.conf"), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString("host all all all trust\n")
	return errors.Join(err, f.Close())
}

// Restart ends the server as a crash does, and starts it again on the same data.
func (s *Server) Restart() error {
	if err := s.Kill(); err != nil {
		return err
	}
	return s.run()
}

// Kill ends the server at once, and breaks all connections.
func (s *Server) Kill() error {
	if err := s.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		return err
	}
	<-s.ended
	s.cmd = nil
	return nil
}

// Run starts a server again that was killed.
func (s *Server) Run() error { return s.run() }

// Pause stops the server's first process and all that serve connections now, or
// lets them go on. Connections stay open, and nothing answers.
func (s *Server) Pause(stop bool) error {
	signal := syscall.SIGCONT
	if stop {
		signal = syscall.SIGSTOP
	}
	pids, err := s.processes()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// processes are the server's and its children's, which the kernel lists.
func (s *Server) processes() ([]int, error) {
	pid := s.cmd.Process.Pid
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	all := []int{pid}
	for f := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(f)
		if err != nil {
			return nil, err
		}
		all = append(all, child)
	}
	return all, nil
}

// run starts the server and waits until it takes connections.
func (s *Server) run() error {
	cmd := s.command("postgres", "-D", s.data(), "-k", s.folder, "-h", s.options.Host,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=on",
		"-c", "max_connections=300", "-c", "shared_buffers=32MB", "-c", "autovacuum=off",
		"-c", "deadlock_timeout=100ms", "-c", "max_wal_size=4GB", "-c", "log_min_messages=fatal")
	log, err := os.OpenFile(filepath.Join(s.folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread ends that started the
		// process, so that one waits for it. It is given back: ended, it would take
		// along whatever else was started on it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- s.options.Launch(cmd)
		ended <- cmd.Wait()
	}()
	if err := <-started; err != nil {
		return err
	}
	s.cmd, s.ended = cmd, ended
	return s.await()
}

func (s *Server) await() error {
	db, err := sql.Open("pgx", s.URL("postgres"))
	if err != nil {
		return err
	}
	defer db.Close()
	deadline := time.Now().Add(time.Minute)
	for {
		if err = db.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(s.folder, "log"))
			return fmt.Errorf("the server does not answer: %w; it says: %s", err, said)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.Close())
	}
	if s.cmd != nil {
		errs = append(errs, s.Kill())
	}
	return errors.Join(append(errs, os.RemoveAll(s.folder))...)
}

// PID is the number of the server's first process, whose children serve connections.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// URL names a database of the server.
func (s *Server) URL(database string) string {
	return "postgres://magpie@/" + url.PathEscape(database) + "?" + url.Values{"host": {s.folder}}.Encode()
}

// Socket is the path at which the server listens.
func (s *Server) Socket() string { return filepath.Join(s.folder, ".s.PGSQL.5432") }

// Create makes a database, as a copy of template or, for "", an empty one, and
// gives its URL. Nobody may be connected to the template.
func (s *Server) Create(ctx context.Context, name, template string) (string, error) {
	_, err := s.admin.ExecContext(ctx, fmt.Sprintf("CREATE DATABASE %q TEMPLATE %q STRATEGY file_copy", name, cmp.Or(template, "template0")))
	return s.URL(name), err
}

// Drop removes a database, whoever is connected.
func (s *Server) Drop(ctx context.Context, name string) error {
	_, err := s.admin.ExecContext(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %q WITH (FORCE)", name))
	return err
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.programs, program), args...)
	cmd.Dir = s.folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C.UTF-8", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	return cmd
}

// programs finds the folder of the newest PostgreSQL here: Debian keeps it out
// of PATH.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no PostgreSQL here: install Debian's package postgresql")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4])
		return n
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return cmp.Compare(version(a), version(b)) })
	return filepath.Dir(newest), nil
}
