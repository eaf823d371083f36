package media

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// A file cut into blobs in any way reads back as the file: Spans against one
// flat string of bytes.
func TestManifestSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 9), 0, 8).Draw(t, "pieces")
		var m Manifest
		content := map[string][]byte{}
		for i, p := range pieces {
			b := Blob{Key: string(rune('a' + i)), Size: int64(len(p)), CRC: uint32(i)}
			m = append(m, b)
			content[b.Key] = p
		}
		flat := bytes.Join(pieces, nil)
		if m.Size() != int64(len(flat)) {
			t.Fatalf("Size() = %d of %d bytes", m.Size(), len(flat))
		}
		off := rapid.Int64Range(0, int64(len(flat))+3).Draw(t, "off")
		n := rapid.OneOf(rapid.Int64Range(-1, int64(len(flat))+3), rapid.Just[int64](1<<63-1)).Draw(t, "n")

		var got []byte
		last := -1
		for _, s := range m.Spans(off, n) {
			at := int(s.Blob.CRC)
			if at <= last || m[at] != s.Blob {
				t.Fatalf("a span of %+v comes after blob %d", s.Blob, last)
			}
			last = at
			if s.Length <= 0 || s.Offset < 0 || s.Offset+s.Length > s.Blob.Size {
				t.Fatalf("the span %+v is not of that blob", s)
			}
			got = append(got, content[s.Blob.Key][s.Offset:s.Offset+s.Length]...)
		}
		want := flat[min(off, int64(len(flat))):]
		want = want[:min(max(n, 0), int64(len(want)))]
		if !bytes.Equal(got, want) {
			t.Fatalf("bytes [%d, +%d) are %q, want %q", off, n, got, want)
		}
	})
}
