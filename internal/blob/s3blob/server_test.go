package s3blob

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/blob/s3blob/s3test"
)

const secretKey = s3test.SecretKey

// gateway is the S3 server that all tests of the package share: each has a bucket
// of its own.
type gateway struct {
	*s3test.Server
	buckets atomic.Int64
}

var shared gateway

// TestMain starts the gateway, and stops it at the end.
func TestMain(m *testing.M) {
	server, err := s3test.Start("../../..")
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the S3 server:", err)
		os.Exit(1)
	}
	shared.Server = server
	status := m.Run()
	if err := server.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "stop the S3 server:", err)
		status = 1
	}
	os.Exit(status)
}

// bucket makes an empty one and gives its address, reached at endpoint or, if
// that is "", directly.
func (g *gateway) bucket(t testing.TB, endpoint string) Address {
	t.Helper()
	if endpoint == "" {
		endpoint = g.Address
	}
	name := fmt.Sprintf("bucket-%d", g.buckets.Add(1))
	if err := g.MakeBucket(name); err != nil {
		t.Fatal(err)
	}
	return Address{
		Bucket: name, Prefix: "some/where/",
		Endpoint: endpoint, Plain: true, Region: "us-east-1", PathStyle: true,
	}
}

func environment(name string) string {
	return map[string]string{"AWS_ACCESS_KEY_ID": s3test.AccessKey, "AWS_SECRET_ACCESS_KEY": secretKey}[name]
}

// open opens a driver with what opts leaves open.
func open(t testing.TB, a Address, opts Options) *Driver {
	t.Helper()
	if opts.Env == nil {
		opts.Env = environment
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Spool == "" {
		opts.Spool = filepath.Join(t.TempDir(), "spool")
	}
	opts.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	d, err := Open(a, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
