package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// writing is a child that writes a film to the pipe.
func writing(e *Engine, seconds string, take func(io.Reader) error) command {
	return command{
		path: e.ffmpeg, args: []string{
			"-nostdin", "-v", "error", "-progress", "pipe:1", "-f", "lavfi", "-i", "testsrc2=s=64x64:d=" + seconds,
			"-c:v", "libx264", "-threads", "1", "-movflags", "+frag_keyframe+empty_moov", "-f", "mp4", mediaPipe,
		},
		media:  take,
		limits: bounds{wall: time.Minute, cpu: time.Minute, memory: 4 << 30},
	}
}

// TestSink: all that the child writes arrives, and nothing else does.
func TestSink(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	var got []byte
	out := &firstWrite{seen: make(chan struct{})}
	c := writing(e, "2", func(r io.Reader) (err error) {
		got, err = io.ReadAll(r)
		return err
	})
	c.stdout = out
	x, err := e.run(t.Context(), c)
	if err != nil || !x.ok() {
		t.Fatalf("%v, %+v", err, x)
	}
	<-out.seen // what it says of its progress goes elsewhere
	if len(got) < 1000 || !bytes.Equal(got[4:8], []byte("ftyp")) || bytes.Contains(got, []byte("progress=")) {
		t.Errorf("%d bytes: %.40q", len(got), got)
	}
}

// TestSinkRefuses: what is not wanted ends the child, which says nothing else.
func TestSinkRefuses(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	unwanted := errors.New("not that")
	_, err := e.run(t.Context(), writing(e, "100000", func(r io.Reader) error {
		_, err := io.ReadFull(r, make([]byte, 100))
		return errors.Join(err, unwanted)
	}))
	wantFault(t, err)
	if !errors.Is(err, unwanted) {
		t.Errorf("error %v", err)
	}
	// So does what is found when all has come.
	_, err = e.run(t.Context(), writing(e, "1", func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return errors.Join(err, unwanted)
	}))
	wantFault(t, err)
	if !errors.Is(err, unwanted) {
		t.Errorf("error %v", err)
	}
}

// TestSinkCutShort: a child that ends badly is to blame for what is missing.
func TestSinkCutShort(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	c := writing(e, "1", func(r io.Reader) error {
		n, err := io.Copy(io.Discard, r)
		return errors.Join(err, errors.New("too short"), context.Cause(t.Context()), errIf(n > 0, "something came"))
	})
	c.args = []string{"-nostdin", "-f", "no-such-format", "-i", "x", "-f", "mp4", mediaPipe}
	x, err := e.run(t.Context(), c)
	if err != nil || x.ok() || !strings.Contains(x.stderr, "no-such-format") {
		t.Errorf("%v, %+v", err, x)
	}
}

func errIf(is bool, words string) error {
	if is {
		return errors.New(words)
	}
	return nil
}

// TestSinkStalls: a child that holds the pipe and writes nothing is ended at the
// limit, as is one whose reader waits.
func TestSinkStalls(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	var readErr error
	c := endless(e)
	c.limits.wall = 300 * time.Millisecond
	c.media = func(r io.Reader) error {
		_, readErr = io.Copy(io.Discard, r)
		return readErr
	}
	_, err := e.run(t.Context(), c)
	wantFault(t, err)
	if !errors.Is(err, errWall) || readErr != nil && !errors.Is(readErr, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, of the reader %v", err, readErr)
	}
}
