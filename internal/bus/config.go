package bus

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Config says where the bus is and how patient it is. Exactly one of Dir and
// URL is set; every other zero value means its default.
type Config struct {
	// Dir is the folder of the embedded server's store. It is made if missing
	// and holds nothing else. Only one process may use it at a time; whoever
	// owns the data folder sees to that.
	Dir string

	// URL is a NATS server or several of one cluster, with commas between them:
	// nats://host:port, or tls:// for TLS whether the server asks for it or not.
	// JetStream must be on, and should sync always. A URL may hold what to log
	// in with; no message of the bus repeats that.
	URL string

	// Login says what to log in with where the URL does not.
	Login Login

	// Replicas is how many servers of a cluster keep each job: default 3. One
	// does in a cluster of fewer servers, until there are more. An embedded
	// server keeps one.
	Replicas int

	// Lease is how long a job stays with a process that has gone silent
	// before it is delivered again: default 30 s. It is renewed every half of
	// it, so a handler may run for as long as it likes.
	Lease time.Duration

	// Backoff is how long a job waits after the first, second, … delivery
	// that ended in an error; the last one repeats. Default 1 s, 5 s, 30 s,
	// 2 min.
	Backoff []time.Duration

	// MaxStore is how many bytes an embedded store may take on disk: default
	// 1 GiB, which is room for millions of jobs.
	MaxStore int64

	// Random spreads what many processes would do at the same instant: default
	// crypto/rand.
	Random io.Reader

	// Logger takes what the bus and the embedded server have to say. Default:
	// nothing is logged.
	Logger *slog.Logger
}

// withDefaults fills in what was left out and says what cannot be.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Dir == "" && c.URL == "":
		return c, errors.New("bus: needs a folder for the embedded store, or the URL of a NATS server")
	case c.Dir != "" && c.URL != "":
		return c, errors.New("bus: takes a folder for the embedded store or the URL of a NATS server, not both")
	case c.Lease < 0 || c.MaxStore < 0 || c.Replicas < 0:
		return c, errors.New("bus: lease, store size and replicas cannot be negative")
	}
	if c.URL != "" {
		if err := CheckURL(c.URL); err != nil {
			return c, err
		}
	}
	for _, d := range c.Backoff {
		if d < 0 {
			return c, fmt.Errorf("bus: a back-off of %s is negative", d)
		}
	}
	if c.Lease == 0 {
		c.Lease = 30 * time.Second
	}
	if len(c.Backoff) == 0 {
		c.Backoff = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute}
	}
	if c.MaxStore == 0 {
		c.MaxStore = 1 << 30
	}
	if c.Dir != "" {
		c.Replicas = 1
	} else if c.Replicas == 0 {
		c.Replicas = 3
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// backoff is how long to wait after the given delivery, counted from 1, ended
// in an error.
func (c Config) backoff(delivery int) time.Duration {
	return c.Backoff[min(max(delivery, 1), len(c.Backoff))-1]
}

// chance is a number from 0 to 1, and 1 where there is no randomness to be had.
// It may be called from many goroutines if Random may.
func (c Config) chance() float64 {
	var b [2]byte
	if _, err := io.ReadFull(c.Random, b[:]); err != nil {
		return 1
	}
	return float64(binary.BigEndian.Uint16(b[:])) / (1 << 16)
}
