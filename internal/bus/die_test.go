package bus

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

const dyingLease = 2 * time.Second

// workOver is a process that takes a job and a duty, says so, and hangs.
func workOver(url string) {
	ctx := context.Background()
	b, err := Open(ctx, Config{URL: url, Lease: dyingLease})
	must(err)
	go func() {
		must(b.Lead(ctx, Counting, func(context.Context) {
			fmt.Println("leading")
			select {}
		}))
	}()
	must(b.Work(ctx, Slow, 1, func(context.Context, Job) error {
		fmt.Println("running")
		select {}
	}))
}

// TestWorkerDies kills a process that works over a server that stays. Its job
// and its duty are somebody else's then.
func TestWorkerDies(t *testing.T) {
	t.Parallel()
	_, url := serve(t, &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 1 << 20, JetStreamMaxStore: 1 << 30,
	})
	b := open(t, Config{URL: url, Lease: dyingLease})
	if err := b.Send(t.Context(), 7, Slow); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, "die", url)
	heard := map[string]bool{}
	for len(heard) < 2 && c.lines.Scan() {
		heard[c.lines.Text()] = true
	}
	if !heard["leading"] || !heard["running"] {
		t.Fatalf("the child says %v", heard)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	got, led, ended := make(chan Job, 10), make(chan bool, 10), make(chan error, 2)
	go func() {
		ended <- b.Work(ctx, Slow, 1, func(_ context.Context, j Job) error {
			got <- j
			return nil
		})
	}()
	go func() {
		ended <- b.Lead(ctx, Counting, func(ctx context.Context) {
			led <- true
			<-ctx.Done()
		})
	}()
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	select {
	case j := <-got:
		if j != (Job{7, Slow, 2}) {
			t.Errorf("got %+v, want the second delivery of 7", j)
		}
	case <-ctx.Done():
		t.Error("the job of the dead was not delivered again")
	}
	select {
	case <-led:
	case <-ctx.Done():
		t.Error("the duty of the dead was nobody's")
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	b.Close()
}
