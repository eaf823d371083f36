package processing

import (
	"fmt"
	"strings"
	"time"

	"magpie/internal/media"
)

// FormLimits bounds the form of videos or GIFs more closely than the rest of
// Limits. A zero field bounds nothing.
type FormLimits struct {
	MinSide             int // pixels of either side
	MaxWidth, MaxHeight int
	Turned              bool  // MaxWidth and MaxHeight may change places
	MaxRatio            int   // how many times the shorter side the longer one may be
	MaxRate             int   // frames a second
	MaxFrames           int   // frames in all
	MaxFramePixels      int64 // width × height × frames
	MinDuration         time.Duration
	MaxDuration         time.Duration
	MaxGOP              int  // frames from one key frame to the next
	Plain               bool // square pixels, progressive, YUV 4:2:0; sound in AAC-LC, mono or stereo
}

// Form is what was found out about a video or GIF. What is zero is not known,
// and not checked.
type Form struct {
	Width, Height int // as viewers see it
	Rate          float64
	Frames        int64
	Duration      time.Duration
	GOP           int // the largest

	PixelRatio  float64 // width to height of one pixel
	Interlaced  bool
	PixelFormat string // ffmpeg's name
	Sound       Sound
}

// Sound is what was found out about a video's sound; zero for none.
type Sound struct {
	Codec    string // ffmpeg's name
	Profile  string // ffmpeg's name; "" where it isn't known
	Channels int
}

// Form gives the limits for a category.
func (l Limits) Form(c media.Category) FormLimits {
	switch {
	case c.Kind() == media.KindGIF:
		return l.GIF
	case c == media.AmplifyVideo:
		return l.Amplify
	}
	return l.Video
}

// Check refuses what is past a limit, with a *media.Failure that begins with
// X's words where they are known, and says what was found and what is allowed.
func (l FormLimits) Check(f Form) error {
	if f.Width > 0 && f.Height > 0 {
		if err := l.checkSides(f.Width, f.Height); err != nil {
			return err
		}
	}
	// What is measured in fractions, a container rounds.
	if l.MaxRate > 0 && f.Rate > float64(l.MaxRate)+0.5 {
		return unsupported("it has %.4g frames a second, and %d are the most", f.Rate, l.MaxRate)
	}
	if l.MaxFrames > 0 && f.Frames > int64(l.MaxFrames) {
		return unsupported("it has %d frames or more, and %d are the most", f.Frames, l.MaxFrames)
	}
	if pixels := int64(f.Width) * int64(f.Height); l.MaxFramePixels > 0 && f.Frames > 0 && pixels > l.MaxFramePixels/f.Frames {
		return unsupported("%d×%d pixels in %d frames or more are over %d, the most for width × height × frames", f.Width, f.Height, f.Frames, l.MaxFramePixels)
	}
	if l.MaxDuration > 0 && f.Duration > l.MaxDuration {
		return media.NewFailure(media.UnsupportedMedia, fmt.Sprintf("Duration %s exceeds max duration of %s: it lasts %s s, and %s s is the most.",
			spelled(f.Duration), spelled(l.MaxDuration), decimal(f.Duration), decimal(l.MaxDuration)))
	}
	if f.Duration > 0 && f.Duration < l.MinDuration {
		return unsupported("it lasts %s s, and %s s is the least", decimal(f.Duration), decimal(l.MinDuration))
	}
	if l.MaxGOP > 0 && f.GOP > l.MaxGOP {
		return media.NewFailure(media.UnsupportedMedia, fmt.Sprintf("Video GOP is too large. Largest number of frames allowed in one GOP: %d. This video has one of %d.", l.MaxGOP, f.GOP))
	}
	if l.Plain {
		return checkPlain(f)
	}
	return nil
}

func (l FormLimits) checkSides(w, h int) error {
	if w < l.MinSide || h < l.MinSide {
		return unsupported("it is %d×%d pixels, and %d×%d is the least", w, h, l.MinSide, l.MinSide)
	}
	if l.MaxWidth > 0 && (w > l.MaxWidth || h > l.MaxHeight) && !(l.Turned && w <= l.MaxHeight && h <= l.MaxWidth) {
		turned := ""
		if l.Turned {
			turned = fmt.Sprintf(" or %d×%d", l.MaxHeight, l.MaxWidth)
		}
		return unsupported("it is %d×%d pixels, and %d×%d%s is the most", w, h, l.MaxWidth, l.MaxHeight, turned)
	}
	if l.MaxRatio > 0 && (w > l.MaxRatio*h || h > l.MaxRatio*w) {
		return unsupported("its sides are %.3g:1 (%d×%d pixels), and from 1:%d to %d:1 is taken", float64(w)/float64(h), w, h, l.MaxRatio, l.MaxRatio)
	}
	return nil
}

func checkPlain(f Form) error {
	if f.PixelRatio > 0 && (f.PixelRatio < 0.99 || f.PixelRatio > 1.01) {
		return unsupported("its pixels are %.3g:1, and only square ones (1:1) are taken", f.PixelRatio)
	}
	if f.Interlaced {
		return unsupported("it is interlaced, and only progressive scan is taken")
	}
	if f.PixelFormat != "" && !strings.HasPrefix(f.PixelFormat, "yuv420p") && !strings.HasPrefix(f.PixelFormat, "yuvj420p") {
		return unsupported("its colours are %s, and only YUV 4:2:0 (yuv420p) is taken", f.PixelFormat)
	}
	if s := f.Sound; s.Codec != "" {
		if s.Codec != "aac" || s.Profile != "" && s.Profile != "LC" {
			return unsupported("its sound is %s, and only AAC-LC is taken", strings.TrimSpace(s.Codec+" "+s.Profile))
		}
		if s.Channels > 2 {
			return unsupported("its sound has %d channels, and only mono and stereo are taken", s.Channels)
		}
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return media.NewFailure(media.UnsupportedMedia, "file is currently unsupported: "+fmt.Sprintf(format, args...)+".")
}

// spelled writes a duration as X's messages do: 2.minutes+29.seconds+350.milliseconds.
func spelled(d time.Duration) string {
	d = d.Round(time.Millisecond)
	var parts []string
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}, {time.Millisecond, "millisecond"}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, fmt.Sprintf("%d.%ss", n, unit.name))
			d -= n * unit.length
		}
	}
	if len(parts) == 0 {
		return "0.seconds"
	}
	return strings.Join(parts, "+")
}

// decimal writes a duration in seconds.
func decimal(d time.Duration) string {
	return fmt.Sprint(d.Round(time.Millisecond).Seconds())
}
