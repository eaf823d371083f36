package upload

import (
	"errors"

	"magpie/internal/media"
)

// header reads what a file says of itself at its beginning, while its first
// segment passes: of MP4, QuickTime, WebM and TIFF, which don't say it at a
// fixed place. It keeps what it understood and one piece of the file, so that its
// memory doesn't grow with the segment. What it can't follow, it gives up, and
// then it says nothing: files that are damaged or strange are for processing to
// judge.
type header struct {
	at   int64 // where the next byte lies
	skip int64 // bytes to pass over before the next piece
	buf  [maxPiece]byte
	have int
	want int  // of the piece; 0 before the first
	over bool // nothing more is looked at

	form  headerForm
	boxes boxWalk
	ebml  ebmlWalk
	tiff  tiffWalk
}

// maxPiece is the longest stretch that is looked at in one: a sample's
// description with the parameters of its codec.
const maxPiece = 4 << 10

// firstPiece tells the forms apart.
const firstPiece = 8

type headerForm int

const (
	formUnknown headerForm = iota
	formBoxes
	formEBML
	formTIFF
)

// see takes the next bytes of the file.
func (h *header) see(p []byte) {
	if h.want == 0 {
		h.want = firstPiece
	}
	for len(p) > 0 && !h.over {
		if h.skip > 0 {
			n := min(h.skip, int64(len(p)))
			p, h.skip, h.at = p[n:], h.skip-n, h.at+n
			continue
		}
		n := copy(h.buf[h.have:h.want], p)
		p, h.have, h.at = p[n:], h.have+n, h.at+int64(n)
		if h.have == h.want {
			h.have = 0
			h.step(h.buf[:h.want])
		}
	}
}

// step gives a piece to those who asked for it.
func (h *header) step(piece []byte) {
	if h.form == formUnknown {
		switch {
		case string(piece[:4]) == "\x1A\x45\xDF\xA3":
			// Its elements begin with one byte.
			again := [firstPiece]byte(piece)
			h.form, h.at, h.want = formEBML, 0, 1
			h.see(again[:])
			return
		case string(piece[:4]) == "II*\x00", string(piece[:4]) == "MM\x00*":
			h.form = formTIFF
		default:
			h.form = formBoxes
		}
	}
	var n next
	switch h.form {
	case formEBML:
		n = h.ebml.step(piece, h.at)
	case formTIFF:
		n = h.tiff.step(piece, h.at)
	default:
		n = h.boxes.step(piece, h.at)
	}
	h.skip, h.want = n.skip, n.want
	h.over = n.want <= 0 || n.want > maxPiece || n.skip < 0
}

// next is which piece is looked at next: want bytes behind skip others. Without
// any bytes it was the last.
type next struct {
	skip int64
	want int
}

// check holds a file of a type against the limits of its category, as far as the
// header shows anything that processing would refuse. What it gives is a
// *media.Failure.
func (h *header) check(l media.Limit, t media.Type) error {
	switch {
	case h.form == formBoxes && (t == media.MP4 || t == media.QuickTime):
		return h.boxes.check(l)
	case h.form == formEBML && t == media.WebM:
		return h.ebml.check(l)
	}
	return nil
}

// noVideo is what processing says of a file without one.
func noVideo() error {
	return media.NewFailure(media.UnsupportedMedia, "The file has no video stream.")
}

// checkFrames holds the sides of a video's pictures against limits. Where it
// isn't sure which way they are turned, both must be refused.
func checkFrames(l media.Limit, w, h int, swap, sure bool) error {
	if w <= 0 || h <= 0 {
		return nil
	}
	if err := l.CheckPixels("A video frame", w, h); err != nil {
		return err
	}
	if swap {
		w, h = h, w
	}
	err := l.Check(media.Form{Width: w, Height: h})
	if err != nil && !sure && l.Check(media.Form{Width: h, Height: w}) == nil {
		return nil
	}
	return err
}

// refusal puts what processing would say into the words of a refusal.
func refusal(err error) error {
	var f *media.Failure
	if errors.As(err, &f) {
		return media.Invalid("media", "%s", f.Message)
	}
	return err
}
