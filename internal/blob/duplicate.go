package blob

import (
	"context"
	"fmt"

	"magpie/internal/media"
)

// Duplicate stores the bytes of a blob under another key too. It reads and
// writes them, and keeps nothing where what was read is not what b says.
func (s *Store) Duplicate(ctx context.Context, b media.Blob, key string) (media.Blob, error) {
	w, err := s.CreateKeyed(ctx, key, b.Size, 0)
	if err != nil {
		return media.Blob{}, fmt.Errorf("duplicate blob %s: %w", b.Key, err)
	}
	defer w.Abort()
	r := s.Open(ctx, media.Manifest{b}, 0, b.Size)
	defer r.Close()
	if _, err := w.ReadFrom(r); err != nil {
		return media.Blob{}, fmt.Errorf("duplicate blob %s: %w", b.Key, err)
	}
	if w.CRC() != b.CRC || w.Size() != b.Size {
		return media.Blob{}, fmt.Errorf("duplicate blob %s: it has %d bytes with the checksum %08x, and its name says %d and %08x", b.Key, w.Size(), w.CRC(), b.Size, b.CRC)
	}
	return w.Commit(ctx, key)
}
