package e2e

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// secret is the bootstrap token of every server: user 1, all scopes.
const secret = "e2e-bootstrap-0123456789abcdef0123456789abcdef"

// binary is the program under test, built once by TestMain.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked { // many tests wait rather than compute, so one more goes on than there are processors
		_ = flag.Set("test.parallel", strconv.Itoa(runtime.GOMAXPROCS(0)+1))
	}
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "magpie-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "magpie")
	os.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state")) // what magpie upload remembers
	build := exec.Command("go", "build", "-o", binary, "magpie/cmd/magpie")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// soak reports whether the long campaigns were asked for.
func soak() bool { return os.Getenv("MAGPIE_SOAK") != "" }

// server is one running magpie.
type server struct {
	t    *testing.T
	url  string       // http://127.0.0.1:port
	web  *http.Client // what the harness calls it with, where that is not the default
	data string
	args []string // after serve --listen … --data …
	env  []string
	wrap []string // a program that runs it, such as strace

	program string // another build than the one under test; "" for that

	cmd  *exec.Cmd
	log  *syncBuffer
	done chan error
}

// start runs a server over a fresh data folder until the test ends.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := prepare(t, args...)
	s.run()
	return s
}

// prepare makes a server ready to run.
func prepare(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, url: "http://" + freeAddress(t), data: t.TempDir(), args: args, log: &syncBuffer{}}
	s.env = []string{"MAGPIE_BOOTSTRAP_TOKEN=" + secret}
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("server log:\n%s", s.log.tail(8000))
		}
	})
	return s
}

// lastPort is the last port that freeAddress gave; it begins anywhere.
var lastPort atomic.Uint32

// freeAddress is where a server may listen, now and after it was killed. The port
// is none of those that the kernel gives to whoever wants just any, as connections
// and the listeners of other tests do.
func freeAddress(t *testing.T) string {
	t.Helper()
	const first, ports = 10_000, 22_000 // below ip_local_port_range
	lastPort.CompareAndSwap(0, rand.Uint32N(ports))
	for range ports {
		address := fmt.Sprintf("127.0.0.1:%d", first+lastPort.Add(1)%ports)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	t.Fatal("no port is free")
	return ""
}

// run starts the process and waits until it answers.
func (s *server) run() {
	s.t.Helper()
	argv := append([]string{}, s.wrap...)
	argv = append(argv, cmp.Or(s.program, binary), "serve", "--listen", s.address(), "--data", s.data)
	argv = append(argv, s.args...)
	s.cmd = exec.Command(argv[0], argv[1:]...)
	s.cmd.Env = append(os.Environ(), s.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(s.cmd, s.done)
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	for {
		r, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/healthz", nil)
		if a, err := orDefault(s.web).Do(r); err == nil {
			a.Body.Close()
			if a.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case err := <-s.done:
			s.done <- err
			s.t.Fatalf("the server ended: %v\n%s", err, s.log.tail(4000))
		case <-ctx.Done():
			s.t.Fatalf("the server did not get ready\n%s", s.log.tail(4000))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// address is where the server listens.
func (s *server) address() string {
	_, address, _ := strings.Cut(s.url, "://")
	return address
}

// orDefault is the client to call with.
func orDefault(web *http.Client) *http.Client {
	if web == nil {
		return http.DefaultClient
	}
	return web
}

// kill ends the process with SIGKILL and waits for it.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.done
	s.cmd = nil
}

// stop ends the process with SIGTERM and gives its exit status.
func (s *server) stop() int {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	return s.wait()
}

// wait gives the exit status of a process that has been told to end.
func (s *server) wait() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(2 * time.Minute):
		s.t.Fatal("the server did not stop")
	}
	code := s.cmd.ProcessState.ExitCode()
	s.cmd = nil
	return code
}

// magpie runs a command of the binary and gives its output and exit status.
func magpie(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// checkWhole runs magpie check over the server's data folder.
func (s *server) checkWhole() {
	s.t.Helper()
	if out, errs, code := magpie(s.t, "check", "--data", s.data); code != 0 {
		s.t.Errorf("magpie check: exit %d\n%s%s", code, out, errs)
	}
}

// token makes a token for another user.
func (s *server) token(user string, more ...string) string {
	s.t.Helper()
	args := append([]string{"token", "create", "--data", s.data, "--user", user}, more...)
	out, errs, code := magpie(s.t, args...)
	if code != 0 {
		s.t.Fatalf("token create: exit %d: %s", code, errs)
	}
	return strings.TrimSpace(out)
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.b.String()
	return s[max(0, len(s)-n):]
}
