package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"magpie/internal/media"
)

// fillDisk is a process whose writes begin to fail and then no longer do, as on
// a disk that was full for a while. No job that Send has taken may be missing.
func fillDisk(dir string) {
	ctx := context.Background()
	b, err := Open(ctx, Config{Dir: dir})
	must(err)
	signal.Ignore(syscall.SIGXFSZ)
	var was syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2000, Max: was.Max}))
	taken := 0
	for failed := 0; failed < 3; { // once may be a machine that stood still
		try, cancel := context.WithTimeout(ctx, time.Second)
		err := b.Send(try, media.ID(taken+1), Fast)
		cancel()
		if err != nil {
			failed++
			continue
		}
		failed = 0
		if taken++; taken > 1000 {
			must(errors.New("the limit on file sizes does not work"))
		}
	}
	if taken == 0 {
		must(errors.New("no job was taken before the disk was full"))
	}
	try, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if b.Ready(try) == nil {
		must(errors.New("ready with a full disk"))
	}
	must(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))

	must(b.Ready(ctx))
	must(b.Send(ctx, 5000, Fast))
	got := map[media.ID]bool{}
	work, stop := context.WithCancel(ctx)
	must(b.Work(work, Fast, 1, func(_ context.Context, j Job) error {
		if got[j.ID] = true; j.ID == 5000 {
			stop()
		}
		return nil
	}))
	for id := media.ID(1); id <= media.ID(taken); id++ {
		if !got[id] {
			must(fmt.Errorf("of %d jobs number %d is missing", taken, id))
		}
	}
	b.Close()
	fmt.Println("well")
	os.Exit(0)
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	startChild(t, "full", filepath.Join(t.TempDir(), "bus")).says(t, "well")
}

// TestStoreSwitchedOff: the server switches its store off by itself where it
// may not write. Handlers lose their leases then; the next Send brings the
// store back, and their jobs are delivered again.
func TestStoreSwitchedOff(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Dir: filepath.Join(t.TempDir(), "bus"), Lease: 24 * time.Hour})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(cancel)
	deliveries := make(chan Job, 10)
	causes := make(chan error, 10)
	done := make(chan error, 1)
	go func() {
		done <- b.Work(ctx, Slow, 1, func(ctx context.Context, j Job) error {
			deliveries <- j
			if len(causes) == 0 {
				<-ctx.Done()
				causes <- context.Cause(ctx)
			}
			return nil // counts for nothing the first time
		})
	}()
	if err := b.Send(ctx, 7, Slow); err != nil {
		t.Fatal(err)
	}
	<-deliveries
	if err := b.current().engine.server.ShutdownJetStream(); err != nil {
		t.Fatal(err)
	}
	if err := b.Send(ctx, 8, Fast); err != nil {
		t.Fatalf("Send with the store off: %v", err)
	}
	if j := <-deliveries; j.ID != 7 {
		t.Errorf("got %+v, want 7 again", j)
	}
	if err := <-causes; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the handler's context ended with %v, want ErrLeaseLost", err)
	}
	b.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("Work: %v", err)
	}
}
