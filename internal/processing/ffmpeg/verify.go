package ffmpeg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"magpie/internal/media"
)

// rendered is what rendering left in scratch, looked at.
type rendered struct {
	files  []media.Rendition // the MP4s, in the order of the rungs
	length time.Duration
}

// verify looks at what was made. ffmpeg ends well for a file that stops half
// way or of which nothing could be decoded; whether that is so shows here.
func (e *Engine) verify(ctx context.Context, p plan, scratch string) (rendered, error) {
	name := p.top().name() + ".mp4"
	answer, err := e.ask(ctx, "an MP4", 0, scratch, slices.Concat(ownFile(), []string{name}))
	if err != nil {
		return rendered{}, fmt.Errorf("verify %s: %w", name, err)
	}
	got := answer.reduce()
	if got.Video == nil || got.Video.Frames == 0 {
		return rendered{}, unreadable("no picture in it could be decoded")
	}
	if t := p.top(); got.Video.Width != t.Width || got.Video.Height != t.Height || got.Video.Orientation != (orientation{}) {
		return rendered{}, fmt.Errorf("verify %s: is %d×%d, turned %+v", name, got.Video.Width, got.Video.Height, got.Video.Orientation)
	}
	if short(got.Video.Duration, p.VideoLength) {
		return rendered{}, endsEarly(got.Video.Duration, p.VideoLength)
	}
	if short(got.length(), p.Duration) {
		return rendered{}, endsEarly(got.length(), p.Duration)
	}
	out := rendered{length: got.length()}
	for _, r := range p.Rungs {
		st, err := os.Stat(filepath.Join(scratch, r.name()+".mp4"))
		if err != nil {
			return rendered{}, fmt.Errorf("verify %s.mp4: %w", r.name(), err)
		}
		f := media.Rendition{
			Role: media.RoleMP4, Name: r.name() + ".mp4", ContentType: "video/mp4", Width: r.Width, Height: r.Height,
		}
		if !p.Loop {
			f.BitRate = int64(float64(st.Size()) * 8 / max(out.length.Seconds(), 0.001))
		}
		out.files = append(out.files, f)
	}
	return out, nil
}

// short reports whether got falls so far below want that viewers would miss
// something: more than a tenth and more than a second. A want of 0 is not known.
func short(got, want time.Duration) bool {
	return want > 0 && want-got > time.Second && got < want-want/10
}

func endsEarly(got, want time.Duration) error {
	return media.NewFailure(media.InvalidMedia,
		fmt.Sprintf("The file ends early: %s of %s could be read.", inWords(got), inWords(want)))
}

// inWords gives a duration as people say it: seconds to a tenth below a
// minute, whole seconds above.
func inWords(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
