package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"magpie/internal/media"
	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// rendered is one rung as rendering left it in scratch: a fragmented MP4, and
// what makes it one that also plays as it downloads.
type rendered struct {
	rung
	hybrid.File
	broken bool // copied pictures that are not what the file says

	draft processing.Draft // where the body is stored already; nil if it lies in scratch
}

// wrap reads every rung back that lies in scratch. That one can't be read is never the
// uploader's fault: ffmpeg said that it was done.
func wrap(ctx context.Context, p plan, scratch string) ([]rendered, error) {
	var out []rendered
	for i, r := range p.made() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		one, err := wrapFile(r, filepath.Join(scratch, r.name()+".mp4"), p.Copy && i == len(p.Rungs)-1, p.Room)
		if err != nil {
			return nil, fmt.Errorf("wrap %s.mp4: %w", r.name(), err)
		}
		out = append(out, one)
	}
	return out, nil
}

// wrapFile reads one rung. In what was copied it blanks what an encoder or a
// camera wrote beside the pictures: it may say where and with what they were
// taken. Its index then gets the room that it has where it is made as it comes,
// so that both are the same file: whoever watches the one may go on with the other.
func wrapFile(r rung, path string, copied bool, room int64) (rendered, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return rendered{}, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return rendered{}, err
	}
	if !copied {
		room = 0
	}
	file, err := hybrid.Wrap(f, st.Size(), room)
	if errors.Is(err, hybrid.ErrRoom) {
		file, err = hybrid.Wrap(f, st.Size(), 0)
	}
	if errors.Is(err, hybrid.ErrEmpty) {
		return rendered{rung: r}, nil // nothing could be decoded: verify says so
	}
	if err != nil {
		return rendered{}, err
	}
	out := rendered{rung: r, File: file}
	if copied {
		err = file.Quiet(f)
		if out.broken = errors.Is(err, hybrid.ErrUnits); out.broken {
			err = nil
		}
	}
	return out, err
}

// track gives the pictures or the sound; the zero track where there is none.
func (r rendered) track(handler string) hybrid.Track {
	for _, t := range r.Tracks {
		if t.Handler == handler {
			return t
		}
	}
	return hybrid.Track{}
}

// mp4 is the rung as a rendition. A loop has no bit rate, as on X.
func (r rendered) mp4(loop bool) file {
	out := file{
		Rendition: media.Rendition{
			Role: media.RoleMP4, Name: r.name() + ".mp4", ContentType: "video/mp4", Width: r.Width, Height: r.Height,
		},
		head: r.Header, draft: r.draft,
	}
	if r.draft == nil {
		out.body = r.name() + ".mp4"
	}
	if !loop {
		out.BitRate = int64(float64(r.Size) * 8 / max(r.track("vide").Seconds, r.track("soun").Seconds, 0.001))
	}
	return out
}
