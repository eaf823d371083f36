package catalog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"magpie/internal/media"
)

// storedManifest is a manifest as JSON: what all keys begin with once, and the
// rest in columns. A manifest of 1000 blobs takes some 50 kB.
type storedManifest struct {
	Prefix string   `json:"prefix,omitempty"`
	Names  []string `json:"names,omitempty"`
	Sizes  []int64  `json:"sizes,omitempty"`
	CRCs   []uint32 `json:"crcs,omitempty"`
}

func encodeManifest(m media.Manifest) (string, error) {
	s := storedManifest{
		Prefix: commonFolder(m),
		Names:  make([]string, len(m)),
		Sizes:  make([]int64, len(m)),
		CRCs:   make([]uint32, len(m)),
	}
	for i, b := range m {
		s.Names[i] = b.Key[len(s.Prefix):]
		s.Sizes[i] = b.Size
		s.CRCs[i] = b.CRC
	}
	text, err := json.Marshal(s)
	return string(text), err
}

func decodeManifest(text string) (media.Manifest, error) {
	var s storedManifest
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return nil, fmt.Errorf("read manifest: %w", err)
	}
	if len(s.Sizes) != len(s.Names) || len(s.CRCs) != len(s.Names) {
		return nil, errors.New("read manifest: its columns differ in length")
	}
	if len(s.Names) == 0 {
		return nil, nil
	}
	m := make(media.Manifest, len(s.Names))
	for i := range m {
		m[i] = media.Blob{Key: s.Prefix + s.Names[i], Size: s.Sizes[i], CRC: s.CRCs[i]}
	}
	return m, nil
}

// commonFolder is the longest prefix that ends in "/" and begins every key.
func commonFolder(m media.Manifest) string {
	if len(m) == 0 {
		return ""
	}
	prefix := m[0].Key
	for _, b := range m {
		for !strings.HasPrefix(b.Key, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix[:strings.LastIndexByte(prefix, '/')+1]
}
