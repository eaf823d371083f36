package upload

import (
	"encoding/binary"
	"math"
	"time"

	"magpie/internal/media"
)

// webm is what a WebM says of itself before its first picture, and what that
// says.
type webm struct {
	scale          uint64 // nanoseconds in a tick; 0 for what is meant by none
	duration       float64
	infos, times   int
	lists          int // of tracks
	listed         bool
	tracks         []webmTrack
	codedW, codedH int // of the first picture
	done           bool
}

type webmTrack struct {
	number, kind  uint64
	codec         string
	width, height uint64
	shownW        uint64
	shownH        uint64
	strange       bool // packed, cut, turned, or shown in another form
}

const (
	webmVideo    = 1
	webmSound    = 2
	webmSubtitle = 17
)

// begin begins an element that holds others. The second of what there should be
// one of ends the walk.
func (w *webm) begin(id uint32) bool {
	switch id {
	case idInfo:
		w.infos++
	case idTracks:
		w.lists++
	case idTrack:
		w.tracks = append(w.tracks, webmTrack{})
	}
	return w.infos <= 1 && w.lists <= 1 && len(w.tracks) <= maxShownTrak
}

func (w *webm) end(id uint32) {
	if id == idTracks {
		w.listed = true
	}
}

// take reads the data of an element, or their beginning.
func (w *webm) take(id uint32, b []byte) {
	switch id {
	case idScale:
		w.scale = unsigned(b)
		return
	case idDuration:
		w.times++
		switch len(b) {
		case 4:
			w.duration = float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
		case 8:
			w.duration = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
		return
	case idSimple, idBlock:
		w.block(b)
		return
	}
	t := &w.tracks[len(w.tracks)-1]
	switch id {
	case idNumber:
		t.number = unsigned(b)
	case idKind:
		t.kind = unsigned(b)
	case idCodec:
		t.codec = string(b)
	case idWidth:
		t.width = unsigned(b)
	case idHeight:
		t.height = unsigned(b)
	case idShownW:
		t.shownW = unsigned(b)
	case idShownH:
		t.shownH = unsigned(b)
	case idEncodings, idProjection:
		t.strange = true
	default: // a crop, or another unit than pixels
		t.strange = t.strange || unsigned(b) != 0
	}
}

func unsigned(b []byte) uint64 {
	if len(b) > 8 {
		return 0
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// video gives the only track of pictures, or nil.
func (w *webm) video() *webmTrack {
	var found *webmTrack
	for i := range w.tracks {
		if w.tracks[i].kind != webmVideo {
			continue
		}
		if found != nil {
			return nil
		}
		found = &w.tracks[i]
	}
	return found
}

// block looks at a block of a cluster, which is the last if it holds the first
// picture.
func (w *webm) block(b []byte) {
	const time, lacing = 3, 6 // bytes before the frame, and flags
	number, rest := vint(b, 8, false)
	video := w.video()
	if w.done = video == nil || !w.listed; w.done || len(rest) < time || number != video.number {
		return
	}
	w.done = true
	if rest[2]&lacing != 0 {
		return
	}
	switch video.codec {
	case "V_VP8":
		w.codedW, w.codedH, _ = vp8Size(rest[time:])
	case "V_VP9":
		w.codedW, w.codedH, _ = vp9Size(rest[time:])
	}
}

// check refuses what processing would refuse of a WebM by its probe.
func (w *ebmlWalk) check(l media.Limit) error {
	f := &w.webm
	if f.listed && len(f.tracks) > 0 {
		silent := true
		for _, t := range f.tracks {
			silent = silent && (t.kind == webmSound || t.kind == webmSubtitle)
		}
		if silent {
			return noVideo()
		}
		if v := f.video(); v != nil && v.agrees(f.codedW, f.codedH) {
			if err := checkFrames(l, f.codedW, f.codedH, false, true); err != nil {
				return err
			}
		}
	}
	if d := f.lasts(); f.listed && f.video() != nil && d > 0 {
		return l.Check(media.Form{Duration: d})
	}
	return nil
}

// agrees reports whether a track says the sides that its first picture has, and
// is shown so.
func (t *webmTrack) agrees(w, h int) bool {
	return w > 0 && h > 0 && !t.strange && t.width == uint64(w) && t.height == uint64(h) &&
		(t.shownW == 0 || t.shownW == t.width) && (t.shownH == 0 || t.shownH == t.height)
}

// lasts is what the file says of how long it lasts, once; 0 for nothing.
func (w *webm) lasts() time.Duration {
	scale := w.scale
	if scale == 0 {
		scale = 1_000_000
	}
	const most = 1 << 60
	if ns := w.duration * float64(scale); w.times == 1 && ns > 0 && ns < most {
		return time.Duration(ns)
	}
	return 0
}
