package hybrid

import (
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
	unitSPS    = 7 // what decoding begins with, and
	unitPPS    = 8 // more of it
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
	for s := range t.since(mark{}) {
		if err := quietSample(file, s, width); err != nil {
			return s.wrong(err)
		}
	}
	return nil
}

// quietSample goes through one picture's units, each of which has its length
// before it.
func quietSample(file *os.File, s span, width int) error {
	p := picture{key: s.key}
	for at := s.at; at < s.end; {
		var head [5]byte // length and the first byte
		if err := fits(width, s.end-at); err != nil {
			return err
		}
		if _, err := file.ReadAt(head[:width+1], at); err != nil {
			return err
		}
		at += int64(width)
		length, err := unitSize(head[:width], s.end-at)
		if err != nil {
			return err
		}
		f, err := p.unit(head[width], length)
		if err != nil {
			return err
		}
		if f != nil {
			if err := f.overwrite(file, at); err != nil {
				return err
			}
		}
		at += length
	}
	return p.done()
}

// fits reports whether left bytes of a sample can be a unit's length and its
// first byte.
func fits(width int, left int64) error {
	if left <= int64(width) {
		return fmt.Errorf("%w: %d bytes after the last unit", ErrUnits, left)
	}
	return nil
}

// unitSize reads the length of a unit; left is how many bytes come after it.
func unitSize(number []byte, left int64) (int64, error) {
	length := int64(0)
	for _, b := range number {
		length = length<<8 | int64(b)
	}
	if length < 1 || length > left {
		return 0, fmt.Errorf("%w: a unit of %d bytes where %d are left", ErrUnits, length, left)
	}
	return length, nil
}

// picture is one sample as its units are gone through.
type picture struct {
	key    bool // decoding can begin at it, the table says
	sliced bool // some of the picture itself has come
}

// unit takes the next unit, by its first byte and its length. What is to be in
// its place is nil for one that stays.
func (p *picture) unit(first byte, length int64) (*filler, error) {
	switch kind := first & 31; {
	case kind >= unitSlice && kind <= unitIDR:
		if p.key && !p.sliced && kind != unitIDR {
			return nil, fmt.Errorf("%w: a key picture that needs others", ErrUnits)
		}
		p.sliced = true
	case kind == unitSEI || kind == 0 || kind >= 24: // the last are for whoever wants to use them
		return fillerFor(length, kind == unitSEI), nil
	}
	return nil, nil
}

// done is called when there are no more units.
func (p *picture) done() error {
	if p.key && !p.sliced {
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
