package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// plainly copies a film as if it were a long one.
func plainly(t *testing.T, in processing.Input, out processing.Output) (rendered, bool, error) {
	t.Helper()
	e := newEngine(t)
	src, err := sourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.prepare(t.Context(), in, src)
	if err != nil || !p.Copy {
		t.Fatalf("%v, %+v", err, p)
	}
	p = p.onlyTop()
	if p.Room = p.indexRoom(in); p.Room == 0 {
		t.Fatal("no room is known")
	}
	return e.copyPlain(t.Context(), p, in, out)
}

// A plain film is copied without ffmpeg, and what isn't one is left to it before
// anything is begun.
func TestCopyPlain(t *testing.T) {
	t.Parallel()
	film := func(more ...string) []byte {
		return generate(t, slices.Concat(picture("s=320x180:r=30:d=3"), tone("d=3"), export, []string{"-g", "15"}, more, []string{"in.mp4"})...)
	}
	plain := film()
	for name, c := range map[string]struct {
		typ         media.Type
		data        []byte
		done, plays bool
	}{
		"plain":             {media.MP4, plain, true, true},
		"damaged":           {media.MP4, damaged(film("-bf", "0")), true, false},
		"open groups":       {media.MP4, film("-x264-params", "open-gop=1:scenecut=0"), true, false},
		"QuickTime's sound": {media.QuickTime, generateFrom(t, plain, "-i", "source", "-c", "copy", "in.mov"), false, false},
	} {
		var m memory
		made, done, err := plainly(t, inputOf(t, c.typ, media.TweetVideo, c.data), &m)
		if err != nil || done != c.done || done && made.playsAlone() != c.plays {
			t.Errorf("%s: %v, done %t, %+v", name, err, done, made.File.Tracks)
		}
		if begun := len(m.drafts) == 1; begun != c.done {
			t.Errorf("%s: %d drafts", name, len(m.drafts))
		}
		if c.done && !c.plays && made.draft == nil && !m.drafts[0].ended {
			t.Errorf("%s: what was begun is still there", name)
		}
	}
}

// beginning calls something when a draft is begun.
type beginning struct {
	*memory
	then func()
}

func (b beginning) Begin(ctx context.Context, name string, hint, head int64) (processing.Draft, error) {
	b.then()
	return b.memory.Begin(ctx, name, hint, head)
}

// turning reads from one and then from another.
type turning struct{ to atomic.Pointer[io.ReaderAt] }

func turningFrom(r io.ReaderAt) *turning {
	var t turning
	t.turn(r)
	return &t
}

func (t *turning) turn(to io.ReaderAt) { t.to.Store(&to) }

func (t *turning) ReadAt(p []byte, at int64) (int, error) { return (*t.to.Load()).ReadAt(p, at) }

type nothing struct{ err error }

func (n nothing) ReadAt([]byte, int64) (int, error) { return 0, n.err }

// A store that can't be read meanwhile is a fault of the surroundings.
func TestCopyPlainFault(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=320x180:r=30:d=2"), export, []string{"in.mp4"})...)
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	original := turningFrom(bytes.NewReader(data))
	in.Original = original
	gone := errors.New("gone")
	var m memory
	_, done, err := plainly(t, in, beginning{&m, func() { original.turn(nothing{gone}) }})
	if done || !errors.Is(err, gone) || len(m.drafts) != 1 || !m.drafts[0].ended {
		t.Errorf("%v, done %t, %d drafts", err, done, len(m.drafts))
	}
	wantFault(t, err)
}
