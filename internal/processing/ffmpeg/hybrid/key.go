package hybrid

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// largestPicture is how many bytes a picture may have that is looked at.
const largestPicture = 8 << 20

// checkFirst looks at the first picture: decoders believe what it says of itself.
func (m *Movie) checkFirst() error {
	s := m.fragments.tracks[0].samples
	p, ok, err := s.next()
	if err != nil || !ok {
		return fmt.Errorf("%w: no first picture, %v", ErrOdd, err)
	}
	_, err = m.picture(p)
	return err
}

// picture reads one that decoding can begin at and which is what the track says.
func (m *Movie) picture(p placed) ([]byte, error) {
	t := m.fragments.tracks[0]
	if p.size > largestPicture {
		return nil, fmt.Errorf("%w: a picture of %d bytes", ErrOdd, p.size)
	}
	data := make([]byte, p.size)
	if n, err := m.fragments.r.ReadAt(data, p.at); n < len(data) {
		return nil, cutShort(err)
	}
	width := int(t.config[4]&3) + 1
	whole := picture{key: true}
	for rest := data; len(rest) > 0; {
		if err := fits(width, int64(len(rest))); err != nil {
			return nil, err
		}
		n, err := unitSize(rest[:width], int64(len(rest)-width))
		if err != nil {
			return nil, err
		}
		unit := rest[width : int64(width)+n]
		rest = rest[int64(width)+n:]
		if _, err := whole.unit(unit[0], n); err != nil {
			return nil, err
		}
		if kind := unit[0] & 31; (kind == unitSPS || kind == unitPPS) && !bytes.Contains(t.config, unit) {
			return nil, fmt.Errorf("%w: a picture with parameters of its own", ErrOdd)
		} else if kind == unitSEI && says(unit, otherTransfer) {
			return nil, fmt.Errorf("%w: a picture that is brighter than its parameters say", ErrOdd)
		}
	}
	return data, whole.done()
}

// otherTransfer is the kind of words that name another transfer function than the
// parameters, as broadcasts do whose contrast is high (ITU-T H.264, D.1.35).
const otherTransfer = 147

// says reports whether there are words of a kind in a unit of words (7.3.2.3.1).
func says(unit []byte, kind int) bool {
	for data := unescaped(unit[1:]); ; {
		var kindSize [2]int
		for i := range kindSize {
			for more := true; more; data = data[1:] {
				if len(data) == 0 {
					return false
				}
				kindSize[i] += int(data[0])
				more = data[0] == 0xFF
			}
		}
		switch size := kindSize[1]; {
		case kindSize[0] == kind:
			return true
		case size > len(data):
			return false
		default:
			data = data[size:]
		}
	}
}

// beginning is how long the beginning is in which a picture is looked for that
// stands for the movie.
const beginning = 10 * time.Second

// KeyPicture gives a movie of one picture of this one's beginning. It is the first
// that decoding can begin at and that is not much smaller than the others: where there
// is nothing to see, it takes few bytes.
func (m *Movie) KeyPicture() ([]byte, error) {
	t := m.fragments.tracks[0]
	keys, largest := []placed(nil), uint32(0)
	for s := t.samples; ; {
		p, ok, err := s.next()
		if err != nil {
			return nil, err
		}
		if !ok || float64(p.decoded) > beginning.Seconds()*float64(t.scale) {
			break
		}
		if p.key {
			keys, largest = append(keys, p), max(largest, p.size)
		}
	}
	i := slices.IndexFunc(keys, func(p placed) bool { return p.size >= largest/4 })
	if i < 0 {
		return nil, fmt.Errorf("%w: no key picture", ErrOdd)
	}
	data, err := m.picture(keys[i])
	if err != nil {
		return nil, err
	}
	alone := *t
	alone.shifts, alone.skipped = counted{}, 0
	only := keys[i]
	only.decoded, only.shift = 0, 0
	one := &fragments{tracks: []*movieTrack{&alone}, run: []movieRun{{list: []placed{only}}}, number: 1}
	return slices.Concat(one.beginning(), one.header(), boxOf("mdat", data)), nil
}
