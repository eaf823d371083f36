package ffmpeg

import (
	"errors"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

func TestSlow(t *testing.T) {
	t.Parallel()
	video := func(w, h int, d time.Duration) plan {
		return planVideo(probed{Duration: d, Video: &videoStream{
			Codec: "h264", Width: w, Height: h, Rate: ratio{30, 1}, AvgRate: ratio{30, 1}, Duration: d,
		}}, false, 2160)
	}
	for name, c := range map[string]struct {
		plan plan
		want bool
	}{
		"short":          {video(1280, 720, 10*time.Second), false},
		"long":           {video(1280, 720, 10*time.Minute), true},
		"short and vast": {video(3840, 2160, 20*time.Second), true},
		"long and tiny":  {video(160, 90, 10*time.Minute), false},
		"hours of tiny":  {video(160, 90, 5*time.Hour), true},
		"GIF":            {planGIF(gifInfo{Width: 480, Height: 270, Frames: 300, Duration: 10 * time.Second}, 2160), false},
		"GIF of hours":   {planGIF(gifInfo{Width: 480, Height: 270, Frames: 300, Duration: time.Hour}, 2160), true},
	} {
		if got := c.plan.slow(); got != c.want {
			t.Errorf("%s: %t, want %t (work %.2g)", name, got, c.want, c.plan.work(c.plan.Rungs))
		}
	}
	top := video(1280, 720, 10*time.Minute)
	top.Copy = true
	if top = top.onlyTop(); top.slow() {
		t.Error("copying is slow")
	}
}

// TestProcessLong: where others wait, a long film is left alone before anything
// is made of it, however few its bytes are.
func TestProcessLong(t *testing.T) {
	t.Parallel()
	piece := generate(t, slices.Concat(picture("s=640x360:r=25:d=4"), x264, []string{"in.mp4"})...)
	data := generateFrom(t, piece, "-stream_loop", "299", "-i", "source", "-c", "copy", "in.mp4")
	e := newEngine(t)
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	in.Quick = true
	var m memory
	o, err := e.Process(t.Context(), in, &m)
	if !errors.Is(err, processing.ErrLong) || o.Duration < 19*time.Minute || len(m.order) != 0 {
		t.Errorf("in a hurry: %+v, %v, saved %v", o, err, m.order)
	}
}
