package s3blob

import (
	"context"
	"net"
	"net/http"
	"time"
)

// How many connections the driver has at most. Reading has its own, so that
// viewers who take their time do not keep uploads waiting.
const (
	maxReading = 256
	maxOther   = 64
	maxIdle    = 16 // of each
)

// transport sends requests over bounded pools of connections, on which no
// byte may take longer than stall.
type transport struct {
	reading, other *http.Transport
}

func newTransport(stall time.Duration) *transport {
	pool := func(size int) *http.Transport {
		dialer := &net.Dialer{Timeout: min(stall, 10*time.Second), KeepAlive: 30 * time.Second}
		return &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := dialer.DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return &impatient{c, stall}, nil
			},
			TLSHandshakeTimeout: min(stall, 10*time.Second),
			MaxConnsPerHost:     size, MaxIdleConnsPerHost: maxIdle,
			IdleConnTimeout:       stall / 2, // before the stalled read of an idle connection ends it
			ResponseHeaderTimeout: stall,
			ExpectContinueTimeout: time.Second,
			WriteBufferSize:       64 << 10, ReadBufferSize: 64 << 10,
			DisableCompression: true, // ranges are of the bytes as they are
		}
	}
	return &transport{reading: pool(maxReading), other: pool(maxOther)}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodGet && r.Header.Get("Range") != "" {
		return t.reading.RoundTrip(r)
	}
	return t.other.RoundTrip(r)
}

func (t *transport) close() {
	t.reading.CloseIdleConnections()
	t.other.CloseIdleConnections()
}

// impatient is a connection that ends when a read or a write makes no progress
// for a while. A write allows the read beside it as much time again: while a long
// body is sent nothing is to be read.
type impatient struct {
	net.Conn
	stall time.Duration
}

func (c *impatient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c *impatient) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
