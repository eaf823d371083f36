package upload

import (
	"bytes"
	"slices"
	"sync"

	"magpie/internal/media"
)

// earlyLen is how much of a file's start is looked at while it comes.
const earlyLen = 4 << 10

// start is the first bytes of a segment that is on its way in, and what the
// header of a file shows that begins so.
type start struct {
	b      [earlyLen]byte
	n      int
	header header
}

// newStarts keeps starts for the next segment, so that one costs no memory of
// its own.
func newStarts() *sync.Pool { return &sync.Pool{New: func() any { return new(start) }} }

func (s *start) empty() *start {
	s.n, s.header = 0, header{}
	return s
}

func (s *start) see(p []byte) {
	s.n += copy(s.b[s.n:], p)
	s.header.see(p)
}

func (s *start) bytes() []byte { return s.b[:s.n] }

// early refuses a segment 0 of size bytes which begins so, in the words that the
// upload would be refused with in the end. It refuses only what shows that it is
// something else, or too large or too long, and no other segments can make good;
// what isn't sure yet, and what shows nothing, passes.
func (s *Sessions) early(session media.Session, begin *start, size int64) error {
	head := begin.bytes()
	least, most := size, int64(media.MaxTotalBytes)
	if session.TotalBytes != media.Undeclared {
		least, most = session.TotalBytes, session.TotalBytes
	}
	typ, sure := foresee(head, least, most)
	if !sure || typ == "" && slices.Contains([]string{nothingKnown, plainText}, describe(head)) {
		return nil
	}
	category, typ, err := admit(head, typ, session.Category, session.Type)
	if err != nil {
		return err
	}
	if err := s.cfg.Limits.CheckBytes("media", session.Category, typ, least); err != nil {
		return err
	}
	return checkShown(s.cfg.Limits.Of(category, typ), category, typ, head, &begin.header)
}

// foresee says what sniff will of a file that begins with head and has from
// least to most bytes, and whether that is sure. What is sure may still turn
// out to be nothing, but nothing else.
func foresee(head []byte, least, most int64) (t media.Type, sure bool) {
	t = sniff(head, most)
	if int64(len(head)) == most {
		return t, true
	}
	if least != most && t != sniff(head, least) {
		return "", false
	}
	switch t {
	case "", media.MPEGTS, media.SRT, media.VTT:
		// No signature at the very beginning tells these.
		return t, len(head) >= earlyLen && !undecided(head, t)
	case media.QuickTime:
		return t, !beginsWithSpace(head)
	}
	return t, true
}

// undecided reports whether more bytes may tell another type than t: where a
// name or header is longer than head, where packets or text go on.
func undecided(head []byte, t media.Type) bool {
	const zip, ebml = "PK\x03\x04", "\x1A\x45\xDF\xA3"
	switch {
	case bytes.HasPrefix(head, []byte(zip)), bytes.HasPrefix(head, []byte(ebml)), beginsWithSpace(head):
		return true
	case t != media.MPEGTS && mayBePackets(head):
		return true
	}
	return t == "" && mayGoOn(head)
}

// beginsWithSpace reports whether a file begins with a box of MP4 that says
// nothing, behind which a brand may come.
func beginsWithSpace(head []byte) bool {
	return len(head) >= 8 && slices.Contains([]string{"free", "skip", "wide", "pnot"}, string(head[4:8]))
}

// mayBePackets reports whether each packet of an MPEG transport stream would
// begin as it must, to the end of head.
func mayBePackets(head []byte) bool {
	for _, stride := range []int{188, 192, 204} {
		for off := range min(stride, len(head)) {
			broken := false
			for i := off; i < len(head) && !broken; i += stride {
				broken = head[i] != 0x47
			}
			if !broken {
				return true
			}
		}
	}
	return false
}

// checkShown holds a file that begins with head against the limits of its
// category, as far as its header says anything. It refuses what processing
// would.
func checkShown(l media.Limit, c media.Category, t media.Type, head []byte, seen *header) error {
	w, h, ok := pictureSize(head, t)
	if t == media.TIFF && seen.form == formTIFF {
		w, h, ok = seen.tiff.size()
	}
	if !ok {
		return refusal(seen.check(l, t))
	}
	what := "An image"
	if c.Kind() == media.KindGIF {
		what = "A video frame"
	}
	err := l.CheckPixels(what, w, h)
	if err == nil {
		err = l.Check(media.Form{Width: w, Height: h})
		// A camera may say further on that the picture is to be turned.
		if err != nil && t != media.GIF && l.Check(media.Form{Width: h, Height: w}) == nil {
			err = nil
		}
	}
	return refusal(err)
}
