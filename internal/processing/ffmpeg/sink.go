package ffmpeg

import (
	"context"
	"io"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// mediaPipe is where a child writes what it makes if that goes straight on.
const mediaPipe = "pipe:3"

// pipeSize is what the pipe may hold, so that the child works on while its output
// is being stored. The kernel gives what it allows.
const pipeSize = 1 << 20

// sink is the pipe of one child. nil is that of a child without one.
type sink struct {
	read, write *os.File
	done        chan struct{}
	release     func() bool
	err         error
}

// attach gives cmd, which is not started yet, such a pipe if it needs one.
func attach(cmd *exec.Cmd, needed bool) (*sink, error) {
	if !needed {
		return nil, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	_, _ = unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeSize)
	cmd.ExtraFiles = []*os.File{w} // descriptor 3
	return &sink{read: r, write: w}, nil
}

// started leaves the pipe's other end to the child.
func (s *sink) started() {
	if s != nil {
		_ = s.write.Close()
	}
}

// begin has take read until the child has closed its end, or ctx ends. Where what comes
// is not wanted, unwanted is told why; not where it only ended too early: then
// the child has ended, and says more.
func (s *sink) begin(ctx context.Context, take func(io.Reader) error, unwanted context.CancelCauseFunc) {
	if s == nil {
		return
	}
	s.done = make(chan struct{})
	s.release = context.AfterFunc(ctx, func() { _ = s.read.SetReadDeadline(time.Unix(1, 0)) })
	go func() {
		defer close(s.done)
		r := &untilEnd{r: s.read}
		if s.err = take(r); s.err != nil && !r.ended {
			unwanted(s.err)
		}
	}()
}

// end waits until all is read, and gives the error of that.
func (s *sink) end() error {
	if s == nil {
		return nil
	}
	<-s.done
	s.release()
	return s.err
}

// close gives back what is open, whether or not the child was started.
func (s *sink) close() {
	if s != nil {
		_ = s.write.Close()
		_ = s.read.Close()
	}
}

// untilEnd notes that a reader has come to its end.
type untilEnd struct {
	r     io.Reader
	ended bool
}

func (u *untilEnd) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.ended = u.ended || err == io.EOF
	return n, err
}
