package ffmpeg

import (
	"testing"
	"time"
)

func TestDisplaySize(t *testing.T) {
	for _, c := range []struct {
		w, h  int
		ratio ratio
		swap  bool
		wantW int
		wantH int
	}{
		{640, 360, ratio{}, false, 640, 360},
		{640, 360, ratio{1, 1}, true, 360, 640},
		{720, 576, ratio{16, 11}, false, 1047, 576},
		{720, 576, ratio{16, 11}, true, 576, 1047},
		{720, 480, ratio{8, 9}, false, 640, 480},
		{640, 360, ratio{100, 1}, false, 640, 360},
		{640, 360, ratio{1, 100}, false, 640, 360},
		{201, 101, ratio{20200, 20301}, false, 201, 101},
		{1, 1, ratio{1, 8}, false, 1, 1},
	} {
		w, h := displaySize(&videoStream{Width: c.w, Height: c.h, PixelRatio: c.ratio, Orientation: orientation{swap: c.swap}})
		if w != c.wantW || h != c.wantH {
			t.Errorf("%d×%d with %v, swapped %v: %d×%d, want %d×%d", c.w, c.h, c.ratio, c.swap, w, h, c.wantW, c.wantH)
		}
	}
}

func TestPlanVideo(t *testing.T) {
	p := probed{
		Duration: 10 * time.Second, Start: time.Second,
		Video: &videoStream{Index: 1, Width: 1280, Height: 720, Rate: ratio{25, 1}, AvgRate: ratio{25, 1}, Start: 2 * time.Second, Duration: 5 * time.Second},
		Audio: &audioStream{Index: 4, SampleRate: 44100, Start: time.Second, Duration: 9 * time.Second},
	}
	got := planVideo(p, false, 2160)
	if got.VideoIndex != 1 || got.Audio == nil || *got.Audio != (audioPlan{4, 44100}) || len(got.Rungs) != 3 || got.Loop {
		t.Errorf("plan %+v", got)
	}
	// The pictures end at 6 s of 9 and are held for the rest.
	if got.Hold != 3*time.Second || got.VideoLength != 9*time.Second || got.Duration != 9*time.Second {
		t.Errorf("hold %v, length %v, duration %v", got.Hold, got.VideoLength, got.Duration)
	}
	if got.Poster.name() != "1280x720" || got.PosterEvery != 900*time.Millisecond {
		t.Errorf("poster %s every %v", got.Poster.name(), got.PosterEvery)
	}
	loop := planVideo(p, true, 2160)
	if !loop.Loop || loop.Audio != nil || loop.Hold != 0 || len(loop.Rungs) != 1 || loop.top().name() != "1280x720" || loop.Duration != 6*time.Second {
		t.Errorf("loop %+v", loop)
	}
	p.Audio.SampleRate = 8000
	if got := planVideo(p, false, 2160).Audio.SampleRate; got != 48000 {
		t.Errorf("%d samples a second, want 48000", got)
	}
	p.Video.Width, p.Video.Height = 3840, 1600
	if got := planVideo(p, false, 2160); got.Poster.name() != "1280x534" {
		t.Errorf("poster %s of %s", got.Poster.name(), got.top().name())
	}
}

func TestPlanGIF(t *testing.T) {
	got := planGIF(gifInfo{Width: 500, Height: 281, Frames: 3, Duration: 250 * time.Millisecond, LastDelay: 100 * time.Millisecond}, 2160)
	checkPlan(t, got)
	if got.top().name() != "500x280" || got.Rate.known() || !got.Animated || got.Width != 500 || got.Height != 281 {
		t.Errorf("plan %+v", got)
	}
}
