package diskblob

import (
	"fmt"
	"hash/crc32"
	"path/filepath"
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
	return fmt.Sprintf("%02x", crc32.Checksum([]byte(second), castagnoli)&0xff)
}

// place gives the file of a key and the folders that lead to it from the root,
// outermost first, without the root. A checked key keeps both inside the root.
func (d *Driver) place(key string) (file string, folders []string) {
	elements := strings.Split(key, "/")
	if len(elements) > 1 {
		elements = append([]string{elements[0], fanOut(elements[1])}, elements[1:]...)
	}
	file = d.root
	for i, element := range elements {
		file = filepath.Join(file, element)
		if i < len(elements)-1 {
			folders = append(folders, file)
		}
	}
	return file, folders
}
