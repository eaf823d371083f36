package hybrid

import (
	"encoding/binary"
	"fmt"
	"io"
	"time"
)

// Movie is a plain movie that Look has read.
type Movie struct {
	Pictures Pictures
	Sound    *Sound // nil where there is none

	fragments *fragments
}

// Pictures is what a movie says of its pictures. They are whole ones, upright, of 8
// bits, 4:2:0, in square pixels and not in high contrast, and begin when the movie does.
type Pictures struct {
	Track         int    // its number
	Profile       string // Main or High
	Level         int    // ten times H.264's
	Width, Height int
	Square        bool // it is said that pixels are square; else nothing is said
	Frames        int64
	Rate, Average [2]int64 // pictures a second, as a fraction: but for the last, and of all
	Duration      time.Duration
}

// Sound is the same of its sound, which is AAC-LC.
type Sound struct {
	Track      int
	Channels   int // 1 or 2
	SampleRate int
	Duration   time.Duration
}

// Look reads what a movie is, by its tables and by what decoders begin with, without
// decoding anything. It takes what Fragments takes, of one track of pictures and at
// most one of sound, where pictures come at a steady rate and where nothing in the
// file says otherwise about one of these facts in another place: so that whoever decodes
// it finds the same. All else is ErrOdd or an error that tells why it can't be read.
func Look(r io.ReaderAt, size int64) (*Movie, error) {
	moov, err := indexIn(r, size)
	if err != nil {
		return nil, err
	}
	numbers, err := onlyTracks(moov)
	if err != nil {
		return nil, err
	}
	m := &Movie{fragments: &fragments{r: r, size: size}}
	if m.fragments.tracks, err = movieTracks(moov, numbers); err != nil {
		return nil, err
	}
	if err := m.fragments.check(); err != nil {
		return nil, err
	}
	if m.Pictures, err = m.fragments.tracks[0].pictures(numbers[0]); err != nil {
		return nil, err
	}
	if len(numbers) > 1 {
		if m.Sound, err = m.fragments.tracks[1].sound(numbers[1]); err != nil {
			return nil, err
		}
	}
	return m, m.checkFirst()
}

// onlyTracks gives the numbers of the tracks, pictures before sound, of a movie with
// no others.
func onlyTracks(moov []child) ([]int, error) {
	pictures, sound, n, heads := -1, -1, 0, 0
	for _, c := range moov {
		switch c.kind {
		case "mvhd":
			heads++
			if len(c.data) < 64 || string(c.data[len(c.data)-64:len(c.data)-28]) != upright {
				return nil, fmt.Errorf("%w: a movie that is turned, or an mvhd of %d bytes", ErrOdd, len(c.data))
			}
		case "trak":
			if err := once(c.kind, c.data); err != nil {
				return nil, err
			}
			hdlr, err := find(c.data, "mdia", "hdlr")
			if err != nil || len(hdlr) < 12 {
				return nil, fmt.Errorf("%w: an hdlr of %d bytes", ErrOdd, len(hdlr))
			}
			switch kind := string(hdlr[8:12]); {
			case kind == "vide" && pictures < 0:
				pictures = n
			case kind == "soun" && sound < 0:
				sound = n
			default:
				return nil, fmt.Errorf("%w: one more track, of the kind %q", ErrOdd, kind)
			}
			n++
		}
	}
	switch {
	case heads != 1:
		return nil, fmt.Errorf("%w: an mvhd that is there %d times", ErrOdd, heads)
	case pictures < 0:
		return nil, fmt.Errorf("%w: no pictures", ErrOdd)
	case sound < 0:
		return []int{pictures}, nil
	}
	return []int{pictures, sound}, nil
}

// pictures reads what decoders begin with, and holds the rest against it.
func (t *movieTrack) pictures(number int) (Pictures, error) {
	unit, err := t.parameters()
	if err != nil {
		return Pictures{}, err
	}
	s, err := parsePictureSet(unit)
	if err != nil {
		return Pictures{}, err
	}
	if whole := [2]uint32{uint32(s.width) << 16, uint32(s.height) << 16}; whole != [2]uint32{t.width, t.height} || whole != t.shape {
		return Pictures{}, fmt.Errorf("%w: pictures of %d×%d in another size", ErrOdd, s.width, s.height)
	}
	if t.stated.odd {
		return Pictures{}, fmt.Errorf("%w: pictures that are described twice, or are shown unusually", ErrOdd)
	}
	ticks, rate, err := t.steady()
	if err != nil {
		return Pictures{}, err
	}
	length, err := t.length(ticks)
	if err != nil {
		return Pictures{}, err
	}
	return Pictures{
		Track: number, Profile: map[byte]string{77: "Main", 100: "High"}[s.profile], Level: s.level,
		Width: s.width, Height: s.height, Square: s.square || t.stated.square, Frames: int64(t.count),
		Rate: [2]int64{int64(t.scale), rate}, Average: [2]int64{int64(t.scale) * int64(t.count), ticks}, Duration: length,
	}, nil
}

// stated is what is written of pictures beside what the decoder begins with.
type stated struct {
	square bool // pixels are square
	odd    bool // something is not as Pictures are
}

