package ffmpeg

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// endless is a child that works until it is ended.
func endless(e *Engine) command {
	return command{
		path: e.ffmpeg, args: []string{"-nostdin", "-v", "error", "-progress", "pipe:1", "-re", "-f", "lavfi", "-i", "testsrc2=s=64x64", "-f", "null", "-"},
		limits: bounds{wall: time.Minute, cpu: time.Minute, memory: 4 << 30, file: 1 << 20},
	}
}

// firstWrite closes a channel when the child has printed.
type firstWrite struct {
	once sync.Once
	seen chan struct{}
}

func (f *firstWrite) Write(p []byte) (int, error) {
	f.once.Do(func() { close(f.seen) })
	return len(p), nil
}

func TestRunEndsWithContext(t *testing.T) {
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstWrite{seen: make(chan struct{})}
	go func() {
		<-out.seen
		cancel()
	}()
	c := endless(e)
	c.stdout = out
	_, err := e.run(ctx, c)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want canceled", err)
	}
}

func TestRunEndsAtWall(t *testing.T) {
	e := newEngine(t)
	c := endless(e)
	c.limits.wall = 200 * time.Millisecond
	_, err := e.run(t.Context(), c)
	wantFault(t, err)
	if !errors.Is(err, errWall) {
		t.Errorf("error %v, want the wall-clock limit", err)
	}
	var o *overWall
	if !errors.As(err, &o) || o.limit != c.limits.wall || o.used <= 0 {
		t.Errorf("error %#v, want the limit and the processor time", err)
	}
}

// TestSuspect: a child that was at work all the time speaks against the file.
func TestSuspect(t *testing.T) {
	t.Parallel()
	const limit = 31 * time.Minute
	for used, want := range map[time.Duration]bool{0: false, limit/2 - 1: false, limit / 2: true, 4 * limit: true} {
		cause := fmt.Errorf("render: %w", &overWall{limit: limit, used: used})
		err := suspect(cause, time.Minute-time.Millisecond)
		var s *processing.Suspicion
		if !errors.As(err, &s) || s.Strong != want || !errors.Is(err, errWall) {
			t.Errorf("%s of %s used: %v", used, limit, err)
		} else {
			wantFailure(t, s.Failure, media.UnsupportedMedia, "too long to convert: 1860 seconds were not enough for 60 seconds of video")
		}
	}
	if err := errors.New("disk"); !errors.Is(suspect(err, time.Minute), err) || blamed(suspect(err, time.Minute)) {
		t.Error("another error is suspected")
	}
}

func TestRunLimits(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	c := endless(e)
	c.dir = t.TempDir()
	c.args = []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x480:d=100", "-c:v", "rawvideo", "-f", "rawvideo", "big"}
	x, err := e.run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(filepath.Join(c.dir, "big"))
	if err != nil || st.Size() > 1<<20 {
		t.Errorf("file of %v bytes, limit 1 MiB: %v", st.Size(), err)
	}
	wantFailure(t, blame("test", "an MP4", x), media.UnsupportedMedia, "larger when converted")

	c = endless(e)
	c.args = []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x480:d=100000", "-f", "null", "-"}
	c.limits.cpu = time.Second
	if x, err = e.run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantFailure(t, blame("test", "an MP4", x), media.UnsupportedMedia, "more work")
}

// TestRunLimitsAreSet reads back what the kernel holds for a running child.
func TestRunLimitsAreSet(t *testing.T) {
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &firstWrite{seen: make(chan struct{})}
	c := endless(e)
	c.stdout = out
	done := make(chan error)
	go func() {
		_, err := e.run(ctx, c)
		done <- err
	}()
	<-out.seen
	pids := childPIDs(t)
	if len(pids) != 1 {
		t.Fatalf("children %v, want one", pids)
	}
	for resource, want := range map[int]uint64{
		unix.RLIMIT_CPU: 60, unix.RLIMIT_AS: 4 << 30, unix.RLIMIT_FSIZE: 1 << 20, unix.RLIMIT_CORE: 0,
		unix.RLIMIT_NOFILE: 256, unix.RLIMIT_NPROC: maxProcesses,
	} {
		var got unix.Rlimit
		if err := unix.Prlimit(pids[0], resource, nil, &got); err != nil || got.Cur != want {
			t.Errorf("limit %d is %d, want %d (%v)", resource, got.Cur, want, err)
		}
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pids[0]))
	if err != nil || string(environ) != "LC_ALL=C\x00MALLOC_ARENA_MAX=4\x00" {
		t.Errorf("environment %q, %v", environ, err)
	}
	if group, err := unix.Getpgid(pids[0]); err != nil || group != pids[0] {
		t.Errorf("process group %d of %d, %v", group, pids[0], err)
	}
	if nice, err := unix.Getpriority(unix.PRIO_PROCESS, pids[0]); err != nil || 20-nice != 10 {
		t.Errorf("niceness %d, %v", 20-nice, err)
	}
	cancel()
	<-done
}

