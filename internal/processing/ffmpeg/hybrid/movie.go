package hybrid

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// ErrOdd says that a movie is not of the plain kind that Fragments takes. It may
// be sound.
var ErrOdd = errors.New("not a plain movie")

// movieTrack is a track of a movie that is not in fragments, and is to be.
type movieTrack struct {
	samples
	handler       string
	scale         uint32
	width, height uint32 // of pictures, in 1/65536
	entry         []byte // what describes the samples: a box made anew, with nothing in it but what decoders need
	config        []byte // of that, what the decoder begins with
	skipped       int64  // ticks at the beginning that the edit list leaves out
	until         int64  // the tick at which the edit list ends; 0 where it ends with the track

	stated stated    // of pictures, beside what the decoder begins with
	shape  [2]uint32 // their width and height as the track's header says it, likewise
	said   int64     // ticks that the track's header says it lasts
	edited int64     // ticks that the edit list shows; 0 where it doesn't say
}

// readMovie reads the tracks of an index by their numbers, the pictures first and
// then, if asked for, the sound.
func readMovie(r io.ReaderAt, size int64, numbers []int) ([]*movieTrack, error) {
	moov, err := indexIn(r, size)
	if err != nil {
		return nil, err
	}
	return movieTracks(moov, numbers)
}

// movieTracks does so with the index at hand.
func movieTracks(moov []child, numbers []int) ([]*movieTrack, error) {
	var traks [][]byte
	scale := uint32(0)
	for _, c := range moov {
		switch c.kind {
		case "trak":
			traks = append(traks, c.data)
		case "mvhd":
			if len(c.data) < 20 {
				return nil, errShort
			}
			at := 12
			if c.data[0] == 1 && len(c.data) >= 24 {
				at = 20
			}
			scale = binary.BigEndian.Uint32(c.data[at:])
		case "mvex":
			return nil, fmt.Errorf("%w: it is in fragments", ErrOdd)
		}
	}
	var out []*movieTrack
	for i, n := range numbers {
		if n < 0 || n >= len(traks) || i > 1 || scale == 0 {
			return nil, fmt.Errorf("%w: there is no track %d", ErrOdd, n)
		}
		t, err := readMovieTrack(traks[n], scale, [2]string{"vide", "soun"}[i])
		if err != nil {
			return nil, fmt.Errorf("track %d: %w", n, err)
		}
		out = append(out, t)
	}
	return out, nil
}

func readMovieTrack(trak []byte, movieScale uint32, handler string) (*movieTrack, error) {
	t := &movieTrack{handler: handler}
	if hdlr, err := find(trak, "mdia", "hdlr"); err != nil || len(hdlr) < 12 || string(hdlr[8:12]) != handler {
		return nil, fmt.Errorf("%w: not of the kind %s", ErrOdd, handler)
	}
	mdhd, err := find(trak, "mdia", "mdhd")
	if err != nil || len(mdhd) < 24 {
		return nil, fmt.Errorf("%w: an mdhd of %d bytes", ErrOdd, len(mdhd))
	}
	at := 12
	if mdhd[0] == 1 {
		at = 20
	}
	if t.scale = binary.BigEndian.Uint32(mdhd[at:]); t.scale == 0 || t.scale > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %d ticks a second", ErrOdd, t.scale)
	}
	if at == 12 {
		t.said = int64(binary.BigEndian.Uint32(mdhd[16:]))
	} else if len(mdhd) >= 32 {
		t.said = int64(binary.BigEndian.Uint64(mdhd[24:]))
	}
	tkhd, err := find(trak, "tkhd")
	if err != nil || len(tkhd) < 84 || string(tkhd[len(tkhd)-44:len(tkhd)-8]) != upright {
		return nil, fmt.Errorf("%w: a picture that is turned, or a tkhd of %d bytes", ErrOdd, len(tkhd))
	}
	for i := range t.shape {
		t.shape[i] = binary.BigEndian.Uint32(tkhd[len(tkhd)-8+4*i:])
	}
	// Where the data is, as dref says: in this file.
	dref, err := find(trak, "mdia", "minf", "dinf", "dref")
	if err != nil || len(dref) < 20 || dref[19]&1 == 0 {
		return nil, fmt.Errorf("%w: its data is elsewhere", ErrOdd)
	}
	if err := t.readEdits(trak, movieScale); err != nil {
		return nil, err
	}
	stbl, err := find(trak, "mdia", "minf", "stbl")
	if err != nil {
		return nil, err
	}
	parts, err := children(stbl)
	if err != nil {
		return nil, err
	}
	if t.samples, err = readSamples(parts); err != nil {
		return nil, err
	}
	stsd, err := find(stbl, "stsd")
	if err != nil || len(stsd) < 8 || binary.BigEndian.Uint32(stsd[4:]) != 1 {
		return nil, fmt.Errorf("%w: samples of several kinds", ErrOdd)
	}
	if handler == "vide" {
		return t, t.describePictures(stsd[8:])
	}
	return t, t.describeSound(stsd[8:])
}

