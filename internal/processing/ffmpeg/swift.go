package ffmpeg

import (
	"context"
	"errors"

	"magpie/internal/media"
	"magpie/internal/processing"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// way is what came of the swift way to make a film's top.
type way int

const (
	notGone way = iota // it is not for this film
	astray             // it copied the film, and that does not do
	arrived            // all is saved
)

// swift copies the top of a plain movie without looking at it by ffprobe, which takes
// as long to load as ffmpeg, which then has but a poster to take. What is copied is laid
// out anew of just what hybrid.Look has read, so it is what it was taken for. Nobody
// is refused here: unless all goes well, the probe and what comes after it say what is wrong,
// and a plain movie's lower rungs, which come by another attempt, are planned by the
// probe as those of others are. An error is a fault of the surroundings.
func (e *Engine) swift(ctx context.Context, src source, in processing.Input, out processing.Output) (media.Outcome, way, error) {
	p, movie, err := e.planPlain(in)
	if err != nil || movie == nil {
		e.log.DebugContext(ctx, "left to the probe", "err", err)
		return media.Outcome{}, notGone, nil
	}
	made, shown, err := beside(ctx, func(ctx context.Context) (still, error) {
		return e.soonPoster(ctx, src, p, movie)
	}, func() ([]rendered, error) {
		r, done, err := e.copyPlain(ctx, p, in, out)
		if err == nil && !done {
			err = errNotPlain
		}
		if err != nil {
			return nil, err
		}
		return []rendered{r}, verify(p, []rendered{r})
	})
	defer drop(made)
	switch {
	case errors.Is(err, errNotPlain):
		return media.Outcome{}, notGone, nil
	case blamed(err) || err == nil && !made[0].playsAlone():
		return media.Outcome{}, astray, nil
	case err != nil:
		return media.Outcome{}, notGone, err
	}
	outcome, err := e.keep(ctx, p, made, shown, in, out)
	return outcome, arrived, err
}

// errNotPlain is a movie that turns out to need ffmpeg to copy it.
var errNotPlain = errors.New("not copied without ffmpeg")

// planPlain plans for a plain movie that is copied first and without ffmpeg, and that
// keeps to all limits. There is no movie with a plan of any other.
func (e *Engine) planPlain(in processing.Input) (plan, *hybrid.Movie, error) {
	limit := e.limits.Of(in.Media.Category, in.Media.Type)
	if in.Media.Category.Kind() != media.KindVideo || limit.MaxGOP > 0 {
		return plan{}, nil, nil
	}
	movie, err := hybrid.Look(in.Original, in.Size)
	if err != nil {
		return plan{}, nil, err
	}
	found := told(movie)
	if err := check(found, limit); err != nil {
		return plan{}, nil, err
	}
	if err := limit.Check(formOf(found, in.Media.Type)); err != nil {
		return plan{}, nil, err
	}
	p := planVideo(found, false, e.maxRung)
	p.Copy, p.CopySound = p.copyable(found, in.Media.Type, in.Size), copyableSound(found)
	if !p.Copy || !p.long() || p.Audio != nil && !p.CopySound {
		return plan{}, nil, nil
	}
	if p.Room = p.indexRoom(in); p.Room == 0 {
		return plan{}, nil, nil
	}
	return p.onlyTop(), movie, nil
}

// told is what ffprobe finds in such a movie.
func told(m *hybrid.Movie) probed {
	v := m.Pictures
	found := probed{Video: &videoStream{
		Index: v.Track, Codec: "h264", Profile: v.Profile, Level: v.Level, PixelFormat: "yuv420p", Width: v.Width, Height: v.Height,
		Rate: fraction(v.Rate), AvgRate: fraction(v.Average), Duration: v.Duration, Frames: v.Frames,
	}}
	if v.Square {
		found.Video.PixelRatio = ratio{1, 1}
	}
	if s := m.Sound; s != nil {
		found.Audio = &audioStream{Index: s.Track, Codec: "aac", Profile: "LC", Channels: s.Channels, SampleRate: s.SampleRate, Duration: s.Duration}
	}
	found.Duration = max(found.videoEnd(), found.audioEnd())
	return found
}

// fraction is one in lowest terms.
func fraction(of [2]int64) ratio { return lowest(ratio{of[0], of[1]}) }
