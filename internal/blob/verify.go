package blob

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"

	"magpie/internal/media"
)

// DamagedError says that what is stored under Key is not what was put there.
// Sizes are in bytes, checksums CRC-32C; Got is what was read back.
type DamagedError struct {
	Key               string
	WantSize, GotSize int64
	WantCRC, GotCRC   uint32
	From              bool // it is the store that CopyFrom copies from
}

// Error names the key and both differences.
func (e *DamagedError) Error() string {
	if e.WantSize != e.GotSize {
		return fmt.Sprintf("blob %s is damaged: it has %d bytes instead of %d", e.Key, e.GotSize, e.WantSize)
	}
	return fmt.Sprintf("blob %s is damaged: its CRC-32C is %08x instead of %08x", e.Key, e.GotCRC, e.WantCRC)
}

// Verify reads a blob back to its end. A missing one is fs.ErrNotExist, one
// with another size or checksum a *DamagedError; any other error means that it
// could not be read to the end now.
func (s *Store) Verify(ctx context.Context, b media.Blob) error {
	info, err := s.Stat(ctx, b.Key)
	if err != nil {
		return err
	}
	size, crc, err := s.sum(ctx, b.Key, info.Size)
	if err != nil {
		return fmt.Errorf("verify blob %s: %w", b.Key, err)
	}
	if size != b.Size || crc != b.CRC {
		return &DamagedError{Key: b.Key, WantSize: b.Size, GotSize: size, WantCRC: b.CRC, GotCRC: crc}
	}
	return nil
}

// sum reads up to n bytes of a blob; the blob may end before.
func (s *Store) sum(ctx context.Context, key string, n int64) (size int64, crc uint32, err error) {
	if n == 0 {
		return 0, 0, nil // some stores know no range of an empty object
	}
	r, err := s.driver.Open(ctx, key, 0, n)
	if err != nil {
		return 0, 0, err
	}
	defer r.Close()
	buf := s.buffers.Get().(*[bufferSize]byte)
	defer s.buffers.Put(buf)
	for size < n {
		if err := ctx.Err(); err != nil {
			return 0, 0, err
		}
		m, err := r.Read(buf[:min(n-size, bufferSize)])
		crc = crc32.Update(crc, castagnoli, buf[:m])
		size += int64(m)
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, 0, err
		}
	}
	return size, crc, nil
}
