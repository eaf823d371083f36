package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"magpie/internal/blob/s3blob/s3test"
)

// node is one magpie process, on a host of its own.
type node struct {
	*host
	t       *testing.T
	command []string
	data    string
	log     string

	cmd    *exec.Cmd
	done   chan struct{} // closed when the process has ended
	asleep bool          // paused by a fault
}

// newNode makes a node ready to run: serve or work with these flags, and those
// that all have.
func newNode(t *testing.T, h *host, e *engines, command ...string) *node {
	t.Helper()
	n := &node{host: h, t: t, data: t.TempDir(), log: filepath.Join(t.TempDir(), "log")}
	n.command = append(slices.Clone(command),
		"--listen", h.ip+":8080", "--data", n.data, "--database", e.database(), "--blobs", e.blobs(), "--bus", e.bus(), "--workers", "1")
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("%s warned of:\n%s", n.name, n.warnings())
		}
	})
	return n
}

// url is where the node answers.
func (n *node) url() string { return "http://" + n.ip + ":8080" }

// run starts the process. It does not wait for it.
func (n *node) run() {
	n.t.Helper()
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(n.t, err)
	defer log.Close()
	n.cmd = exec.Command(binary(), n.command...)
	n.cmd.Env = n.environment()
	n.cmd.Stdout, n.cmd.Stderr = log, log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(n.t, n.start(n.cmd))
	n.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(n.cmd, n.done)
}

// warnings are the lines of the log that tell of something unusual, the last ones.
func (n *node) warnings() string {
	said, _ := os.ReadFile(n.log)
	var lines []string
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, "level=INFO msg=request") && !strings.Contains(line, "status=503") || strings.Contains(line, "status=500") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-80):], "")
}

// environment has the secrets.
func (n *node) environment() []string {
	return append(os.Environ(), "MAGPIE_BOOTSTRAP_TOKEN="+secret, "AWS_ACCESS_KEY_ID="+s3test.AccessKey, "AWS_SECRET_ACCESS_KEY="+s3test.SecretKey)
}

// kill ends the process with SIGKILL and waits for its end.
func (n *node) kill() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	<-n.done
	n.cmd = nil
}

// stop ends the process with SIGTERM, and fails the test unless it ends well.
func (n *node) stop() {
	n.t.Helper()
	n.signal(syscall.SIGTERM)
	select {
	case <-n.done:
	case <-time.After(time.Minute):
		n.t.Errorf("%s does not stop", n.name)
		return
	}
	if code := n.cmd.ProcessState.ExitCode(); code != 0 {
		n.t.Errorf("%s ends with status %d", n.name, code)
	}
	n.cmd = nil
}

func (n *node) signal(s syscall.Signal) {
	n.t.Helper()
	if err := n.cmd.Process.Signal(s); err != nil {
		n.t.Errorf("%s to %s: %v", s, n.name, err)
	}
}

// ready says in words why the node is not ready, or "" if it is. The parts that
// it says are not are in the words.
func (n *node) ready() string {
	ctx, cancel := context.WithTimeout(n.t.Context(), 15*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url()+"/readyz", nil)
	must(n.t, err)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Sprintf("%s: %v", n.name, err)
	}
	defer a.Body.Close()
	if a.StatusCode == http.StatusOK {
		return ""
	}
	parts := map[string]string{}
	_ = json.NewDecoder(a.Body).Decode(&parts)
	words := n.name + " is without"
	for part, state := range parts {
		if state != "ok" {
			words += " " + part
		}
	}
	return words
}

// transcoding reports whether an attempt has begun to work in the scratch folder.
func (n *node) transcoding() bool {
	entries, _ := os.ReadDir(filepath.Join(n.data, "scratch"))
	return len(entries) > 0
}

// eventually polls until the condition gives "", and fails with what it said last
// when that takes too long.
func eventually(t *testing.T, patience time.Duration, condition func() string) {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		said := condition()
		if said == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("after %v: %s", patience, said)
		}
		time.Sleep(20 * time.Millisecond) // polls
	}
}
