package hybrid

import (
	"bytes"
	"errors"
	"fmt"
	"os"
)

// ErrUnits says that the pictures are not the H.264 that the file says they
// are: their units don't add up, or a key picture needs another one.
var ErrUnits = errors.New("no sound H.264")

// Kinds of units (NAL units, ITU-T H.264 table 7-1).
const (
	unitSlice  = 1 // to 4: pictures that need others
	unitIDR    = 5 // needs none, and nothing after it needs what was before it
	unitSEI    = 6 // words beside the pictures
	unitFiller = 12
)

// Quiet takes out what was written beside the pictures of a file that Wrap read:
// encoders and cameras say there what they are, and where and when they were.
// It is overwritten where it is with filler of the same length, so no place in
// the file changes. It may be called twice. On ErrUnits some of it may be left.
func (f File) Quiet(file *os.File) error {
	for _, t := range f.tracks {
		if t.handler != "vide" {
			continue
		}
		if err := t.quiet(file); err != nil {
			return err
		}
	}
	return nil
}

func (t *track) quiet(file *os.File) error {
	width, err := t.unitLength()
	if err != nil {
		return err
	}
	n, keys := 0, t.keys
	for _, c := range t.chunks {
		at := c.offset
		for range c.samples {
			key := len(keys) > 0 && keys[0] == uint32(n+1)
			if key {
				keys = keys[1:]
			}
			end := at + int64(t.sizes[n])
			if err := quietSample(file, at, end, width, key); err != nil {
				return fmt.Errorf("picture %d: %w", n, err)
			}
			at = end
			n++
		}
	}
	return nil
}

// quietSample goes through one picture's units, each of which has its length
// before it.
func quietSample(file *os.File, at, end int64, width int, key bool) error {
	sliced := false
	for at < end {
		var head [5]byte // length and the first byte
		if end-at <= int64(width) {
			return fmt.Errorf("%w: %d bytes after the last unit", ErrUnits, end-at)
		}
		if _, err := file.ReadAt(head[:width+1], at); err != nil {
			return err
		}
		length := int64(0)
		for _, b := range head[:width] {
			length = length<<8 | int64(b)
		}
		at += int64(width)
		if length < 1 || length > end-at {
			return fmt.Errorf("%w: a unit of %d bytes where %d are left", ErrUnits, length, end-at)
		}
		switch kind := head[width] & 31; {
		case kind >= unitSlice && kind <= unitIDR:
			if key && !sliced && kind != unitIDR {
				return fmt.Errorf("%w: a key picture that needs others", ErrUnits)
			}
			sliced = true
		case kind == unitSEI || kind == 0 || kind >= 24: // the last are for whoever wants to use them
			if err := overwrite(file, at, length, kind == unitSEI); err != nil {
				return err
			}
		}
		at += length
	}
	if key && !sliced {
		return fmt.Errorf("%w: a key picture without a picture", ErrUnits)
	}
	return nil
}

// unitLength is how many bytes the length of a unit takes (ISO/IEC 14496-15, 5.3.3).
func (t *track) unitLength() (int, error) {
	for _, p := range t.trak {
		if p.kind != "mdia" {
			continue
		}
		stsd, err := find(p.data, "minf", "stbl", "stsd")
		if err != nil || len(stsd) < 8 {
			break
		}
		entry, err := find(stsd[8:], "avc1")
		if err != nil || len(entry) < 78 {
			break
		}
		if config, err := find(entry[78:], "avcC"); err == nil && len(config) > 4 {
			return int(config[4]&3) + 1, nil
		}
	}
	return 0, fmt.Errorf("%w: track %d does not say how its units are kept", ErrUnits, t.id)
}

// overwrite makes a unit one that says nothing.
func overwrite(file *os.File, at, length int64, words bool) error {
	head := []byte{unitFiller}
	if words && length >= 4 {
		head = fillerWords(length)
	}
	if length > 1 {
		if _, err := file.WriteAt([]byte{0x80}, at+length-1); err != nil {
			return err
		}
		filling := bytes.Repeat([]byte{0xFF}, int(min(length, 64<<10)))
		for from := at + int64(len(head)); from < at+length-1; from += int64(len(filling)) {
			if _, err := file.WriteAt(filling[:min(at+length-1-from, int64(len(filling)))], from); err != nil {
				return err
			}
		}
	}
	_, err := file.WriteAt(head, at)
	return err
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
