package media

import (
	"fmt"
	"strings"
	"time"
)

// Form is what was found out about a picture, a video or a GIF. What is zero is
// not known, and not checked.
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
	Codec    string // ffmpeg's name; "" where any will do
	Profile  string // ffmpeg's name; "" where it isn't known
	Channels int
}

// CheckPixels refuses pictures of too many pixels, and such as have none: what
// must be known before anything is decoded. what is the subject of the words,
// such as "An image". It gives a *Failure.
func (l Limit) CheckPixels(what string, width, height int) error {
	if width <= 0 || height <= 0 {
		return NewFailure(InvalidMedia, fmt.Sprintf("The file says that it is %d×%d pixels.", width, height))
	}
	if l.MaxPixels > 0 && int64(width) > l.MaxPixels/int64(height) {
		return NewFailure(UnsupportedMedia,
			fmt.Sprintf("%s of %d×%d has more than %d pixels, the most that is accepted.", what, width, height, l.MaxPixels))
	}
	return nil
}

// Check refuses what is past a limit other than MaxBytes and MaxPixels, with a
// *Failure that begins with X's words where they are known, and says what was
// found and what is allowed.
func (l Limit) Check(f Form) error {
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
		return NewFailure(UnsupportedMedia, fmt.Sprintf("Duration %s exceeds max duration of %s: it lasts %s s, and %s s is the most.",
			spelled(f.Duration), spelled(l.MaxDuration), decimal(f.Duration), decimal(l.MaxDuration)))
	}
	if f.Duration > 0 && f.Duration < l.MinDuration {
		return unsupported("it lasts %s s, and %s s is the least", decimal(f.Duration), decimal(l.MinDuration))
	}
	if l.MaxGOP > 0 && f.GOP > l.MaxGOP {
		return NewFailure(UnsupportedMedia, fmt.Sprintf("Video GOP is too large. Largest number of frames allowed in one GOP: %d. This video has one of %d.", l.MaxGOP, f.GOP))
	}
	if l.Plain {
		if err := checkPlain(f); err != nil {
			return err
		}
	}
	if l.MaxChannels > 0 && f.Sound.Channels > l.MaxChannels {
		return unsupported("its sound has %d channels, and %d are the most", f.Sound.Channels, l.MaxChannels)
	}
	return nil
}

func (l Limit) checkSides(w, h int) error {
	if w < l.MinSide || h < l.MinSide {
		return unsupported("it is %d×%d pixels, and %d×%d is the least", w, h, l.MinSide, l.MinSide)
	}
	if !l.within(w, h) && (!l.Turned || !l.within(h, w)) {
		return unsupported("it is %d×%d pixels, and %s is the most", w, h, l.largest())
	}
	if l.MaxRatio > 0 && (w > l.MaxRatio*h || h > l.MaxRatio*w) {
		return unsupported("its sides are %.3g:1 (%d×%d pixels), and from 1:%d to %d:1 is taken", float64(w)/float64(h), w, h, l.MaxRatio, l.MaxRatio)
	}
	return nil
}

func (l Limit) within(w, h int) bool {
	return (l.MaxWidth == 0 || w <= l.MaxWidth) && (l.MaxHeight == 0 || h <= l.MaxHeight)
}

// largest says what MaxWidth and MaxHeight allow.
func (l Limit) largest() string {
	switch {
	case l.MaxHeight == 0:
		return fmt.Sprintf("a width of %d", l.MaxWidth)
	case l.MaxWidth == 0:
		return fmt.Sprintf("a height of %d", l.MaxHeight)
	case l.Turned:
		return fmt.Sprintf("%d×%d or %d×%d", l.MaxWidth, l.MaxHeight, l.MaxHeight, l.MaxWidth)
	}
	return fmt.Sprintf("%d×%d", l.MaxWidth, l.MaxHeight)
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
	if s := f.Sound; s.Codec != "" && (s.Codec != "aac" || s.Profile != "" && s.Profile != "LC") {
		return unsupported("its sound is %s, and only AAC-LC is taken", strings.TrimSpace(s.Codec+" "+s.Profile))
	}
	return nil
}

func unsupported(format string, args ...any) error {
	return NewFailure(UnsupportedMedia, "file is currently unsupported: "+fmt.Sprintf(format, args...)+".")
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
