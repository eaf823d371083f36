package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tracing makes a server run under strace and gives the file of the trace. The
// server itself is the process that the harness starts (-D), so that its
// signals reach it.
func (s *server) tracing() string {
	s.t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		s.t.Fatal("this test reads system calls and needs strace; `make test` installs it, or: apt-get install strace")
	}
	log := filepath.Join(s.t.TempDir(), "trace")
	s.wrap = []string{
		"strace", "-D", "-f", "-y", "-q", "-s", "200", "-o", log, "-e", "signal=none",
		"-e", "trace=read,write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,sendfile,copy_file_range,splice,ftruncate,fallocate",
	}
	return log
}

// call is one system call, in the order in which the calls ended. A write
// counts from when it began: the kernel may pass it on before it returns.
type call struct {
	name, args string
	result     int
}

var (
	callBegun   = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$`)
	callResumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)$`)
	callWhole   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
)

// calls reads a trace to its end.
func calls(t *testing.T, log string) []call {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil || len(text) == 0 {
		t.Fatalf("strace wrote nothing (is ptrace allowed here?): %v", err)
	}
	var list []call
	begun := map[string]string{} // by thread
	early := map[string]int{}    // where in the list its unfinished write is
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if m := callBegun.FindStringSubmatch(line); m != nil {
			begun[m[1]] = m[3]
			if strings.HasPrefix(m[2], "write") {
				early[m[1]] = len(list)
				list = append(list, call{name: m[2], args: m[3]})
			}
			continue
		}
		thread := ""
		if m := callResumed.FindStringSubmatch(line); m != nil {
			line, thread = fmt.Sprintf("%s %s(%s%s", m[1], m[2], begun[m[1]], m[3]), m[1]
		}
		m := callWhole.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		result, _ := strconv.Atoi(m[4])
		if at, ok := early[thread]; ok {
			list[at].result = result
			delete(early, thread)
			continue
		}
		list = append(list, call{m[2], m[3], result})
	}
	return list
}

// between gives the calls from the reading of a request to the writing of its
// answer.
func between(t *testing.T, all []call, request string) []call {
	t.Helper()
	for i, c := range all {
		if c.name != "read" || !strings.Contains(c.args, request) {
			continue
		}
		for j, d := range all[i:] {
			if strings.HasPrefix(d.name, "write") && strings.Contains(d.args, `"HTTP/1.1 200 OK`) {
				return all[i : i+j+1]
			}
		}
		t.Fatalf("%s was not answered with 200", request)
	}
	t.Fatalf("%s is not in the trace", request)
	return nil
}

// TestAppendIsDurable reads the system calls of one append and one finalize:
// the bytes are synced, named, and the name synced, before the client is told;
// nothing of it goes to the database; and finalize copies nothing, and syncs its rows.
func TestAppendIsDurable(t *testing.T) {
	s := prepare(t, "--log-level", "error")
	log := s.tracing()
	s.run()
	c := s.client()

	const segment = 1 << 20
	file := make([]byte, 4*segment)
	copy(file, sampleJPEG()) // and zeros behind it, of which nothing is made
	id := c.initialize("image/jpeg", "", len(file))
	for i := range 4 {
		c.append(id, i, file[i*segment:(i+1)*segment]).data()
	}
	c.finalize(id).data()
	all := s.traced(log)
	holdAppendOrder(t, s, between(t, all, `/2/media/upload/`+id+`/append `))
	finalize := between(t, all, `/2/media/upload/`+id+`/finalize `)
	holdNoCopy(t, s, finalize, len(file))
	holdRows(t, s, finalize)
}

// TestPhotoIsDurable reads the system calls of a photo in one request: its session
// is on stable storage before any of its blobs is, which would be nobody's without, and
// what was made of it before the answer.
func TestPhotoIsDurable(t *testing.T) {
	s := prepare(t, "--log-level", "error")
	log := s.tracing()
	s.run()
	s.client().oneShot(sampleJPEG(), "tweet_image").data()
	photo := between(t, s.traced(log), "POST /2/media/upload ")
	holdRows(t, s, photo)
	packs := "<" + filepath.Join(s.data, "blobs", "_packs") + "/"
	for i, c := range photo {
		if c.name == "fdatasync" && strings.Contains(c.args, packs) {
			holdRows(t, s, photo[:i])
			return
		}
	}
	t.Error("no pack was synced")
}

// traced stops a server and gives all of its system calls.
func (s *server) traced(log string) []call {
	t := s.t
	t.Helper()
	pid := s.cmd.Process.Pid
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	end := regexp.MustCompile(fmt.Sprintf(`(?m)^%d +\+\+\+ exited`, pid))
	eventually(t, func() string { // strace writes on for a moment
		text, _ := os.ReadFile(log)
		if !end.Match(text) {
			return fmt.Sprintf("the trace has no end: %s", text[max(0, len(text)-500):])
		}
		return ""
	})
	return calls(t, log)
}

// holdRows: something was written to the database, and all of it is synced in the end.
func holdRows(t *testing.T, s *server, calls []call) {
	t.Helper()
	log, written, left := "<"+filepath.Join(s.data, "magpie.db-wal")+">", 0, 0
	for _, c := range calls {
		switch {
		case !strings.Contains(c.args, log):
		case strings.HasPrefix(c.name, "pwrite"):
			written, left = written+1, left+1
		case c.name == "fsync" || c.name == "fdatasync":
			left = 0
		}
	}
	if written == 0 || left > 0 {
		t.Errorf("of %d writes to the database's log, %d are not synced", written, left)
	}
}

func holdAppendOrder(t *testing.T, s *server, calls []call) {
	t.Helper()
	tmp := filepath.Join(s.data, "blobs", "tmp") + "/"
	steps, folder := []string{}, ""
	for _, c := range calls {
		switch {
		case (c.name == "fdatasync" || c.name == "fsync") && strings.Contains(c.args, tmp):
			steps = append(steps, "sync file")
		case strings.HasPrefix(c.name, "rename") && strings.Contains(c.args, tmp):
			steps = append(steps, "rename")
			folder = filepath.Dir(regexp.MustCompile(`"[^"]*"[^"]*"([^"]*)"`).FindStringSubmatch(c.args)[1])
		case c.name == "fsync" && folder != "" && strings.Contains(c.args, "<"+folder+">"):
			steps = append(steps, "sync folder")
		case strings.Contains(c.args, "HTTP/1.1 200"):
			steps = append(steps, "answer")
		}
		if c.name != "read" && strings.Contains(c.args, "magpie.db") {
			t.Errorf("an append touches the database: %s(%s)", c.name, c.args)
		}
		if c.result < 0 && c.name != "read" {
			t.Errorf("%s(%s) = %d", c.name, c.args, c.result)
		}
	}
	if got, want := strings.Join(steps, ", "), "sync file, rename, sync folder, answer"; got != want {
		t.Errorf("an append does: %s; want: %s", got, want)
	}
}

func holdNoCopy(t *testing.T, s *server, calls []call, size int) {
	t.Helper()
	written := 0
	for _, c := range calls {
		switch c.name {
		case "read", "fsync", "fdatasync", "rename", "renameat", "renameat2":
		default:
			if strings.Contains(c.args, "<"+s.data) {
				written += c.result
			}
		}
	}
	if written == 0 {
		t.Error("finalize wrote nothing at all; the trace is not understood")
	}
	if written > size/8 {
		t.Errorf("finalize of %d bytes wrote %d", size, written)
	}
}
