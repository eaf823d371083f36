package diskblob

import (
	"errors"
	"fmt"
	"math"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
)

// checkEvery is how many bytes one upload may write between two looks at the
// room left. Many uploads at once can go below the reserve by this much each,
// so the reserve should be larger than that.
const checkEvery = 16 << 20

// room refuses when the filesystem has not more free bytes for us, above the
// reserve.
func (d *Driver) room(more int64) error {
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
		return full(fmt.Errorf("%s has %d bytes free, %d to be kept and %d wanted", d.root, free, d.reserve, more))
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
