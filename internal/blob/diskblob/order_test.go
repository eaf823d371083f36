package diskblob

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const traced = "fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,unlink,unlinkat,write,pwrite64,pwritev,fallocate,ftruncate"

// traceOutput is what a traced child said, and the calls that it made below its
// root, in the order in which they ended: "fsync segments", "rename tmp/1 a".
type traceOutput struct {
	said  []byte
	calls []string
}

// trace runs one of the child's parts under strace.
func trace(t *testing.T, root, part string, args ...string) traceOutput {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Fatal("this test proves the order of system calls and needs strace; `make test` installs it, or: apt-get install strace")
	}
	log := filepath.Join(t.TempDir(), "trace")
	// -y shows the path of a descriptor.
	args = append([]string{"-f", "-y", "-qq", "-s", "4096", "-o", log, "-e", "trace=" + traced}, args...)
	cmd := exec.Command(strace, append(args, os.Args[0])...)
	cmd.Env = childEnviron(part, root)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil && !strings.Contains(strings.Join(args, " "), "signal=KILL") {
		t.Fatalf("strace: %v\n%s", err, stderr.Bytes())
	}
	text, err := os.ReadFile(log)
	if err != nil || len(text) == 0 {
		t.Fatalf("strace wrote nothing (is ptrace allowed here?): %v\n%s", err, stderr.Bytes())
	}
	return traceOutput{said: said, calls: readTrace(root, string(text))}
}

var (
	unfinished = regexp.MustCompile(`^(\d+) +(.*) <unfinished \.\.\.>$`)
	resumed    = regexp.MustCompile(`^(\d+) +<\.\.\. \w+ resumed>(.*)$`)
	whole      = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)(?: (E\w+))?`)
	quoted     = regexp.MustCompile(`"([^"]*)"|\d+<([^>]*)>`)
)

// readTrace gives the calls on files below root, with the error of those that
// failed, and what was written to standard output.
func readTrace(root, text string) []string {
	var calls []string
	began := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := unfinished.FindStringSubmatch(line); m != nil {
			began[m[1]] = m[2]
			continue
		}
		if m := resumed.FindStringSubmatch(line); m != nil {
			line = m[1] + " " + began[m[1]] + m[2]
		}
		m := whole.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		name, failed := m[2], m[5]
		if name == "write" {
			if strings.HasPrefix(m[3], "1<") {
				said, _, _ := strings.Cut(strings.SplitN(m[3], `"`, 3)[1], `\n`)
				calls = append(calls, "say "+said)
				continue
			}
		}
		name = strings.TrimSuffix(strings.TrimSuffix(name, "2"), "at")
		call := name
		for _, q := range quoted.FindAllStringSubmatch(m[3], -1) {
			if rel, err := filepath.Rel(root, q[1]+q[2]); err == nil && !strings.HasPrefix(rel, "..") {
				call += " " + rel
			}
		}
		if call == name {
			continue // elsewhere
		}
		if failed != "" {
			call += " " + failed
		}
		calls = append(calls, call)
	}
	return calls
}

