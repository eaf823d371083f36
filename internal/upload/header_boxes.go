package upload

import "encoding/binary"

// boxWalk follows the boxes of MP4 and QuickTime (ISO/IEC 14496-12) to the index
// and through it.
type boxWalk struct {
	reading boxPart
	kind    string // of the box that is being read
	start   int64
	end     int64
	inside  [8]openBox
	depth   int
	seen    int
	movie   movie
}

type boxPart int

const (
	boxHead boxPart = iota
	boxLength
	boxBody
	boxTable
)

type openBox struct {
	kind string
	end  int64
}

const (
	maxIndex     = 4 << 20 // bytes of an index that is looked at
	maxShownBox  = 10_000  // boxes before and in it
	maxShownTrak = 16
)

// readBoxes says of which boxes how many bytes are read, at the most.
var readBoxes = map[string]map[string]int{
	"moov": {"mvhd": 96},
	"trak": {"tkhd": 96},
	"mdia": {"mdhd": 32, "hdlr": 12},
	"stbl": {"stsd": maxPiece, "stts": 8, "ctts": 8},
	"edts": {"elst": 8},
}

// strangeBoxes stand for an index that is packed, or elsewhere.
func strangeBox(kind string) bool { return kind == "cmov" || kind == "rmra" || kind == "rmda" }

func (w *boxWalk) step(piece []byte, at int64) next {
	switch w.reading {
	case boxHead:
		w.start, w.kind = at-8, string(piece[4:8])
		switch size := int64(binary.BigEndian.Uint32(piece)); size {
		case 0: // to the end of the file
			return next{}
		case 1:
			w.reading = boxLength
			return next{0, 8}
		default:
			return w.begin(size, at)
		}
	case boxLength:
		size := binary.BigEndian.Uint64(piece)
		if size > 1<<62 {
			return next{}
		}
		return w.begin(int64(size), at)
	case boxBody:
		entry, ok := w.movie.take(w.kind, piece, w.end-at)
		if !ok {
			return next{}
		}
		if entry > 0 && w.end > at {
			w.reading = boxTable
			return next{0, entry}
		}
		return w.beyond(at)
	default: // boxTable
		if !w.movie.takeEntry(w.kind, piece) {
			return next{}
		}
		if w.end-at >= int64(len(piece)) {
			return next{0, len(piece)}
		}
		return w.beyond(at)
	}
}

// begin looks at a box of size bytes, whose header ends at at.
func (w *boxWalk) begin(size, at int64) next {
	w.end = w.start + size
	parent := ""
	if w.depth > 0 {
		parent = w.inside[w.depth-1].kind
	}
	w.seen++
	switch {
	case w.end < at, w.seen > maxShownBox, w.depth > 0 && w.end > w.inside[w.depth-1].end, strangeBox(w.kind):
		return next{}
	case opens(parent, w.kind):
		if w.kind == "moov" && size > maxIndex {
			return next{}
		}
		if w.kind == "trak" && !w.movie.begin() {
			return next{}
		}
		w.inside[w.depth] = openBox{w.kind, w.end}
		w.depth++
		return w.after(at, at)
	}
	if w.kind == "mvex" && parent == "moov" {
		w.movie.fragmented = true
	}
	if n := int64(readBoxes[parent][w.kind]); n > 0 {
		w.reading = boxBody
		if n = min(n, w.end-at); n > 0 {
			return next{0, int(n)}
		}
		return next{}
	}
	return w.beyond(at)
}

func opens(parent, kind string) bool {
	switch kind {
	case "moov":
		return parent == ""
	case "trak":
		return parent == "moov"
	case "mdia", "edts":
		return parent == "trak"
	case "minf":
		return parent == "mdia"
	case "stbl":
		return parent == "minf"
	}
	return false
}

// beyond goes on behind the box that was read.
func (w *boxWalk) beyond(at int64) next { return w.after(at, w.end) }

// after goes on at pos, where the next box begins, or ends what ends there.
func (w *boxWalk) after(at, pos int64) next {
	for w.depth > 0 {
		in := w.inside[w.depth-1]
		if in.end-pos >= 8 {
			break
		}
		pos = in.end // some end in four zeros
		if w.depth--; in.kind == "moov" {
			w.movie.whole = true
			return next{}
		}
	}
	w.reading = boxHead
	return next{pos - at, 8}
}