// readEdits takes an edit list of one entry that shows the track from some tick on.
func (t *movieTrack) readEdits(trak []byte, movieScale uint32) error {
	parts, err := children(trak)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.kind != "edts" {
			continue
		}
		elst, err := find(p.data, "elst")
		if err != nil {
			return err
		}
		r := &reader{data: elst}
		version, _ := r.full()
		if r.u32() != 1 {
			return fmt.Errorf("%w: several edits", ErrOdd)
		}
		var lasts, from uint64
		if version == 1 {
			lasts, from = r.u64(), r.u64()
		} else {
			lasts, from = uint64(r.u32()), uint64(r.u32())
		}
		// -1 is a pause. Half a year is longer than any film.
		if rate := r.u32(); r.short || rate != 1<<16 || from > math.MaxInt32 || lasts > 1<<24*uint64(movieScale) {
			return fmt.Errorf("%w: an edit", ErrOdd)
		}
		t.skipped = int64(from)
		if lasts > 0 {
			t.until = int64(from) + int64(math.Ceil(float64(lasts)/float64(movieScale)*float64(t.scale)))
			t.edited = int64(math.Round(float64(lasts) / float64(movieScale) * float64(t.scale)))
		}
	}
	return nil
}

// describePictures makes the avc1 that stands for one (ISO/IEC 14496-15, 5.4.2):
// its size, and what the decoder begins with; of the rest, the colours.
func (t *movieTrack) describePictures(entries []byte) error {
	entry, err := find(entries, "avc1")
	if err != nil || len(entry) < 78 {
		return fmt.Errorf("%w: no avc1", ErrOdd)
	}
	config, err := find(entry[78:], "avcC")
	if err != nil || len(config) < 7 || len(config) > 4<<10 {
		return fmt.Errorf("%w: no avcC", ErrOdd)
	}
	fixed := make([]byte, 78)
	fixed[7] = 1 // the data reference
	copy(fixed[24:28], entry[24:28])
	copy(fixed[28:], "\x00\x48\x00\x00\x00\x48\x00\x00\x00\x00\x00\x00\x00\x01") // dots per inch, one picture a sample
	copy(fixed[74:], "\x00\x18\xff\xff")
	t.config, t.stated = config, statedOf(entry[78:])
	parts := [][]byte{fixed, boxOf("avcC", config)}
	if colr, err := find(entry[78:], "colr"); err == nil && len(colr) >= 10 && (string(colr[:4]) == "nclx" || string(colr[:4]) == "nclc") {
		full := byte(0)
		if colr[3] == 'x' && len(colr) > 10 {
			full = colr[10] & 0x80
		}
		parts = append(parts, boxOf("colr", []byte("nclx"), colr[4:10], []byte{full}))
	}
	t.width, t.height = uint32(binary.BigEndian.Uint16(entry[24:]))<<16, uint32(binary.BigEndian.Uint16(entry[26:]))<<16
	t.entry = boxOf("avc1", parts...)
	return nil
}

// describeSound makes the mp4a that stands for one: channels, rate, and an esds
// (ISO/IEC 14496-1, 7.2.6.5) with the rates and what the decoder begins with.
func (t *movieTrack) describeSound(entries []byte) error {
	entry, err := find(entries, "mp4a")
	if err != nil || len(entry) < 28 || binary.BigEndian.Uint16(entry[8:]) != 0 { // others are QuickTime's
		return fmt.Errorf("%w: no mp4a", ErrOdd)
	}
	esds, err := find(entry[28:], "esds")
	if err != nil {
		return fmt.Errorf("%w: no esds", ErrOdd)
	}
	decoder, config, ok := readESDS(esds)
	if !ok {
		return fmt.Errorf("%w: an esds of another kind", ErrOdd)
	}
	t.config = config
	fixed := make([]byte, 28)
	fixed[7] = 1
	copy(fixed[16:20], "\x00\x02\x00\x10")
	copy(fixed[16:18], entry[16:18])
	copy(fixed[24:26], entry[24:26])
	inner := append(append([]byte{}, decoder...), descriptor(5, config)...)
	stream := append([]byte{0, 0, 0}, descriptor(4, inner)...)
	stream = append(stream, descriptor(6, []byte{2})...)
	t.entry = boxOf("mp4a", fixed, boxOf("esds", make([]byte, 4), descriptor(3, stream)))
	return nil
}

// descriptor puts a tag and a length, which is below 128, before content.
func descriptor(tag byte, content []byte) []byte {
	return append([]byte{tag, byte(len(content))}, content...)
}

// readESDS takes from an esds the 13 bytes that tell what and how much comes, which
// must be AAC, and the decoder's own.
func readESDS(esds []byte) (decoder, config []byte, ok bool) {
	r := &reader{data: esds}
	r.full()
	stream := &reader{data: r.descriptor(3)}
	if head := stream.take(3); head[2]&0xe0 != 0 { // no dependence, address or clock
		return nil, nil, false
	}
	inner := &reader{data: stream.descriptor(4)}
	decoder = inner.take(13)
	config = inner.descriptor(5)
	if r.short || stream.short || inner.short || decoder[0] != 0x40 || len(config) < 2 || len(config) > 64 {
		return nil, nil, false
	}
	return decoder, config, true
}

// descriptor takes one of a tag.
func (r *reader) descriptor(tag byte) []byte {
	if r.take(1)[0] != tag {
		r.short = true
		return nil
	}
	n := 0
	for range 4 {
		b := r.take(1)[0]
		n = n<<7 | int(b&0x7f)
		if b < 0x80 {
			break
		}
	}
	if n > len(r.data) {
		r.short = true
		return nil
	}
	return r.take(n)
}
