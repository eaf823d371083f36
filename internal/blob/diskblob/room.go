package diskblob

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
)

// checkEvery is how many bytes one upload may write between two looks at the
// room left. Many uploads at once can go below the reserve by this much each,
// so the reserve should be larger than that.
const checkEvery = 16 << 20

// Where there is ample room above the reserve, so many bytes of small blobs may begin
// within so long before it is looked at again.
const (
	ampleRoom  = 1 << 30
	ampleBytes = checkEvery
	ampleFor   = 10 * time.Millisecond
)

// ample is what is left of that.
type ample struct {
	since time.Time // by whose clock until is
	until atomic.Int64
	bytes atomic.Int64
}

// found says that there is ample room now.
func (a *ample) found() {
	a.bytes.Store(ampleBytes)
	a.until.Store(int64(time.Since(a.since) + ampleFor))
}

// take reports whether n bytes are within it.
func (a *ample) take(n int64) bool {
	return int64(time.Since(a.since)) < a.until.Load() && a.bytes.Add(-n) >= 0
}

// room refuses when the filesystem has not more free bytes for us, above the
// reserve.
func (d *Driver) room(more int64) error {
	if more > 0 && more <= SmallMost && d.ample.take(more) {
		return nil
	}
	var st unix.Statfs_t
	if err := retry(func() error { return unix.Statfs(d.root, &st) }); err != nil {
		return fmt.Errorf("statfs %s: %w", d.root, err)
	}
	if st.Blocks == 0 {
		return nil // a tmpfs without a limit knows no figures
	}
	unit := uint64(max(st.Frsize, 1))
	free := int64(min(st.Bavail, math.MaxInt64/unit) * unit)
	if free < d.reserve || free-d.reserve < more {
		d.ample.until.Store(0)
		return full(fmt.Errorf("%s has %d bytes free, %d to be kept and %d wanted", d.root, free, d.reserve, more))
	}
	if free-d.reserve >= ampleRoom {
		d.ample.found()
	}
	return nil
}

// orFull gives the errors of a full disk the code for it.
func orFull(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return full(err)
	}
	return err
}

func full(cause error) error {
	return &media.Error{
		Code:   media.CodeFull,
		Detail: "The server has no room for this upload now; try again later.",
		Cause:  cause,
	}
}
