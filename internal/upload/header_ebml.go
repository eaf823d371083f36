package upload

// ebmlWalk follows the elements of a WebM (RFC 8794, RFC 9559) to its first
// picture, as far as that is near the beginning.
type ebmlWalk struct {
	reading ebmlPart
	id      uint32 // of the element that is being read
	long    int    // bytes of the number that is being read
	size    uint64 // of its data
	inside  [6]openElement
	depth   int
	seen    int
	webm    webm
}

type ebmlPart int

const (
	ebmlID   ebmlPart = iota // its first byte
	ebmlRest                 // the rest of the id, and the first byte of the size
	ebmlSize                 // the rest of the size
	ebmlData
)

type openElement struct {
	id  uint32
	end int64
}

const (
	maxEBML      = 256 << 10 // how far into a WebM is looked
	maxElements  = 10_000
	endless      = 1 << 56 // more than any size that can be written
	longestValue = 64      // of a number or name; and as much of a picture as is looked at
)

// The elements that are opened or read.
const (
	idSegment    = 0x18538067
	idInfo       = 0x1549A966
	idScale      = 0x2AD7B1
	idDuration   = 0x4489
	idTracks     = 0x1654AE6B
	idTrack      = 0xAE
	idNumber     = 0xD7
	idKind       = 0x83
	idCodec      = 0x86
	idEncodings  = 0x6D80
	idVideo      = 0xE0
	idWidth      = 0xB0
	idHeight     = 0xBA
	idShownW     = 0x54B0
	idShownH     = 0x54BA
	idShownUnit  = 0x54B2
	idCropTop    = 0x54BB
	idCropBottom = 0x54AA
	idCropLeft   = 0x54CC
	idCropRight  = 0x54DD
	idProjection = 0x7670
	idCluster    = 0x1F43B675
	idGroup      = 0xA0
	idBlock      = 0xA1
	idSimple     = 0xA3
)

// opened says in which element another one is opened.
func openedIn(id uint32) (parent uint32, ok bool) {
	switch id {
	case idSegment:
		return 0, true
	case idInfo, idTracks, idCluster:
		return idSegment, true
	case idTrack:
		return idTracks, true
	case idVideo:
		return idTrack, true
	case idGroup:
		return idCluster, true
	}
	return 0, false
}

func (w *ebmlWalk) step(piece []byte, at int64) next {
	if at > maxEBML {
		return next{}
	}
	switch w.reading {
	case ebmlID:
		if w.long = vintLength(piece[0]); w.long == 0 || w.long > 4 {
			return next{}
		}
		w.id, w.reading = uint32(piece[0]), ebmlRest
		return next{0, w.long}
	case ebmlRest:
		for _, c := range piece[:w.long-1] {
			w.id = w.id<<8 | uint32(c)
		}
		last := piece[w.long-1]
		if w.long = vintLength(last); w.long == 0 {
			return next{}
		}
		w.size = uint64(last) &^ (0x80 >> (w.long - 1))
		if w.long == 1 {
			return w.begin(at, w.size == 0x7F)
		}
		w.reading = ebmlSize
		return next{0, w.long - 1}
	case ebmlSize:
		for _, c := range piece {
			w.size = w.size<<8 | uint64(c)
		}
		return w.begin(at, w.size == 1<<(7*w.long)-1)
	default: // ebmlData
		if w.webm.take(w.id, piece); w.webm.done {
			return next{}
		}
		return w.after(at, at+int64(w.size)-int64(len(piece)))
	}
}

// vintLength tells from its first byte how long a number is; 0 for none.
func vintLength(first byte) int {
	for n := 1; n <= 8; n++ {
		if first&(0x80>>(n-1)) != 0 {
			return n
		}
	}
	return 0
}

// begin looks at an element whose data begin at at. The size of a segment or
// cluster may be unknown, as a recorder leaves it.
func (w *ebmlWalk) begin(at int64, unknown bool) next {
	parent, until := uint32(0), int64(endless)
	if w.depth > 0 {
		parent, until = w.inside[w.depth-1].id, w.inside[w.depth-1].end
	}
	end := until
	if !unknown {
		if w.size >= endless || at+int64(w.size) > until {
			return next{}
		}
		end = at + int64(w.size)
	} else if w.id != idSegment && w.id != idCluster {
		return next{}
	}
	if w.seen++; w.seen > maxElements {
		return next{}
	}
	if in, ok := openedIn(w.id); ok {
		if in != parent || !w.webm.begin(w.id) {
			return next{} // out of place: whoever else reads it may take it otherwise
		}
		w.inside[w.depth] = openElement{w.id, end}
		w.depth++
		return w.after(at, at)
	}
	if reads(parent, w.id) && w.size > 0 {
		w.reading = ebmlData
		return next{0, int(min(w.size, longestValue))}
	}
	return w.after(at, end)
}

// reads reports whether an element's data mean something here.
func reads(parent, id uint32) bool {
	switch parent {
	case idInfo:
		return id == idScale || id == idDuration
	case idTrack:
		return id == idNumber || id == idKind || id == idCodec || id == idEncodings
	case idVideo:
		switch id {
		case idWidth, idHeight, idShownW, idShownH, idShownUnit, idCropTop, idCropBottom, idCropLeft, idCropRight, idProjection:
			return true
		}
	case idCluster:
		return id == idSimple
	case idGroup:
		return id == idBlock
	}
	return false
}

// after goes on at pos, where the next element begins, or ends what ends there.
func (w *ebmlWalk) after(at, pos int64) next {
	for w.depth > 0 && pos >= w.inside[w.depth-1].end {
		w.depth--
		w.webm.end(w.inside[w.depth].id)
	}
	w.reading = ebmlID
	return next{pos - at, 1}
}
