package ffmpeg

import (
	"fmt"
	"time"

	"magpie/internal/media"
)

// verify looks at what was made. ffmpeg ends well for a file that stops half
// way or of which nothing could be decoded; whether that is so shows here.
func verify(p plan, made []rendered) error {
	for i, r := range made {
		pictures := r.track("vide")
		if pictures.Samples == 0 {
			return unreadable("no picture in it could be decoded")
		}
		// A copied rung that isn't as planned is not used (playsAlone).
		if copied := p.Copy && i == len(made)-1; !copied && !r.asPlanned() {
			return fmt.Errorf("verify %s.mp4: is %d×%d, turned %t", r.name(), pictures.Width, pictures.Height, pictures.Turned)
		}
	}
	top := made[len(made)-1]
	pictures, sound := inTime(top.track("vide").Seconds), inTime(top.track("soun").Seconds)
	if short(pictures, p.VideoLength) {
		return endsEarly(pictures, p.VideoLength)
	}
	if all := max(pictures, sound); short(all, p.Duration) {
		return endsEarly(all, p.Duration)
	}
	return nil
}

// asPlanned reports whether players show the rung in its size and upright.
func (r rendered) asPlanned() bool {
	t := r.track("vide")
	return t.Width == r.Width && t.Height == r.Height && !t.Turned
}

func inTime(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }

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
