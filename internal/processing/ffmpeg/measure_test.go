package ffmpeg

import (
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// TestMeasure: a transport stream of two recordings behind each other, whose
// clock starts again, is as long as both.
func TestMeasure(t *testing.T) {
	t.Parallel()
	one := generate(t, slices.Concat(picture("s=64x64:r=25:d=2"), tone("d=2"), x264, aac, []string{"in.ts"})...)
	data := slices.Concat(one, one)
	o, m := mustProcess(t, media.MPEGTS, data)
	if !near(o.Duration.Seconds(), 4, 0.2) {
		t.Errorf("lasts %v, want 4 s", o.Duration)
	}
	checkMP4(t, m.records["64x64.mp4"], m.files["64x64.mp4"], o.Duration, true)

	e := newEngine(t, func(c *Config) { c.Limits = media.DefaultLimits(); c.Limits.TweetVideo.MaxDuration = 3 * time.Second })
	_, _, err := process(t, e, media.MPEGTS, data)
	wantFailure(t, err, media.UnsupportedMedia, "exceeds max duration of 3.seconds")
}

func TestMeasureBounds(t *testing.T) {
	if got := measureBounds(media.MaxTotalBytes).wall; got < 50*time.Minute || got > 2*time.Hour {
		t.Errorf("16 GiB may take %v", got)
	}
	if got := measureBounds(0).wall; got != time.Minute {
		t.Errorf("nothing may take %v", got)
	}
}
