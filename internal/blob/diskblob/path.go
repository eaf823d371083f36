package diskblob

import (
	"encoding/hex"
	"hash/crc32"
	"strconv"
	"strings"
)

// tmpName is the folder of uploads in progress. It is inside the root so that a
// rename out of it stays on one filesystem.
const tmpName = "tmp"

// packsName is the folder of the packs that blobs of many media share. No element of
// a key is called that.
const packsName = "_packs"

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

// stretchBits is how many low bits of the number in their keys may differ between
// blobs that share packs. Of numbers that count milliseconds above 22 other bits, a
// stretch is a quarter of a second: what is stored in a burst shares most things then,
// and of a thousand blobs a second, to find one that is not remembered, some hundreds of
// headers are read.
const stretchBits = 30

// shelf says which packs lie together: those of the keys that begin with the same two
// elements, or, where prefix is "", of all keys whose second element is a number of the
// same stretch.
type shelf struct {
	prefix  string
	stretch uint64
}

// shared gives the shelf that a key, or a prefix of two elements or more, has in common
// with others; false where its second element is no number.
func shared(key string) (shelf, bool) {
	_, rest, _ := strings.Cut(key, "/")
	second, _, deeper := strings.Cut(rest, "/")
	n, err := strconv.ParseUint(second, 10, 63)
	return shelf{stretch: n >> stretchBits}, deeper && err == nil
}

// own gives the shelf of a key's first two elements alone.
func own(key string) shelf {
	prefix, _ := splitKey(key)
	return shelf{prefix: prefix}
}

// holds reports whether a key belongs there.
func (s shelf) holds(key string) bool {
	if s.prefix != "" {
		return strings.HasPrefix(key, s.prefix)
	}
	of, ok := shared(key)
	return ok && of == s
}

// splitKey parts a key of three elements or more behind the second.
func splitKey(key string) (prefix, name string) {
	first := strings.IndexByte(key, '/') + 1
	second := first + strings.IndexByte(key[first:], '/') + 1
	return key[:second], key[second:]
}

// shelfFolders gives the folders that lead to a shelf's packs from the root, outermost
// first, without the root; the packs lie in the last.
func (d *Driver) shelfFolders(s shelf) []string {
	if s.prefix != "" {
		_, chain := d.place(s.prefix + "x")
		return chain
	}
	name := strconv.FormatUint(s.stretch, 10)
	all := strings.TrimSuffix(d.root, "/") + "/" + packsName
	fan := all + "/" + fanOut(name)
	return []string{all, fan, fan + "/" + name}
}

// readShelf reads back the name of a shelf's folder in one of the fan-out's.
func readShelf(fan, name string) (shelf, bool) {
	n, err := strconv.ParseUint(name, 10, 64)
	return shelf{stretch: n}, err == nil && strconv.FormatUint(n, 10) == name && fanOut(name) == fan
}
