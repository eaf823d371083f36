package upload

import (
	"encoding/binary"
	"slices"
	"time"

	"magpie/internal/media"
)

// movie is what an index says in several places: refused is only what all of
// them agree on.
type movie struct {
	whole      bool // the index was read to its end
	fragmented bool // it lists a part of the pictures, or none
	head       timed
	headTurned bool // the whole is turned, beside the tracks
	tracks     []track
}

// timed is a duration in a clock's ticks.
type timed struct {
	ticks, scale uint64 // scale 0: not said
}

func (t timed) duration() time.Duration {
	const most = 1 << 26 // seconds, longer than any film; sums of them stay in range
	if t.scale == 0 || t.ticks/t.scale >= most {
		return 0
	}
	return time.Duration(t.ticks/t.scale)*time.Second + time.Duration(t.ticks%t.scale*uint64(time.Second)/t.scale)
}

type track struct {
	handler, codec string
	descriptions   uint32
	head           uint64 // ticks of the movie's clock
	hasHead        bool
	turned         turn
	shownW, shownH uint32 // 16.16
	body           timed
	width, height  int // by the description
	codedW, codedH int // by the codec's parameters
	samples, sum   uint64
	hasTimes       bool
	shift          uint64 // the most that a picture is shown after its turn
	edits          []edit
}

type edit struct {
	length uint64 // ticks of the movie's clock
	from   int64  // ticks of the track's; -1 shows nothing
}

// turn is how a track's matrix turns its pictures.
type turn int

const (
	turnUnsure turn = iota
	turnNone        // upright, mirrored or upside down
	turnSwap        // by a right angle
)

// begin begins a track.
func (m *movie) begin() bool {
	if len(m.tracks) == maxShownTrak {
		return false
	}
	m.tracks = append(m.tracks, track{})
	return true
}

// take reads the beginning of a box, of which rest bytes follow, and gives how
// long each entry of a table is that follows. Where it is not ok, the index says
// something twice, or nothing that can be followed.
func (m *movie) take(kind string, b []byte, rest int64) (entry int, ok bool) {
	if kind == "mvhd" {
		m.headTurned = true
		if m.head.scale != 0 || !m.head.read(b) {
			return 0, false
		}
		at := 36 + 12*int(b[0])
		if len(b) >= at+36 {
			t := turnOf(b[at:])
			m.headTurned = t != turnNone
		}
		return 0, true
	}
	if len(m.tracks) == 0 {
		return 0, false
	}
	t := &m.tracks[len(m.tracks)-1]
	switch kind {
	case "tkhd":
		return 0, t.takeHead(b)
	case "mdhd":
		return 0, t.body.scale == 0 && t.body.read(b)
	case "hdlr":
		if len(b) < 12 || t.handler != "" {
			return 0, false
		}
		t.handler = string(b[8:12])
		return 0, true
	case "stsd":
		return 0, t.takeDescription(b)
	}
	if len(b) < 8 {
		return 0, false
	}
	entry = 8
	if kind == "elst" {
		if entry = 12; b[0] == 1 {
			entry = 20
		}
		if rest > 64*20 || len(t.edits) > 0 {
			return 0, false
		}
	}
	if kind == "stts" {
		if t.hasTimes {
			return 0, false
		}
		t.hasTimes = true
	}
	return entry, int64(binary.BigEndian.Uint32(b[4:]))*int64(entry) == rest
}

// read reads the clock and duration of an mvhd or mdhd.
func (t *timed) read(b []byte) bool {
	switch {
	case len(b) >= 20 && b[0] == 0:
		t.scale, t.ticks = uint64(binary.BigEndian.Uint32(b[12:])), uint64(binary.BigEndian.Uint32(b[16:]))
		return t.scale > 0 && t.ticks < 1<<32-1 // all ones: not known
	case len(b) >= 32 && b[0] == 1:
		t.scale, t.ticks = uint64(binary.BigEndian.Uint32(b[20:])), binary.BigEndian.Uint64(b[24:])
		return t.scale > 0 && t.ticks < 1<<62
	}
	return false
}

func (t *track) takeHead(b []byte) bool {
	if len(b) < 84 || t.hasHead || b[0] > 1 || b[0] == 1 && len(b) < 96 {
		return false
	}
	t.hasHead = true
	at := 40
	t.head = uint64(binary.BigEndian.Uint32(b[20:]))
	if b[0] == 1 {
		at, t.head = 52, binary.BigEndian.Uint64(b[28:])
	} else if t.head == 1<<32-1 {
		return false
	}
	t.turned = turnOf(b[at:])
	t.shownW, t.shownH = binary.BigEndian.Uint32(b[at+36:]), binary.BigEndian.Uint32(b[at+40:])
	return t.head < 1<<62
}

// turnOf reads a matrix; it is sure of right angles alone.
func turnOf(b []byte) turn {
	const one = 1 << 16
	var v [4]int32
	for i, at := range []int{0, 4, 12, 16} {
		v[i] = int32(binary.BigEndian.Uint32(b[at:]))
	}
	unit := func(n int32) bool { return n == one || n == -one }
	switch {
	case unit(v[0]) && unit(v[3]) && v[1] == 0 && v[2] == 0:
		return turnNone
	case unit(v[1]) && unit(v[2]) && v[0] == 0 && v[3] == 0:
		return turnSwap
	}
	return turnUnsure
}

