package bus

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serve starts a server, fills in the port that it got, and gives its address
// and what stops it.
func serve(t *testing.T, opts *server.Options) (stop func(), url string) {
	t.Helper()
	s, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		s.Start()
	}()
	stop = func() {
		s.Shutdown()
		s.WaitForShutdown()
		<-accepting
	}
	t.Cleanup(stop)
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	opts.Port = s.Addr().(*net.TCPAddr).Port
	return stop, s.ClientURL()
}

// TestLeaseLost takes the server away under a running handler. Its context ends
// when the lease does, which must not be before; when the server is back, the
// job is delivered again.
func TestLeaseLost(t *testing.T) {
	t.Parallel()
	opts := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 1 << 30,
	}
	stop, url := serve(t, opts)
	b := open(t, Config{URL: url, Replicas: 1, Lease: 500 * time.Millisecond})
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	started := make(chan int, 10)
	causes := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		done <- b.Work(ctx, Slow, 1, func(ctx context.Context, j Job) error {
			started <- j.Delivery
			if j.Delivery > 1 {
				return nil
			}
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return nil
		})
	}()
	if err := b.Send(ctx, 7, Slow); err != nil {
		t.Fatal(err)
	}
	<-started
	stop()
	if err := <-causes; !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the handler's context ended with %v, want ErrLeaseLost", err)
	}
	stop, _ = serve(t, opts)
	if n := <-started; n < 2 {
		t.Errorf("delivery %d, want a later one", n)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Work: %v", err)
	}
	b.Close()
	stop()
}
