package media

// Blob points at stored bytes: a key that is never reused, how many bytes are
// under it, and their CRC-32C (Castagnoli).
type Blob struct {
	Key  string
	Size int64
	CRC  uint32
}

// Manifest is a file as the ordered blobs that it is made of. No byte is
// copied to make one.
type Manifest []Blob

// Size is the file's length in bytes.
func (m Manifest) Size() int64 {
	var n int64
	for _, b := range m {
		n += b.Size
	}
	return n
}

// Span is a stretch of one blob.
type Span struct {
	Blob   Blob
	Offset int64
	Length int64
}

// Spans gives the stretches that hold bytes [off, off+n) of the file, in
// order. It clips at the end of the file.
func (m Manifest) Spans(off, n int64) []Span {
	var out []Span
	for _, b := range m {
		if n <= 0 {
			break
		}
		if off >= b.Size {
			off -= b.Size
			continue
		}
		take := min(b.Size-off, n)
		out = append(out, Span{Blob: b, Offset: off, Length: take})
		n -= take
		off = 0
	}
	return out
}
