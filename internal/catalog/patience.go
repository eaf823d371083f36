package catalog

import (
	"net"
	"sync"
	"time"
)

// patientConn is a connection to a server that must not be silent for longer
// than patience while something is asked of it: a host that vanished, or a
// process that was stopped, would else be waited for until the kernel gives up.
// Deadlines that its user sets come first.
type patientConn struct {
	net.Conn
	patience time.Duration
	now      func() time.Time

	mu    sync.Mutex
	bound bool // its user set a deadline
}

func (c *patientConn) Read(b []byte) (int, error) {
	if err := c.extend(c.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c *patientConn) Write(b []byte) (int, error) {
	if err := c.extend(c.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *patientConn) extend(set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bound {
		return nil
	}
	return set(c.now().Add(c.patience))
}

// SetDeadline bounds both directions; the zero time goes back to patience.
func (c *patientConn) SetDeadline(t time.Time) error { return c.bind(t, c.Conn.SetDeadline) }

// SetReadDeadline bounds reading, and leaves writing as it is.
func (c *patientConn) SetReadDeadline(t time.Time) error { return c.bind(t, c.Conn.SetReadDeadline) }

// SetWriteDeadline bounds writing, and leaves reading as it is.
func (c *patientConn) SetWriteDeadline(t time.Time) error { return c.bind(t, c.Conn.SetWriteDeadline) }

func (c *patientConn) bind(t time.Time, set func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bound = !t.IsZero()
	return set(t)
}
