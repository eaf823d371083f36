package bus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/nats-io/nats-server/v2/server"
)

// engine is a NATS server inside the process. It opens no port and takes no
// signals; the connection to it is a pipe.
type engine struct {
	server *server.Server
}

// startEngine starts a server over the store in cfg.Dir and reads that store.
// Whatever of it the server could not read, other than the folder itself, the
// server leaves out and logs.
func startEngine(cfg Config) (*engine, error) {
	if err := dropIndex(cfg.Dir); err != nil {
		return nil, err
	}
	srv, err := server.NewServer(&server.Options{
		ServerName:             "magpie",
		DontListen:             true,
		NoSigs:                 true,
		JetStream:              true,
		StoreDir:               cfg.Dir,
		SyncAlways:             true,
		JetStreamMaxMemory:     16 << 20, // leases; left out, it would be most of the machine
		JetStreamMaxStore:      cfg.MaxStore,
		DisableJetStreamBanner: true,
	})
	if err != nil {
		return nil, fmt.Errorf("make the embedded server: %w", err)
	}
	log := &serverLog{log: cfg.Logger}
	srv.SetLoggerV2(log, false, false, false)
	e := &engine{server: srv}
	srv.Start() // returns when the store is read, because nothing listens
	if err := log.fatal(); err != nil {
		e.stop()
		return nil, err
	}
	if !srv.JetStreamEnabled() {
		e.stop()
		return nil, errors.New("the embedded server did not start its store")
	}
	return e, nil
}

// healthy fails when the store is off or has met a write error.
func (e *engine) healthy() error {
	if !e.server.JetStreamEnabled() {
		return errors.New("the embedded server has switched its store off; its log says why")
	}
	// The server gives itself a millisecond to see that it has started, and
	// may miss it on a busy machine. It looks no further then.
	for range 10 {
		missed := false
		for _, ill := range e.server.Healthz(&server.HealthzOptions{Details: true}).Errors {
			switch {
			case ill.Type == server.HealthzErrorConn:
				missed = true
			case ill.Type == server.HealthzErrorJetStream, ill.Stream == streamName, ill.Stream == logName, ill.Stream == dutyStream:
				return fmt.Errorf("the embedded server's store: %s", ill.Error)
			}
		}
		if !missed {
			break
		}
	}
	return nil
}

// dropIndex deletes the indexes of the store's messages, which only saves reading
// them. The server believes an index that looks whole without looking at the
// messages, and has been seen to take all the machine's memory over one whose
// messages had been damaged. Without it the server checks every message's
// checksum and leaves out what is broken; a queue and what waits to be counted
// are small enough for that.
func dropIndex(dir string) error {
	for _, stream := range []string{streamName, logName, dutyStream} {
		err := os.RemoveAll(filepath.Join(dir, "jetstream", server.DEFAULT_GLOBAL_ACCOUNT, "streams", stream, "msgs", "index.db"))
		if err != nil && !errors.Is(err, syscall.ENOTDIR) { // that is something else in the way, and the server will say what
			return err
		}
	}
	return nil
}

// stop shuts the server down and waits until its files are closed. It may be
// called twice.
func (e *engine) stop() {
	e.server.Shutdown()
	e.server.WaitForShutdown()
}
