package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// command is one run of a program.
type command struct {
	path   string
	args   []string
	dir    string    // working folder, and the only one it may write to; "" for none
	port   uint16    // the loopback port it may connect to; 0 for none
	stdout io.Writer // nil drops it; an error from it ends the child

	// media reads what the child writes to mediaPipe, to its end; an error from
	// it ends the child. nil where there is no such pipe.
	media func(io.Reader) error

	limits bounds

	// from is the original that args name by its URL; nil for none. Where one waits
	// that was started with the same args and another URL, it is taken.
	from *source
}

// nice is how nice children are. The service itself is at 0.
const nice = 10

// bounds is what a child may use.
type bounds struct {
	wall   time.Duration
	cpu    time.Duration
	memory uint64 // bytes of address space
	file   uint64 // bytes of one file
}

// exit is how a child ended by itself.
type exit struct {
	code    int            // -1 when a signal ended it
	signal  syscall.Signal // 0 unless a signal ended it
	overCPU bool           // it did not end well and used up its processor time
	stderr  string
}

func (x exit) ok() bool { return x.code == 0 }

// errWall is a child that was killed because it took too long by the clock.
var errWall = errors.New("took longer than its wall-clock limit")

// overWall is errWall with what is needed to tell whether the child or the
// machine was slow.
type overWall struct {
	limit time.Duration
	used  time.Duration // processor time
}

func (o *overWall) Error() string {
	return fmt.Sprintf("%v of %s, with %s of processor time", errWall, o.limit, o.used)
}

func (o *overWall) Unwrap() error { return errWall }

// busy reports whether the child was at work for most of its time. One that
// waited for its source, or for a processor on a crowded machine, was not.
func (o *overWall) busy() bool { return o.used >= o.limit/2 }

// suspect makes a suspicion against the file of an error by which a child ended
// at its wall-clock limit over a video of this length; a strong one where it was
// at work all the time.
func suspect(err error, length time.Duration) error {
	var o *overWall
	if !errors.As(err, &o) {
		return err
	}
	return &processing.Suspicion{Cause: err, Strong: o.busy(), Failure: media.NewFailure(media.UnsupportedMedia, fmt.Sprintf(
		"The video takes too long to convert: %s were not enough for %s of video.", inSeconds(o.limit), inSeconds(length)))}
}

// inSeconds rounds up.
func inSeconds(d time.Duration) string {
	return fmt.Sprintf("%d seconds", (d+time.Second-1)/time.Second)
}

// maxProcesses bounds the processes and threads of the user that a child runs
// as. It is there against a fork bomb, so it leaves room for a busy desktop.
const maxProcesses = 4096

// run starts a child, or takes one that waits, and waits for its end. How the child
// ended is in exit; an error means that it could not run, or was ended from outside: by
// ctx, by its wall-clock limit, or because its output was not wanted. Whatever
// happened, that process is gone when run returns.
func (e *Engine) run(ctx context.Context, c command) (exit, error) {
	if r, ok := e.early.run(ctx, c); ok {
		return r.exit, r.err
	}
	done := make(chan result, 1)
	onOwnThread(func() {
		h, err := e.start(c)
		if err != nil {
			done <- result{err: err}
			return
		}
		x, err := h.finish(ctx, c)
		done <- result{x, err}
	})
	r := <-done
	return r.exit, r.err
}

// result is what run returns.
type result struct {
	exit exit
	err  error
}

// child is a program that was started. It must be ended by finish or dismiss.
type child struct {
	cmd    *exec.Cmd
	stdout later
	stderr tail
	sink   *sink
	exited chan struct{}
	err    error // of waiting for it; valid when it has exited

	life context.Context
	end  context.CancelCauseFunc // kills it
}

// start starts a child on the calling thread, which is thrown away afterwards. The
// thread must live as long as the child: the signal that ends a child with its
// parent is tied to the thread that started it. What belongs to a single original,
// which is what it is read by and its limits, comes with finish.
func (e *Engine) start(c command) (*child, error) {
	// Opened before the sandbox, which has no such file.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", c.path, err)
	}
	defer null.Close()

	h := &child{exited: make(chan struct{}), stdout: later{is: make(chan struct{})}}
	h.life, h.end = context.WithCancelCause(context.Background())
	cmd := exec.CommandContext(h.life, c.path, c.args...)
	h.cmd = cmd
	cmd.Env = []string{"LC_ALL=C", "MALLOC_ARENA_MAX=4"} // each arena takes 64 MiB of address space
	cmd.Dir = c.dir
	cmd.Stdin = null
	cmd.Stdout = null
	if c.stdout != nil {
		cmd.Stdout = &h.stdout
	}
	cmd.Stderr = &h.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = 5 * time.Second
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }

	if h.sink, err = attach(cmd, c.media != nil); err != nil {
		h.end(nil)
		return nil, fmt.Errorf("run %s: %w", c.path, err)
	}
	if err := e.sandbox.enter(c.dir, c.port); err != nil {
		h.sink.close()
		h.end(nil)
		return nil, fmt.Errorf("run %s: %w", c.path, err)
	}
	// Niceness belongs to the thread and is inherited. Where the whole service
	// is nicer already this fails, which does not matter.
	_ = unix.Setpriority(unix.PRIO_PROCESS, 0, nice)

	if err := cmd.Start(); err != nil {
		h.sink.close()
		h.end(nil)
		return nil, fmt.Errorf("run %s: %w", c.path, err)
	}
	h.sink.started()
	go func() {
		h.err = cmd.Wait()
		close(h.exited)
	}()
	return h, nil
}

