package hybrid

import (
	"bytes"
	"os"
)

// filler is a unit that says nothing: head, 0xFF up to the last byte, and 0x80.
type filler struct {
	head   []byte
	length int64
}

// fillerFor gives one of a length, which is made of words where words were.
func fillerFor(length int64, words bool) *filler {
	if words && length >= 4 {
		return &filler{fillerWords(length), length}
	}
	return &filler{[]byte{unitFiller}, length}
}

// put writes into p the filler's bytes from one of them on.
func (f *filler) put(p []byte, from int64) {
	for i := range p {
		p[i] = 0xFF
	}
	if from < int64(len(f.head)) {
		copy(p, f.head[from:])
	}
	if n := len(p); n > 0 && f.length > 1 && from+int64(n) == f.length {
		p[n-1] = 0x80
	}
}

// overwrite puts it over the unit at a place of a file.
func (f *filler) overwrite(file *os.File, at int64) error {
	p := make([]byte, min(f.length, 64<<10))
	for from := int64(0); from < f.length; from += int64(len(p)) {
		p = p[:min(f.length-from, int64(len(p)))]
		f.put(p, from)
		if _, err := file.WriteAt(p, at+from); err != nil {
			return err
		}
	}
	return nil
}

// fillerWords begin a unit of words whose words are filler (H.264, D.1.4), of
// length bytes in all, four or more. What it leaves open is 0xFF up to the last
// byte, which is 0x80.
func fillerWords(length int64) []byte {
	const message, empty = 3, 0
	out := []byte{unitSEI}
	left := length - 4 // without the first byte, one message's kind and shortest size, and the last byte
	if left%256 == 255 {
		out, left = append(out, message, empty), left-2 // no size fits just that
	}
	out = append(out, message)
	out = append(out, bytes.Repeat([]byte{0xFF}, int(left/256))...)
	return append(out, byte(left%256))
}
