package e2e

import (
	enc "encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stored is where the bytes of a blob lie on disk.
type stored struct {
	path     string // as if it had a file of its own
	file     string // that it is in
	at       int64  // where its record begins in a pack
	off, end int64
}

// inFile gives the blobs that a file of the blob store holds: itself, or those of
// a pack that were not deleted. Small blobs of one media are records in one file: a
// header, in which are its length and the blob's, the key behind it, and the bytes;
// each record begins at a multiple of 4096.
func inFile(t *testing.T, path string) []stored {
	t.Helper()
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(path, ".pack") {
		return []stored{{path: path, file: path, end: int64(len(b))}}
	}
	var all []stored
	const fixed, align = 48, 4096
	for at := 0; at+fixed <= len(b) && strings.HasPrefix(string(b[at:]), "mpk"); {
		head, size := int(enc.LittleEndian.Uint32(b[at+8:])), int(enc.LittleEndian.Uint64(b[at+16:]))
		off := at + head
		if off+size > len(b) {
			break
		}
		if b[at+3] == '1' {
			name := strings.SplitN(string(b[at+fixed:off]), "/", 3)[2] // behind kind and media
			all = append(all, stored{filepath.Join(filepath.Dir(path), name), path, int64(at), int64(off), int64(off + size)})
		}
		at = (off + size + align - 1) / align * align
	}
	return all
}