// TestOrder proves that nothing is acknowledged before it is on stable storage,
// and that no name leads to bytes that are not.
func TestOrder(t *testing.T) {
	root := t.TempDir()
	fan := "segments/" + fanOut("1")
	folder := fan + "/1"
	got := trace(t, root, "two").calls
	want := []string{
		"mkdir . EEXIST",
		"mkdir tmp",

		// Into folders that nobody has made yet: all that hold a new entry are
		// synced.
		"write tmp/1",
		"fdatasync tmp/1",
		"mkdir segments", "mkdir " + fan, "mkdir " + folder,
		"rename tmp/1 " + folder + "/a",
		"fsync " + folder, "fsync " + fan, "fsync segments", "fsync .",
		"say ACK segments/1/a",

		// Into folders that are known: two syncs and no more.
		"write tmp/2",
		"fdatasync tmp/2",
		"rename tmp/2 " + folder + "/b",
		"fsync " + folder,
		"say ACK segments/1/b",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestOrderOfPacks is TestOrder where both go to one pack: the second costs one
// write and one sync, though it is of another media.
func TestOrderOfPacks(t *testing.T) {
	root := t.TempDir()
	fan := packsName + "/" + fanOut("0")
	folder := fan + "/0"
	want := []string{
		"mkdir . EEXIST", "mkdir tmp",
		"mkdir " + packsName, "mkdir " + fan, "mkdir " + folder,
		"pwritev " + folder + "/PACK",
		"fdatasync " + folder + "/PACK",
		"fsync " + folder, "fsync " + fan, "fsync " + packsName, "fsync .",
		"say ACK segments/1/a",
		"pwritev " + folder + "/PACK",
		"fdatasync " + folder + "/PACK",
		"say ACK renditions/2/1/b",
	}
	if diff := cmp.Diff(want, noNames(trace(t, root, "two packs").calls)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	// The next process makes a pack of its own, and syncs the folders again.
	calls := strings.Join(noNames(trace(t, root, "one packs").calls), "\n")
	again := fmt.Sprintf("mkdir %[1]s EEXIST\npwritev %[1]s/PACK\nfdatasync %[1]s/PACK\nfsync %[1]s\nfsync %[2]s\nfsync _packs\nfsync .\nsay code=", folder, fan)
	if !strings.Contains(calls, again) {
		t.Errorf("got\n%s\nwant among it\n%s", calls, again)
	}
	if n := len(packsIn(t, root+"/"+folder)); n != 2 {
		t.Errorf("%d packs, want 2", n)
	}
}

var packNames = regexp.MustCompile(`_[0-9a-f]{16}\.pack`)

// noNames puts PACK where the names of packs are.
func noNames(calls []string) []string {
	for i, call := range calls {
		calls[i] = packNames.ReplaceAllString(call, "PACK")
	}
	return calls
}

// TestHeadIsSynced: a beginning that is written last is on stable storage before
// the name is.
func TestHeadIsSynced(t *testing.T) {
	root := t.TempDir()
	got := trace(t, root, "headed").calls
	want := []string{
		"mkdir . EEXIST", "mkdir tmp",
		"write tmp/1", "pwrite64 tmp/1", "fdatasync tmp/1", "rename tmp/1 a", "fsync .",
		"say code= err=<nil>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// TestFlushedIsSyncedOnce: what was synced ahead of the commit is not synced again,
// and what was written since is.
func TestFlushedIsSyncedOnce(t *testing.T) {
	root := t.TempDir()
	got := trace(t, root, "flushed").calls
	want := []string{
		"mkdir . EEXIST", "mkdir tmp",
		"write tmp/1", "fdatasync tmp/1", "write tmp/1", "fdatasync tmp/1", "rename tmp/1 a", "fsync .",
		"say code= err=<nil>",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for inject, says := range map[string]string{"fdatasync:error=EIO:when=1": "code=internal", "fdatasync:error=ENOSPC:when=2": "code=full"} {
		root := t.TempDir()
		if out := trace(t, root, "flushed", "-e", "inject="+inject); !bytes.HasPrefix(out.said, []byte(says)) {
			t.Errorf("%s: said %q, want %q", inject, out.said, says)
		}
		wantTree(t, root, "tmp/")
	}
}

// TestOrderAfterRestart: folders that an earlier process made, and may have been
// killed before it synced, are synced again before the first blob in them is acknowledged.
func TestOrderAfterRestart(t *testing.T) {
	root := t.TempDir()
	trace(t, root, "two")
	calls := strings.Join(trace(t, root, "one").calls, "\n")
	fan := "segments/" + fanOut("1")
	want := fmt.Sprintf("fdatasync tmp/1\nmkdir segments EEXIST\nmkdir %[1]s EEXIST\nmkdir %[1]s/1 EEXIST\n"+
		"rename tmp/1 %[1]s/1/a\nfsync %[1]s/1\nfsync %[1]s\nfsync segments\nfsync .\nsay code=", fan)
	if !strings.Contains(calls, want) {
		t.Errorf("got\n%s\nwant among it\n%s", calls, want)
	}
}

// TestNoFolderIsPulledAway: a commit never finds that a Delete took a folder
// that it had made or found. Commit would try again, but a folder that came back
// behind its back is one whose entry nobody has synced.
func TestNoFolderIsPulledAway(t *testing.T) {
	media := "renditions/" + fanOut("1") + "/1"
	t.Run("files", func(t *testing.T) { wantNonePulledAway(t, "churn", media, media+"/1") })
	t.Run("packs", func(t *testing.T) { wantNonePulledAway(t, "churn packs", packsName+"/"+fanOut("0")+"/0") })
}

func wantNonePulledAway(t *testing.T, part string, folders ...string) {
	t.Helper()
	out := trace(t, t.TempDir(), part)
	if string(out.said) != "done\n" {
		t.Fatalf("the child said %q", out.said)
	}
	removed := 0
	for _, call := range out.calls {
		name, _, _ := strings.Cut(call, " ")
		if (name == "mkdir" || name == "rename") && strings.HasSuffix(call, "ENOENT") {
			t.Errorf("%s", call)
		}
		if path, ok := strings.CutPrefix(call, "unlink "); ok && slices.Contains(folders, path) {
			removed++
		}
	}
	if removed == 0 {
		t.Error("no folder was ever removed, so this proves nothing")
	}
}

// TestSyscallsFail makes every step of a commit fail in turn: it says so,
// nothing is stored, and nothing is left over.
func TestSyscallsFail(t *testing.T) {
	fan := "segments/" + fanOut("1") + "/"
	failing(t, "one", []string{"segments/", fan, fan + "1/", fan + "1/a"}, [][2]string{
		{"fdatasync:error=EIO", "code=internal err=fdatasync"},
		{"fdatasync:error=ENOSPC", "code=full"},
		{"mkdirat:error=ENOSPC:when=4", "code=full"}, // after root, tmp and segments
		{"mkdirat:error=EIO:when=5", "code=internal"},
		{"fsync:error=EIO:when=2", "code=internal"}, // after the root's parent: the blob's folder
		{"fsync:error=EIO:when=3", "code=internal"}, // the fan-out folder
		{"fsync:error=EIO:when=5", "code=internal"}, // the root
		{"fsync:error=EDQUOT:when=5", "code=full"},
		{"renameat:error=EIO", "code=internal"},
		{"renameat:error=ENOSPC", "code=full"},
		{"renameat:error=ENOENT", "code=internal"}, // again and again
		{"fdatasync:error=EINTR:when=1", "code= err=<nil>"},
		{"renameat:error=ENOENT:when=1", "code= err=<nil>"},
	})
}

// TestSyscallsOfPacksFail is the same for a pack.
func TestSyscallsOfPacksFail(t *testing.T) {
	fan := packsName + "/" + fanOut("0") + "/"
	failing(t, "one packs", []string{packsName + "/", fan, fan + "0/", fan + "0/PACK"}, [][2]string{
		{"pwritev:error=EIO", "code=internal err=write"},
		{"pwritev:error=ENOSPC", "code=full"},
		{"fdatasync:error=EIO", "code=internal err=fdatasync"},
		{"fdatasync:error=EDQUOT", "code=full"},
		{"mkdirat:error=ENOSPC:when=4", "code=full"},
		{"fsync:error=EIO:when=2", "code=internal"},
		{"fsync:error=EIO:when=5", "code=internal"},
		{"pwritev:error=EINTR:when=1", "code= err=<nil>"},
		{"fdatasync:error=EINTR:when=1", "code= err=<nil>"},
	})
}

// failing traces a part in which something fails each time, and wants what it then
// says, and nothing on disk but what is stored where it succeeds: the last of stored
// that is a file, and its folders, of which the first two may be left.
func failing(t *testing.T, part string, stored []string, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		t.Run(c[0], func(t *testing.T) {
			root := t.TempDir()
			out := trace(t, root, part, "-e", "inject="+c[0])
			if !bytes.HasPrefix(out.said, []byte(c[1])) {
				t.Errorf("said %q, want %q", out.said, c[1])
			}
			got := noNames(tree(t, root))
			if c[1] == "code= err=<nil>" {
				want := slices.Sorted(slices.Values(append([]string{"tmp/"}, stored...)))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("on disk (-want +got):\n%s", diff)
				}
				return
			}
			for _, path := range got {
				if path != "tmp/" && !slices.Contains(stored[:2], path) {
					t.Errorf("%s is left on disk", path)
				}
			}
		})
	}
}
