package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"

	"magpie/internal/blob"
)

// Options says how a Driver works. Spool, Env, Now and Log must be set.
type Options struct {
	// Spool is the folder for what is on its way. One process owns it.
	Spool string

	// MaxSpool is how many bytes of it are used at most: the largest blob whose key
	// is not known when it begins must fit. 0 is 1 GiB.
	MaxSpool int64

	// PartSize is how long the parts of a multipart upload are, from 5 MiB on, as
	// S3 demands of all but the last. 0 is 16 MiB.
	PartSize int64

	// Stall is how long a byte may take on its way to the endpoint or back. 0 is
	// 15 seconds.
	Stall time.Duration

	// ReadOnly refuses to write and to delete, and needs no Spool.
	ReadOnly bool

	Env func(name string) string // where credentials are looked for
	Now func() time.Time
	Log *slog.Logger
}

// ErrReadOnly is what writing and deleting give on a driver that was opened
// ReadOnly.
var ErrReadOnly = errors.New("the bucket is open for reading only")

const (
	minPart  = 5 << 20
	maxParts = 10_000
)

// Driver is a blob.Driver over a bucket.
type Driver struct {
	address Address
	opts    Options
	api     *minio.Core
	wire    *transport
	line    *line
	spool   *spool // nil if ReadOnly
	maxPut  int64  // bytes that one PUT may have

	checking      checking
	unconditional atomic.Bool // the store knows no If-None-Match

	stop    context.CancelFunc
	working sync.WaitGroup
}

var (
	_ blob.Driver    = (*Driver)(nil)
	_ blob.Keyed     = (*Driver)(nil)
	_ blob.Presigner = (*Driver)(nil)
)

// Open makes a driver. It asks the endpoint nothing: one that is away when a
// server starts is no reason not to start. What can't be right (Options, no
// credentials) is an error.
func Open(a Address, opts Options) (*Driver, error) {
	if opts.MaxSpool == 0 {
		opts.MaxSpool = 1 << 30
	}
	if opts.PartSize == 0 {
		opts.PartSize = 16 << 20
	}
	if opts.Stall == 0 {
		opts.Stall = 15 * time.Second
	}
	if opts.PartSize < minPart || opts.PartSize > 1<<30 {
		return nil, fmt.Errorf("open bucket: parts of %d bytes are not between 5 MiB and 1 GiB", opts.PartSize)
	}
	if least := 2 * max(opts.PartSize, blob.MaxHead); !opts.ReadOnly && opts.MaxSpool < least {
		return nil, fmt.Errorf("open bucket: a spool of %d bytes is too small; it needs %d", opts.MaxSpool, least)
	}
	found, err := findCredentials(opts.Env, a)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	d := &Driver{
		address: a, opts: opts, line: newLine(opts.Now), maxPut: 5 << 30, wire: newTransport(opts.Stall),
	}
	lookup := minio.BucketLookupDNS
	if a.PathStyle {
		lookup = minio.BucketLookupPath
	}
	d.api, err = minio.NewCore(a.Endpoint, &minio.Options{
		Creds: found, Secure: !a.Plain, Transport: d.wire, Region: a.Region, BucketLookup: lookup,
		MaxRetries: 1, // trying again is line's affair
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	if opts.ReadOnly {
		d.stop = func() {}
		return d, nil
	}
	if d.spool, err = openSpool(opts.Spool, opts.MaxSpool); err != nil {
		return nil, fmt.Errorf("open the spool %s: %w", filepath.Base(opts.Spool), err)
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.working.Go(func() { d.sweepAtTimes(ctx) })
	return d, nil
}

// object is a key's name in the bucket.
func (d *Driver) object(key string) string { return d.address.Prefix + key }

// Stat asks for the object's head. Its time is to the second.
func (d *Driver) Stat(ctx context.Context, key string) (blob.Info, error) {
	var info minio.ObjectInfo
	err := d.line.do(ctx, func(ctx context.Context) (err error) {
		info, err = d.api.StatObject(ctx, d.address.Bucket, d.object(key), minio.StatObjectOptions{})
		return missing("stat", key, err)
	})
	if err != nil {
		return blob.Info{}, err
	}
	return blob.Info{Key: key, Size: info.Size, Modified: info.LastModified}, nil
}

// Delete removes the object.
func (d *Driver) Delete(ctx context.Context, key string) error {
	if d.opts.ReadOnly {
		return ErrReadOnly
	}
	return d.line.do(ctx, func(ctx context.Context) error { return d.remove(ctx, key) })
}

// remove is one try.
func (d *Driver) remove(ctx context.Context, key string) error {
	err := missing("delete", key, d.api.RemoveObject(ctx, d.address.Bucket, d.object(key), minio.RemoveObjectOptions{}))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Ready asks whether the bucket is there, and makes a file in the spool.
func (d *Driver) Ready(ctx context.Context) error {
	there := false
	err := d.line.do(ctx, func(ctx context.Context) (err error) {
		there, err = d.api.BucketExists(ctx, d.address.Bucket)
		return err
	})
	if err != nil {
		return err
	}
	if !there {
		return fmt.Errorf("there is no bucket %s at %s", d.address.Bucket, d.address.Endpoint)
	}
	if d.spool == nil {
		return nil
	}
	return d.spool.ready()
}

// Close ends what runs in the background and idle connections.
func (d *Driver) Close() error {
	d.stop()
	d.working.Wait()
	d.wire.close()
	return nil
}

// missing turns what S3 says of an object that is not there into
// fs.ErrNotExist. A bucket that is not there is something else.
func missing(op, key string, err error) error {
	if answer := answerOf(err); answer.Code == minio.NoSuchKey || answer.StatusCode == http.StatusNotFound && answer.Code == "NotFound" {
		return &fs.PathError{Op: op, Path: key, Err: fs.ErrNotExist}
	}
	return err
}
