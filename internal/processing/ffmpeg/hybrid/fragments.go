package hybrid

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxSpan is how far apart the pictures and the sound of one fragment may lie. They
// are read in one piece, since behind a read there may be a request.
const maxSpan = 16 << 20

// maxFragments is for more than a day of film.
const maxFragments = 1 << 16

// wasted is how much of such a piece may be something else.
const wasted = 1 << 20

// maxReads is how often a movie may be read in all, as the pieces of fragments that
// follow each other overlap: twice where sound comes seldom.
const maxReads = 4

// Fragments puts tracks of a movie into the fragments that Stream takes: the pictures
// by their number and then, if there is one, the sound. Each fragment begins with a
// key picture and holds the sound until the next. Samples and their times stay as they
// are; pictures begin at 0, sound keeps its run-up behind an edit list. Of what
// else the movie says nothing is taken over.
//
// It takes an MP4 or a QuickTime movie of size bytes with H.264, and AAC, an index
// with full tables, edits that cut nothing off, and pictures and sound lying near each
// other. Any other, and any whose tables don't add up, gives ErrOdd or an error that
// tells why it can't be read, before a byte is made. What is made is longer than the
// movie by the fragments' headers at most. An error of r comes as it is. A piece of
// at most maxSpan is held in memory, and the index, which must be at most maxBox long.
func Fragments(r io.ReaderAt, size int64, numbers ...int) (io.Reader, error) {
	tracks, err := readMovie(r, size, numbers)
	if err != nil {
		return nil, err
	}
	f := &fragments{r: r, size: size, tracks: tracks}
	if err := f.check(); err != nil {
		return nil, err
	}
	f.out = f.beginning()
	return f, f.rewind()
}

// fragments makes one fragment after the other.
type fragments struct {
	r      io.ReaderAt
	size   int64
	tracks []*movieTrack
	run    []movieRun // of the fragment that is being made, by track
	number uint32     // of that fragment
	piece  []byte     // of the movie, where the fragment's samples lie
	from   int64      // where it begins
	out    []byte     // what is to be given out at once
	turn   int        // the track whose samples come after that
	sent   int        // of them, how many were given out
}

// movieRun is one track in one fragment.
type movieRun struct {
	samples
	list  []placed
	ahead placed // the first of what follows
	more  bool   // there is one
}

// rewind goes back to the first fragment.
func (f *fragments) rewind() error {
	f.run, f.number = make([]movieRun, len(f.tracks)), 0
	for i, t := range f.tracks {
		f.run[i].samples = t.samples
		if err := f.run[i].advance(); err != nil {
			return err
		}
	}
	return nil
}

func (m *movieRun) advance() (err error) {
	m.ahead, m.more, err = m.samples.next()
	return err
}

// take moves the sample ahead into the fragment.
func (m *movieRun) take() error {
	m.list = append(m.list, m.ahead)
	return m.advance()
}

// gather finds the samples of the next fragment. It reports false after the last.
func (f *fragments) gather() (bool, error) {
	pictures := &f.run[0]
	for i := range f.run {
		f.run[i].list = f.run[i].list[:0]
	}
	if !pictures.more {
		return false, nil
	}
	if !pictures.ahead.key {
		return false, fmt.Errorf("%w: it begins with a picture that needs others", ErrOdd)
	}
	f.number++
	for first := true; pictures.more && (first || !pictures.ahead.key); first = false {
		if err := pictures.take(); err != nil {
			return false, err
		}
		if len(pictures.list) > maxRun>>4 {
			return false, fmt.Errorf("%w: too many pictures between two keys", ErrOdd)
		}
	}
	for i := 1; i < len(f.run); i++ {
		sound := &f.run[i]
		for sound.more && (!pictures.more || f.seconds(i, sound.ahead) < f.seconds(0, pictures.ahead)) {
			if err := sound.take(); err != nil {
				return false, err
			}
			if len(sound.list) > maxRun>>4 {
				return false, fmt.Errorf("%w: too much sound between two keys", ErrOdd)
			}
		}
	}
	return true, nil
}

