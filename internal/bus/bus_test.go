package bus_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"magpie/internal/bus"
	"magpie/internal/bus/bustest"
)

// open opens a bus and closes it with the test.
func open(t *testing.T, cfg bus.Config) *bus.Bus {
	t.Helper()
	b, err := bus.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(b.Close)
	return b
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	bustest.Run(t, func(t *testing.T, cfg bus.Config) *bus.Bus {
		cfg.Dir = filepath.Join(t.TempDir(), "bus")
		return open(t, cfg)
	})
}

// TestServer runs the suite against a server that stands alone behind a port,
// one for each test.
func TestServer(t *testing.T) {
	t.Parallel()
	bustest.Run(t, func(t *testing.T, cfg bus.Config) *bus.Bus {
		cfg.URL, cfg.Replicas = startServer(t).ClientURL(), 1
		return open(t, cfg)
	})
}

// startServer starts a NATS server on a free loopback port.
func startServer(t *testing.T) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 16 << 20, JetStreamMaxStore: 1 << 30,
	})
	if err != nil {
		t.Fatal(err)
	}
	accepting := make(chan struct{})
	go func() {
		defer close(accepting)
		s.Start()
	}()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
		<-accepting
	})
	if !s.ReadyForConnections(time.Minute) {
		t.Fatal("the server does not start")
	}
	return s
}
