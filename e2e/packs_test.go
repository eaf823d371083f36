package e2e

import (
	enc "encoding/binary"
	"fmt"
	"hash/crc32"
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

// deadRecord is what a record in a pack begins with that was deleted.
const deadRecord = "gone"

// inFile gives the blobs that a file of the blob store holds: itself, or those of
// a pack that were not deleted. Small blobs of many media are records in one file: a
// header, in which are its length, the blob's and where it begins, the key behind it, and the
// bytes; each record begins at a multiple of 4096, and between them may be what was
// deleted.
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
	root, _, _ := strings.Cut(path, "/_packs/")
	var all []stored
	const fixed, align = 56, 4096
	for at := 0; at+fixed <= len(b); {
		magic := string(b[at : at+4])
		head, size := int(enc.LittleEndian.Uint32(b[at+8:])), int(enc.LittleEndian.Uint64(b[at+16:]))
		off := at + head
		if magic != "mpk2" && magic != deadRecord || off+size > len(b) {
			at += align
			continue
		}
		if magic != deadRecord {
			parts := strings.SplitN(string(b[at+fixed:off]), "/", 3)
			fan := fmt.Sprintf("%02x", byte(crc32.Checksum([]byte(parts[1]), castagnoli)))
			all = append(all, stored{filepath.Join(root, parts[0], fan, parts[1], parts[2]), path, int64(at), int64(off), int64(off + size)})
		}
		at = (off + size + align - 1) / align * align
	}
	return all
}