// statedOf reads the boxes behind an avc1's numbers.
func statedOf(boxes []byte) (s stated) {
	list, err := children(boxes)
	if err != nil {
		return stated{odd: true}
	}
	seen := map[string]bool{}
	for _, c := range list {
		r := &reader{data: c.data}
		switch c.kind {
		case "avcC":
		case "pasp":
			w, h := r.u32(), r.u32()
			s.square = w == h && w > 0
			s.odd = s.odd || !s.square
		case "colr":
			kind := string(r.take(4))
			if kind != "nclx" && kind != "nclc" {
				continue // a profile, which no player of films looks at
			}
			colours := r.take(6)
			full := kind == "nclx" && r.take(1)[0]&0x80 != 0
			s.odd = s.odd || full || colours[2] != 0 || highContrast(colours[3])
		case "fiel":
			s.odd = s.odd || r.take(1)[0] != 1 // lines in turns
		default:
			continue
		}
		s.odd = s.odd || r.short || seen[c.kind]
		seen[c.kind] = true
	}
	return s
}

// parameters gives the one sequence parameter set.
func (t *movieTrack) parameters() ([]byte, error) {
	r := &reader{data: t.config}
	head := r.take(6)
	if head[5]&31 != 1 {
		return nil, fmt.Errorf("%w: %d sequence parameter sets", ErrOdd, head[5]&31)
	}
	n := r.take(2)
	unit := r.take(int(binary.BigEndian.Uint16(n)))
	if r.short {
		return nil, errShort
	}
	if len(unit) < 4 || head[0] != 1 || string(head[1:4]) != string(unit[1:4]) { // players are told what is in front
		return nil, fmt.Errorf("%w: an avcC that says otherwise than its parameters", ErrOdd)
	}
	return unit, nil
}

// steady gives the ticks of all pictures together and of each but the last.
func (t *movieTrack) steady() (all, each int64, err error) {
	list := t.durations.data
	pair := func(i int) (n, value int64) {
		return int64(binary.BigEndian.Uint32(list[8*i:])), int64(binary.BigEndian.Uint32(list[8*i+4:]))
	}
	if len(list) != 8 && len(list) != 16 {
		return 0, 0, fmt.Errorf("%w: pictures at an uneven rate", ErrOdd)
	}
	n, each := pair(0)
	all = n * each
	if len(list) == 16 {
		m, last := pair(1)
		if n, all = n+m, all+m*last; m != 1 {
			return 0, 0, fmt.Errorf("%w: pictures at an uneven rate", ErrOdd)
		}
	}
	if n != int64(t.count) || each == 0 {
		return 0, 0, fmt.Errorf("%w: pictures of %d ticks", ErrOdd, each)
	}
	return all, each, nil
}

// length is how long the track is said to last, by its table, its header and its edit
// list, which must not be far apart.
func (t *movieTrack) length(ticks int64) (time.Duration, error) {
	shortest, longest := ticks, ticks
	for _, said := range []int64{t.said, t.edited} {
		if said > 0 {
			shortest, longest = min(shortest, said), max(longest, said)
		}
	}
	if t.said <= 0 || longest-shortest > int64(t.scale)/2 {
		return 0, fmt.Errorf("%w: lengths of %d to %d ticks", ErrOdd, shortest, longest)
	}
	return time.Duration(float64(shortest) / float64(t.scale) * float64(time.Second)).Round(time.Microsecond), nil
}

// rates are AAC's, by their numbers (ISO/IEC 14496-3, 1.6.3.3), of which others are odd.
var rates = map[uint32]int{3: 48000, 4: 44100}

// sound is what the decoder of the sound begins with (ISO/IEC 14496-3, 1.6.2.1).
func (t *movieTrack) sound(number int) (*Sound, error) {
	b := &bitReader{data: t.config}
	kind, rate, channels := b.take(5), rates[b.take(4)], b.take(4)
	usual := kind == 2 && rate > 0 && channels >= 1 && channels <= 2 && b.take(3) == 0 // LC; 1024 samples, on its own
	if b.left() > 0 {                                                                  // what it may have beside, and says that it has not
		usual = usual && b.take(11) == 0x2b7 && b.take(5) == 5 && b.take(1) == 0 && b.left() <= 0
	}
	if !usual || b.short {
		return nil, fmt.Errorf("%w: sound of an unusual kind, % x", ErrOdd, t.config)
	}
	ticks := int64(0)
	left := int64(t.count)
	for list := t.durations.data; len(list) >= 8; list = list[8:] {
		n := int64(binary.BigEndian.Uint32(list))
		if left -= n; left < 0 {
			break
		}
		ticks += n * int64(binary.BigEndian.Uint32(list[4:]))
	}
	if left != 0 {
		return nil, fmt.Errorf("%w: durations of others than the %d samples", ErrOdd, t.count)
	}
	length, err := t.length(ticks)
	if err != nil {
		return nil, err
	}
	return &Sound{Track: number, Channels: int(channels), SampleRate: rate, Duration: length}, nil
}