// finish lets a child go on for c and waits for its end.
func (h *child) finish(ctx context.Context, c command) (exit, error) {
	defer h.end(nil)
	defer h.sink.close()
	wall, cancel := context.WithTimeoutCause(ctx, c.limits.wall, errWall)
	defer cancel()
	defer context.AfterFunc(wall, func() { h.end(context.Cause(wall)) })()

	// The limits hold for what the child has used already, so it gains nothing
	// from the moment before they are set.
	limitErr := c.limits.apply(h.cmd.Process.Pid)
	if limitErr != nil {
		h.end(limitErr)
	}
	h.stdout.become(c.stdout)
	h.sink.begin(h.life, c.media, h.end)
	<-h.exited
	waitErr, mediaErr := h.err, h.sink.end()
	if limitErr != nil {
		return exit{}, fmt.Errorf("limit %s: %w", c.path, limitErr)
	}
	if h.life.Err() != nil && waitErr != nil {
		if errors.Is(context.Cause(h.life), errWall) {
			st := h.cmd.ProcessState
			return exit{}, fmt.Errorf("run %s: %w", c.path, &overWall{limit: c.limits.wall, used: st.UserTime() + st.SystemTime()})
		}
		return exit{}, fmt.Errorf("run %s: %w", c.path, context.Cause(h.life))
	}
	x := exitOf(h.cmd.ProcessState, c.limits, h.stderr.String())
	var exitErr *exec.ExitError
	if waitErr != nil && (!errors.As(waitErr, &exitErr) || errors.Is(waitErr, errOutput)) {
		return x, fmt.Errorf("run %s: %w", c.path, waitErr)
	}
	// What a child leaves that did not end well is cut short for that reason.
	if mediaErr != nil && x.ok() {
		return x, fmt.Errorf("run %s: %w", c.path, mediaErr)
	}
	return x, nil
}

// dismiss ends a child that was not needed.
func (h *child) dismiss() {
	h.end(nil)
	h.stdout.become(nil)
	<-h.exited
	h.sink.close()
}

// later is an output whose reader comes when the child is at work already.
type later struct {
	is chan struct{} // closed when to is set
	to io.Writer
}

// become sets the reader; nil drops what comes. It is called once.
func (l *later) become(to io.Writer) {
	if l.to = to; to == nil {
		l.to = io.Discard
	}
	close(l.is)
}

func (l *later) Write(p []byte) (int, error) {
	<-l.is
	return l.to.Write(p)
}

func exitOf(st *os.ProcessState, b bounds, stderr string) exit {
	x := exit{code: st.ExitCode(), stderr: stderr}
	if ws, ok := st.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		x.signal = ws.Signal()
	}
	// ffmpeg takes the signal for the first limit and ends with 255, as it does
	// for a signal from anyone else. The kernel's two ways of counting differ, on
	// a busy machine by a third.
	if x.code == 255 || x.signal == syscall.SIGXCPU || x.signal == syscall.SIGKILL {
		limit := time.Duration(b.cpuSeconds()) * time.Second
		x.overCPU = st.UserTime()+st.SystemTime() >= limit/2
	}
	return x
}

// cpuSeconds is the processor time as the kernel counts it.
func (b bounds) cpuSeconds() uint64 { return max(uint64(b.cpu/time.Second), 1) }

// apply limits a running process.
func (b bounds) apply(pid int) error {
	cpu := b.cpuSeconds()
	for _, l := range []struct {
		name      string
		resource  int
		soft, top uint64
	}{
		{"processor time", unix.RLIMIT_CPU, cpu, cpu + 5}, // ffmpeg ends by itself at the first
		{"address space", unix.RLIMIT_AS, b.memory, b.memory},
		{"file size", unix.RLIMIT_FSIZE, b.file, b.file},
		{"core dumps", unix.RLIMIT_CORE, 0, 0},
		{"open files", unix.RLIMIT_NOFILE, 256, 256},
		{"processes", unix.RLIMIT_NPROC, maxProcesses, maxProcesses},
	} {
		var now unix.Rlimit
		if err := unix.Prlimit(pid, l.resource, nil, &now); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		want := unix.Rlimit{Cur: min(l.soft, now.Max), Max: min(l.top, now.Max)}
		if err := unix.Prlimit(pid, l.resource, &want, nil); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// onOwnThread runs f on an operating system thread that ends with f: the
// goroutine stays locked to it, and a thread that a locked goroutine leaves
// behind is not used again. The process's main thread cannot end, so where that is
// the one at hand it is kept busy while another is used.
func onOwnThread(f func()) {
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			runtime.LockOSThread()
			f()
		}()
		<-done
		runtime.UnlockOSThread()
	}()
}