// seconds is when a sample is shown.
func (f *fragments) seconds(track int, p placed) float64 {
	t := f.tracks[track]
	return float64(p.shown()-t.skipped) / float64(t.scale)
}

// span is where the fragment's samples lie, and how many bytes they are.
func (f *fragments) span() (from, to, bytes int64) {
	from = f.size
	for i := range f.run {
		for _, p := range f.run[i].list {
			from, to, bytes = min(from, p.at), max(to, p.end()), bytes+int64(p.size)
		}
	}
	return from, to, bytes
}

// check goes through the whole movie without looking at more than its tables.
func (f *fragments) check() error {
	if err := f.rewind(); err != nil {
		return err
	}
	if first := f.run[0].ahead; first.shown() != f.tracks[0].skipped {
		return fmt.Errorf("%w: pictures begin at tick %d, the edit list at %d", ErrOdd, first.shown(), f.tracks[0].skipped)
	}
	for i, t := range f.tracks[1:] {
		if first := f.run[i+1].ahead; first.shown() != 0 || len(t.shifts.data) > 0 {
			return fmt.Errorf("%w: sound that is shifted", ErrOdd)
		}
	}
	all, read := int64(0), int64(0)
	for {
		more, err := f.gather()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		from, to, bytes := f.span()
		all, read = all+bytes, read+to-from
		if f.number > maxFragments || to > f.size || to-from > maxSpan || to-from > 2*bytes+wasted || bytes > to-from ||
			all > f.size || read > maxReads*f.size+maxSpan {
			return fmt.Errorf("%w: fragment %d lies in bytes %d to %d of %d", ErrOdd, f.number, from, to, f.size)
		}
		for i, t := range f.tracks {
			for _, p := range f.run[i].list {
				if p.shown() < t.skipped && i == 0 || t.until > 0 && p.shown() >= t.until {
					return fmt.Errorf("%w: edits cut something off", ErrOdd)
				}
			}
		}
	}
	for i := range f.run {
		if f.run[i].more { // sound is taken to its end, so this can't be
			return fmt.Errorf("%w: track %d has more", ErrOdd, i)
		}
	}
	return nil
}

// Read gives what comes next of the fragmented file.
func (f *fragments) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(f.out) > 0 {
			m := copy(p[n:], f.out)
			f.out, n = f.out[m:], n+m
			continue
		}
		if f.turn < len(f.run) {
			if !f.sample() {
				f.turn, f.sent = f.turn+1, 0
			}
			continue
		}
		if n > 0 { // before the disk is waited for
			return n, nil
		}
		if err := f.begin(); err != nil {
			return n, err
		}
	}
	return n, nil
}

// sample puts out the next samples of the track whose turn it is, as many as lie one
// after the other. It reports false after the last.
func (f *fragments) sample() bool {
	list := f.run[f.turn].list
	if f.sent == len(list) {
		return false
	}
	at := list[f.sent].at
	end := at
	for f.sent < len(list) && list[f.sent].at == end {
		end = list[f.sent].end()
		f.sent++
	}
	f.out = f.piece[at-f.from : end-f.from]
	return true
}

// begin reads the next fragment's samples and puts out what comes before them.
func (f *fragments) begin() error {
	more, err := f.gather()
	if err != nil {
		return err
	}
	if !more {
		return io.EOF
	}
	from, to, bytes := f.span()
	if n := int(to - from); cap(f.piece) < n {
		f.piece = make([]byte, n, n+n/4)
	} else {
		f.piece = f.piece[:n]
	}
	f.from = from
	if n, err := f.r.ReadAt(f.piece, from); n < len(f.piece) {
		return cutShort(err)
	}
	f.out = binary.BigEndian.AppendUint32(f.header(), uint32(bytes+8))
	f.out = append(f.out, "mdat"...)
	f.turn, f.sent = 0, 0
	return nil
}