func childPIDs(t *testing.T) []int {
	t.Helper()
	var out []int
	for _, c := range children(t) {
		pid, err := strconv.Atoi(strings.Fields(c)[0])
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// TestProcessCancelled: when ctx ends in the middle of rendering, Process
// returns its error and no child is left.
func TestProcessCancelled(t *testing.T) {
	data := generate(t, slices.Concat(picture("s=64x64:r=10:d=2"), x264, []string{"-movflags", "+faststart", "in.mp4"})...)
	e := newEngine(t)
	for _, stop := range []int{1, 2} { // while probing; while rendering
		ctx, cancel := context.WithCancel(t.Context())
		requests := 0
		var mu sync.Mutex
		in := inputOf(t, media.MP4, media.TweetVideo, data)
		in.URL = serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			requests++
			now := requests
			mu.Unlock()
			if now == stop {
				w.Header().Set("Content-Length", strconv.Itoa(len(data)))
				_, _ = w.Write(data[:3000])
				w.(http.Flusher).Flush()
				cancel()
				<-r.Context().Done()
				return
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		})
		var m memory
		_, err := e.Process(ctx, in, &m)
		cancel()
		wantFault(t, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want canceled", err)
		}
		if left := children(t); len(left) != 0 {
			t.Errorf("children are left: %v", left)
		}
		if len(m.order) != 0 {
			t.Errorf("saved %v", m.order)
		}
	}
}

// TestChildDiesWithParent starts this test binary once more, which starts
// ffmpeg, and kills it.
func TestChildDiesWithParent(t *testing.T) {
	const mark = "MAGPIE_TEST_PARENT"
	if os.Getenv(mark) != "" {
		e := newEngine(t)
		c := endless(e)
		c.args = slices.DeleteFunc(c.args, func(s string) bool { return s == "-re" })
		out := &firstWrite{seen: make(chan struct{})}
		c.stdout = out
		go func() {
			<-out.seen
			fmt.Println("child", childPIDs(t)[0])
		}()
		_, _ = e.run(context.Background(), c)
		return
	}
	parent := exec.Command(os.Args[0], "-test.run=^TestChildDiesWithParent$", "-test.v")
	parent.Env = append(os.Environ(), mark+"=1")
	pipe, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	child := 0
	for s := bufio.NewScanner(pipe); child == 0 && s.Scan(); {
		_, _ = fmt.Sscanf(s.Text(), "child %d", &child)
	}
	if child == 0 {
		t.Fatalf("no child was started: %v", parent.Wait())
	}
	fd, err := unix.PidfdOpen(child, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	// A process's descriptor becomes readable when it ends.
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(poll, 20_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n != 1 || err != nil {
			_ = unix.Kill(child, unix.SIGKILL)
			t.Fatalf("the child outlives its parent (%d, %v)", n, err)
		}
		return
	}
}

// TestSandbox runs ffmpeg with options that nobody gives it, to prove that the
// kernel stops what its options no longer do.
func TestSandbox(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	if e.sandbox.abi == 0 {
		if got := e.sandbox.String(); !strings.Contains(got, "none") {
			t.Errorf("sandbox %q", got)
		}
		return // this kernel has none; Check says so
	}
	clip := generate(t, slices.Concat(picture("s=64x64:r=10:d=0.2"), x264, []string{"in.mp4"})...)
	canary := filepath.Join(t.TempDir(), "canary.mp4")
	if err := os.WriteFile(canary, clip, 0o644); err != nil {
		t.Fatal(err)
	}
	var hits sync.Map
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hits.Store(r.URL.Path, true)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(clip))
	}))
	defer listener.Close()
	port, err := strconv.ParseUint(listener.URL[strings.LastIndexByte(listener.URL, ':')+1:], 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	copyOf := func(in, to string, port uint16) exit {
		c := endless(e)
		c.dir, c.port = t.TempDir(), port
		c.args = []string{"-nostdin", "-v", "error", "-i", in, "-c", "copy", to}
		x, err := e.run(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if x := copyOf(canary, "out.mp4", 0); x.ok() || !strings.Contains(x.stderr, "Permission denied") {
		t.Errorf("a file outside was read: %+v", x)
	}
	if x := copyOf("/etc/passwd", "out.mp4", 0); x.ok() || !strings.Contains(x.stderr, "Permission denied") {
		t.Errorf("/etc/passwd was read: %+v", x)
	}
	if x := copyOf(listener.URL+"/allowed", "out.mp4", uint16(port)); !x.ok() {
		t.Errorf("the allowed port was not reached: %+v", x)
	}
	if x := copyOf(listener.URL+"/allowed", canary+".out.mp4", uint16(port)); x.ok() {
		t.Errorf("a file outside was written: %+v", x)
	}
	if e.sandbox.abi >= 4 {
		if x := copyOf(listener.URL+"/forbidden", "out.mp4", uint16(port)+1); x.ok() {
			t.Errorf("another port was reached: %+v", x)
		}
		if _, hit := hits.Load("/forbidden"); hit {
			t.Error("the canary was called")
		}
	}
	if _, hit := hits.Load("/allowed"); !hit {
		t.Error("the control was not called")
	}
	// The sandbox is the child's alone.
	if _, err := os.ReadFile(canary); err != nil {
		t.Errorf("this process is in the sandbox: %v", err)
	}
}
