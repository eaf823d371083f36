package s3blob

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
)

// Examination is what a store was found to do.
type Examination struct {
	// Conditional says that a second PUT with If-None-Match was refused, as it
	// should be. Otherwise it was either answered that nobody knows the header here,
	// which magpie can do without, or stored, as if the header were not there.
	Conditional, Ignored bool
	// Skew is how far the store's clock is ahead of this machine's. It is seen to
	// the second, and is 0 for less than two.
	Skew time.Duration
}

// Examine writes a small object of a name that nothing else has, twice, and removes
// it. It does so on a ReadOnly driver, too: it is for whoever asks whether the
// store will do.
func (d *Driver) Examine(ctx context.Context, name string) (e Examination, err error) {
	key := d.object("doctor/" + name)
	put := func(conditional bool) error {
		const text = "magpie doctor"
		var opts minio.PutObjectOptions
		if conditional {
			opts.SetMatchETagExcept("*")
		}
		_, err := d.api.PutObject(ctx, d.address.Bucket, key, strings.NewReader(text), int64(len(text)), "", "", opts)
		return err
	}
	began := d.opts.Now()
	if err := put(false); err != nil {
		return e, fmt.Errorf("put an object: %w", err)
	}
	ended := d.opts.Now()
	defer func() {
		if gone := d.api.RemoveObject(context.WithoutCancel(ctx), d.address.Bucket, key, minio.RemoveObjectOptions{}); err == nil && gone != nil {
			err = fmt.Errorf("delete an object: %w", gone)
		}
	}()
	info, err := d.api.StatObject(ctx, d.address.Bucket, key, minio.StatObjectOptions{})
	if err != nil {
		return e, fmt.Errorf("look at an object: %w", err)
	}
	if ahead := info.LastModified.Sub(ended); ahead > time.Second {
		e.Skew = ahead
	} else if behind := began.Sub(info.LastModified); behind > 2*time.Second { // it has no fraction
		e.Skew = -behind
	}
	switch err := put(true); answerOf(err).StatusCode {
	case http.StatusPreconditionFailed, http.StatusConflict:
		e.Conditional = true
	case http.StatusNotImplemented:
	default:
		if err != nil {
			return e, fmt.Errorf("put an object on condition: %w", err)
		}
		e.Ignored = true
	}
	return e, nil
}
