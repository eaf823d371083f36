package s3blob

import (
	"context"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"magpie/internal/blob"
)

const (
	// abandoned is how old a multipart upload is that nobody works on any more: no
	// blob takes that long.
	abandoned = 24 * time.Hour

	sweepPartsEvery = 6 * time.Hour
)

// sweepAtTimes removes abandoned parts at the start and at times, until ctx ends.
func (d *Driver) sweepAtTimes(ctx context.Context) {
	again := time.NewTicker(sweepPartsEvery)
	defer again.Stop()
	for {
		n, err := d.sweepParts(ctx, d.opts.Now().Add(-abandoned))
		if n > 0 {
			d.opts.Log.Info("parts of abandoned uploads removed", "uploads", n)
		}
		if err != nil && ctx.Err() == nil {
			d.opts.Log.Warn("parts of abandoned uploads not looked for", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// sweepParts removes the parts of multipart uploads that began before a time,
// and says of how many. S3 bills for parts until somebody does.
func (d *Driver) sweepParts(ctx context.Context, before time.Time) (n int, err error) {
	var page minio.ListMultipartUploadsResult
	for {
		err := d.line.do(ctx, func(ctx context.Context) (err error) {
			page, err = d.api.ListMultipartUploads(ctx, d.address.Bucket, d.address.Prefix, page.NextKeyMarker, page.NextUploadIDMarker, "", pageSize)
			return err
		})
		if err != nil {
			return n, err
		}
		for _, u := range page.Uploads {
			key, ours := strings.CutPrefix(u.Key, d.address.Prefix)
			if !ours || blob.CheckKey(key) != nil || !u.Initiated.Before(before) {
				continue
			}
			err := d.line.do(ctx, func(ctx context.Context) error {
				err := d.api.AbortMultipartUpload(ctx, d.address.Bucket, u.Key, u.UploadID)
				if answerOf(err).Code == minio.NoSuchUpload {
					return nil // another process was quicker
				}
				return err
			})
			if err != nil {
				return n, err
			}
			n++
		}
		if !page.IsTruncated {
			return n, nil
		}
	}
}
