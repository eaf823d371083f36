package blob

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"magpie/internal/media"
)

// CopyFrom takes a blob over from another store, under the same key, and reads it
// back. One that is here whole already stays as it is, and copied is false; one
// that is here and damaged is replaced, so nobody else may use the key meanwhile.
// Where the other store has none it is fs.ErrNotExist, and where what it has is
// not what b says a *DamagedError with From set; nothing is kept of either.
// It may be called again after any error, and after a crash.
func (s *Store) CopyFrom(ctx context.Context, from *Store, b media.Blob) (copied bool, err error) {
	err = s.Verify(ctx, b)
	var damaged *DamagedError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &damaged):
		if err := s.Delete(ctx, b.Key); err != nil {
			return false, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	if _, err := from.Stat(ctx, b.Key); err != nil {
		return false, err
	}
	if err := s.take(ctx, from, b); err != nil {
		return false, err
	}
	return true, s.Verify(ctx, b)
}

// take copies without a look at what is here.
func (s *Store) take(ctx context.Context, from *Store, b media.Blob) error {
	w, err := s.CreateKeyed(ctx, b.Key, b.Size, 0)
	if err != nil {
		return fmt.Errorf("copy blob %s: %w", b.Key, err)
	}
	defer w.Abort()
	r := from.Open(ctx, media.Manifest{b}, 0, b.Size)
	defer r.Close()
	_, err = w.ReadFrom(r)
	if err == nil && w.CRC() == b.CRC && w.Size() == b.Size {
		_, err = w.Commit(ctx, b.Key)
		return err
	}
	// What the store gives back is at fault only if it does so again.
	if found := from.Verify(ctx, b); found != nil {
		var damaged *DamagedError
		if errors.As(found, &damaged) {
			damaged.From = true
		}
		return found
	}
	if err == nil {
		err = errors.New("what was read first was damaged on its way")
	}
	return fmt.Errorf("copy blob %s: %w", b.Key, err)
}
