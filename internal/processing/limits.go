package processing

import (
	"fmt"
	"time"

	"magpie/internal/media"
)

// Limits bounds what processing takes on. Its checks give a *media.Failure
// that names the limit and the value.
type Limits struct {
	MaxImagePixels int64         // width × height of a still image
	MaxVideoPixels int64         // width × height of a video or GIF frame
	MaxGIFFrames   int           // frames of an animated GIF
	MaxDuration    time.Duration // of a video or GIF

	// The form of videos, of amplify_video, and of what is shown as a GIF. The
	// default profile has none.
	Video, Amplify, GIF FormLimits
}

// DefaultLimits is what the default profile allows.
func DefaultLimits() Limits {
	return Limits{
		MaxImagePixels: 100_000_000,
		MaxVideoPixels: 8192 * 4320,
		MaxGIFFrames:   3000,
		MaxDuration:    12 * time.Hour,
	}
}

// CheckImage refuses images of too many pixels.
func (l Limits) CheckImage(width, height int) error {
	return checkPixels("An image", width, height, l.MaxImagePixels)
}

// CheckFrame refuses video frames of too many pixels.
func (l Limits) CheckFrame(width, height int) error {
	return checkPixels("A video frame", width, height, l.MaxVideoPixels)
}

// CheckGIFFrames refuses GIFs of too many frames.
func (l Limits) CheckGIFFrames(frames int) error {
	if frames <= l.MaxGIFFrames {
		return nil
	}
	return media.NewFailure(media.UnsupportedMedia,
		fmt.Sprintf("The GIF has more than %d frames, the most that is accepted.", l.MaxGIFFrames))
}

// CheckDuration refuses videos that last too long.
func (l Limits) CheckDuration(d time.Duration) error {
	if d <= l.MaxDuration {
		return nil
	}
	return media.NewFailure(media.UnsupportedMedia,
		fmt.Sprintf("Duration %s exceeds the maximum of %s.", d.Round(time.Millisecond), l.MaxDuration))
}

func checkPixels(what string, width, height int, limit int64) error {
	if width > 0 && height > 0 && int64(width) <= limit/int64(height) {
		return nil
	}
	if width <= 0 || height <= 0 {
		return media.NewFailure(media.InvalidMedia, fmt.Sprintf("The file says that it is %d×%d pixels.", width, height))
	}
	return media.NewFailure(media.UnsupportedMedia,
		fmt.Sprintf("%s of %d×%d has more than %d pixels, the most that is accepted.", what, width, height, limit))
}
