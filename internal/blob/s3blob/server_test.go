package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	accessKey = "magpie-test"
	secretKey = "not-a-secret-0123456789"
)

// gateway is a versitygw over a folder, which all tests of the package share:
// each has a bucket of its own.
type gateway struct {
	folder  string
	address string
	buckets atomic.Int64
}

var shared gateway

// TestMain starts the gateway, and stops it at the end.
func TestMain(m *testing.M) {
	stop, err := shared.start()
	if err != nil {
		fmt.Fprintln(os.Stderr, "start the S3 server:", err)
		os.Exit(1)
	}
	status := m.Run()
	stop()
	os.Exit(status)
}

func (g *gateway) start() (stop func(), err error) {
	program, err := findGateway()
	if err != nil {
		return nil, err
	}
	if g.folder, err = os.MkdirTemp("", "s3blob"); err != nil {
		return nil, err
	}
	buckets := filepath.Join(g.folder, "buckets")
	if err := os.Mkdir(buckets, 0o700); err != nil {
		return nil, err
	}
	for range 5 { // another process may take the port first
		if g.address, err = freePort(); err != nil {
			return nil, err
		}
		var output bytes.Buffer
		gone := make(chan struct{})
		// Metadata are extended attributes: in a sidecar folder versitygw loses them
		// where blobs come and go at once, and without any it can't do If-None-Match.
		cmd := exec.Command(program, "--port", g.address, "--access", accessKey, "--secret", secretKey, "--health", "/health", "--quiet", "posix", buckets)
		cmd.Stdout, cmd.Stderr = &output, &output
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		go func() { _ = cmd.Wait(); close(gone) }()
		stop = func() {
			_ = cmd.Process.Kill()
			<-gone
			os.RemoveAll(g.folder)
		}
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			if r, err := http.Get("http://" + g.address + "/health"); err == nil {
				r.Body.Close()
				return stop, nil
			}
			select {
			case <-gone:
				deadline = time.Time{}
			case <-time.After(20 * time.Millisecond):
			}
		}
		err = fmt.Errorf("%s does not answer: %s", program, output.Bytes())
		_ = cmd.Process.Kill()
		<-gone
	}
	os.RemoveAll(g.folder)
	return nil, err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// findGateway gives the program that `make deps-test` builds, and builds it where
// somebody runs this package's tests alone.
func findGateway() (string, error) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, "bin", "versitygw")
	if _, err := os.Stat(program); !errors.Is(err, fs.ErrNotExist) {
		return program, err
	}
	own := program + strconv.Itoa(os.Getpid()) // others may build it too
	cmd := exec.Command("go", "build", "-modfile=tools/versitygw.mod", "-trimpath", "-o", own, "github.com/versity/versitygw/cmd/versitygw")
	cmd.Dir = root
	if output, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build versitygw: %w: %s", err, output)
	}
	return program, os.Rename(own, program)
}

// bucket makes an empty one and gives its address, reached at endpoint or, if
// that is "", directly.
func (g *gateway) bucket(t testing.TB, endpoint string) Address {
	t.Helper()
	if endpoint == "" {
		endpoint = g.address
	}
	a := Address{
		Bucket: fmt.Sprintf("bucket-%d", g.buckets.Add(1)), Prefix: "some/where/",
		Endpoint: endpoint, Plain: true, Region: "us-east-1", PathStyle: true,
	}
	direct := a
	direct.Endpoint = g.address
	client := open(t, direct, Options{ReadOnly: true}).api
	if err := client.MakeBucket(context.Background(), a.Bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return a
}

func environment(name string) string {
	return map[string]string{"AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey}[name]
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
