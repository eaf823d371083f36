package diskblob

import (
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// tmpName is the folder of uploads in progress. It is inside the root so that a
// rename out of it stays on one filesystem.
const tmpName = "tmp"

// pruneFrom is how many of a blob's folders stay when they are empty: the
// first element's and the fan-out's, of which there are few.
const pruneFrom = 2

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// fanOut is the folder between the first element and the second.
func fanOut(second string) string {
	return hex.EncodeToString([]byte{byte(crc32.Checksum([]byte(second), castagnoli))})
}

// file is the file of a key. A checked key keeps it inside the root.
func (d *Driver) file(key string) string {
	root := strings.TrimSuffix(d.root, "/")
	first, rest, deeper := strings.Cut(key, "/")
	if !deeper {
		return root + "/" + key
	}
	second, _, _ := strings.Cut(rest, "/")
	return root + "/" + first + "/" + fanOut(second) + "/" + rest
}

// place gives the file of a key and the folders that lead to it from the root,
// outermost first, without the root.
func (d *Driver) place(key string) (file string, folders []string) {
	file = d.file(key)
	for i := len(strings.TrimSuffix(d.root, "/")) + 1; i < len(file); i++ {
		if file[i] == '/' {
			folders = append(folders, file[:i])
		}
	}
	return file, folders
}