// takeEntry reads an entry of a table.
func (m *movie) takeEntry(kind string, b []byte) bool {
	t := &m.tracks[len(m.tracks)-1]
	n := uint64(binary.BigEndian.Uint32(b))
	switch kind {
	case "stts":
		each := uint64(binary.BigEndian.Uint32(b[4:]))
		t.samples += n
		t.sum += n * each
		return n < 1<<31 && each < 1<<31 && t.samples < 1<<31 && t.sum < 1<<53
	case "ctts":
		if v := int32(binary.BigEndian.Uint32(b[4:])); v > 0 {
			t.shift = max(t.shift, uint64(v))
		}
	case "elst":
		e := edit{n, int64(int32(binary.BigEndian.Uint32(b[4:])))}
		if len(b) == 20 {
			e = edit{binary.BigEndian.Uint64(b), int64(binary.BigEndian.Uint64(b[8:]))}
		}
		t.edits = append(t.edits, e)
		return e.length < 1<<62 && e.from >= -1
	}
	return true
}

// Formats of samples that hold sound, and such as hold neither picture nor
// sound.
var (
	soundFormats = []string{
		"mp4a", "alac", "ac-3", "ec-3", "Opus", "fLaC", "samr", "sawb", ".mp3", "sowt", "twos", "lpcm", "in24", "in32", "fl32", "fl64", "ulaw", "alaw", "ipcm", "fpcm",
	}
	otherFormats = []string{"tx3g", "text", "wvtt", "stpp", "c608", "c708", "tmcd", "mett", "metx", "mebx", "gpmd", "camm"}
)

// check refuses what processing would refuse of a movie by its probe.
func (w *boxWalk) check(l media.Limit) error {
	m := &w.movie
	if !m.whole || len(m.tracks) == 0 {
		return nil
	}
	var video *track
	silent := true
	for i := range m.tracks {
		t := &m.tracks[i]
		switch {
		case t.handler == "vide" && video == nil:
			video = t
		case t.descriptions == 1 && t.handler != "vide" && (slices.Contains(soundFormats, t.codec) || slices.Contains(otherFormats, t.codec)):
		default:
			return nil // two videos, or something else that may be one
		}
		silent = silent && t.handler != "vide"
	}
	if silent {
		return noVideo()
	}
	if err := m.checkSides(l, video); err != nil {
		return err
	}
	return m.checkDuration(l, video)
}

// checkSides holds what description, codec and track agree on against limits.
func (m *movie) checkSides(l media.Limit, t *track) error {
	agreed := t.descriptions == 1 && t.codedW > 0 && t.width == t.codedW && t.height == t.codedH &&
		t.shownW == uint32(t.width)<<16 && t.shownH == uint32(t.height)<<16
	if !agreed || t.turned == turnUnsure {
		return nil
	}
	return checkFrames(l, t.width, t.height, t.turned == turnSwap, !m.headTurned)
}

// checkDuration refuses a movie that lasts longer than may be by every word of
// its index, or shorter. A fragmented one is measured, not asked.
func (m *movie) checkDuration(l media.Limit, video *track) error {
	if m.fragmented {
		return nil
	}
	longest := m.longest()
	tooLong := l.MaxDuration > 0 && m.shortest(video) > l.MaxDuration
	if tooLong || longest > 0 && longest < l.MinDuration {
		return l.Check(media.Form{Duration: m.head.duration()})
	}
	return nil
}

// shortest is the least that is said of how long the video lasts; 0 where
// something isn't said.
func (m *movie) shortest(t *track) time.Duration {
	times := timed{t.sum, t.body.scale}
	if t.samples == 0 || !t.hasHead {
		return 0
	}
	least := min(m.head.duration(), timed{t.head, m.head.scale}.duration(), t.body.duration(), times.duration())
	shown := 0
	for _, e := range t.edits {
		if e.from < 0 {
			continue
		}
		if shown++; shown > 1 || uint64(e.from) >= t.sum {
			return 0
		}
		least = min(least, timed{t.sum - uint64(e.from), t.body.scale}.duration())
		if e.length > 0 {
			least = min(least, timed{e.length, m.head.scale}.duration())
		}
	}
	if len(t.edits) > 0 && shown == 0 {
		return 0
	}
	return least
}

// longest is the most that is said of how long any track lasts, with all that
// may come before it; 0 where something isn't said.
func (m *movie) longest() time.Duration {
	most := m.head.duration()
	for _, t := range m.tracks {
		if t.samples == 0 || !t.hasHead || most == 0 {
			return 0
		}
		head, body, times := timed{t.head, m.head.scale}.duration(), t.body.duration(), timed{t.sum, t.body.scale}.duration()
		if head == 0 || body == 0 || times == 0 {
			return 0
		}
		before, listed, shown := timed{t.shift, t.body.scale}.duration(), time.Duration(0), 0
		for _, e := range t.edits {
			length := timed{e.length, m.head.scale}.duration()
			listed += length
			if e.from < 0 {
				before += length
				continue
			}
			if shown++; shown > 1 {
				return 0
			}
			before += timed{uint64(e.from), t.body.scale}.duration()
		}
		most = max(most, listed, head+before, body+before, times+before)
	}
	return most
}
