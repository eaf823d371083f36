package s3blob

import (
	"context"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"

	"magpie/internal/blob"
)

// pageSize is the most that S3 lists at a time.
const pageSize = 1000

// List asks for a thousand objects at a time, in the order of their keys, and
// goes on behind the last one when an answer breaks off. What it yields is
// durable, as everything that S3 shows. Objects whose name is no key are passed
// over.
func (d *Driver) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		l := listing{driver: d, prefix: d.object(prefix)}
		defer l.shut()
		for {
			o, ok, err := l.next(ctx)
			if err != nil {
				yield(blob.Info{}, err)
				return
			}
			if !ok {
				return
			}
			key, ours := strings.CutPrefix(o.Key, d.address.Prefix)
			if !ours || blob.CheckKey(key) != nil {
				continue
			}
			if !yield(blob.Info{Key: key, Size: o.Size, Modified: o.LastModified}, nil) {
				return
			}
		}
	}
}

// Names is List: S3 says all of each object anyway.
func (d *Driver) Names(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return d.List(ctx, prefix)
}

// listing stands somewhere in the list of objects.
type listing struct {
	driver *Driver
	prefix string
	last   string // the name of the object before
	pull   func() (minio.ObjectInfo, bool)
	stop   func() // nil where it must be asked again
}

// next gives the next object, asking where that takes it.
func (l *listing) next(ctx context.Context) (o minio.ObjectInfo, ok bool, err error) {
	err = l.driver.line.do(ctx, func(ctx context.Context) error {
		if l.stop == nil {
			l.pull, l.stop = iter.Pull(l.driver.api.ListObjectsIter(ctx, l.driver.address.Bucket, minio.ListObjectsOptions{
				Prefix: l.prefix, StartAfter: l.last, MaxKeys: pageSize, Recursive: true, FetchOwner: new(bool),
			}))
		}
		if o, ok = l.pull(); ok && o.Err != nil {
			l.shut()
			return o.Err
		}
		if !ok {
			return ctx.Err() // the iterator ends silently with it
		}
		l.last = o.Key
		return nil
	})
	return o, ok, err
}

func (l *listing) shut() {
	if l.stop != nil {
		l.stop()
		l.stop = nil
	}
}
