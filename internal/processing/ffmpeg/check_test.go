package ffmpeg

import (
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

func TestCheck(t *testing.T) {
	l := media.DefaultLimits().TweetVideo
	good := func() probed {
		return probed{Video: &videoStream{Codec: "h264", Width: 640, Height: 360}, Audio: &audioStream{Codec: "aac"}}
	}
	if err := check(good(), l); err != nil {
		t.Error(err)
	}
	p := good()
	p.Video = nil
	wantFailure(t, check(p, l), media.UnsupportedMedia, "The file has no video stream.")
	p = good()
	p.Video.Codec = "cavs"
	wantFailure(t, check(p, l), media.UnsupportedMedia, "(cavs); H.264")
	p = good()
	p.Audio.Codec = ""
	wantFailure(t, check(p, l), media.UnsupportedMedia, "sound is in a format that is not known")
	p = good()
	p.Video.Width, p.Video.Height = 20000, 20000
	wantFailure(t, check(p, l), media.UnsupportedMedia, "20000×20000")
	p.Video.Width = 0
	wantFailure(t, check(p, l), media.InvalidMedia, "0×20000")
}

func TestRefused(t *testing.T) {
	t.Parallel()
	t.Run("sound alone", func(t *testing.T) {
		t.Parallel()
		cover := generate(t, "-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", "cover.jpg")
		data := generateFrom(t, cover, slices.Concat([]string{"-i", "source"}, tone("d=1"), aac,
			[]string{"-map", "1", "-map", "0", "-c:v", "copy", "-disposition:v", "attached_pic", "in.mp4"})...)
		_, _, err := process(t, newEngine(t), media.MP4, data)
		wantFailure(t, err, media.UnsupportedMedia, "The file has no video stream.")
	})
	t.Run("too long and too large", func(t *testing.T) {
		t.Parallel()
		data := generate(t, slices.Concat(picture("s=320x240:r=10:d=2"), x264, []string{"in.mp4"})...)
		e := newEngine(t, func(c *Config) { c.Limits = media.DefaultLimits(); c.Limits.TweetVideo.MaxDuration = time.Second })
		_, _, err := process(t, e, media.MP4, data)
		wantFailure(t, err, media.UnsupportedMedia, "Duration 2.seconds exceeds max duration of 1.seconds")
		e = newEngine(t, func(c *Config) { c.Limits = media.DefaultLimits(); c.Limits.TweetVideo.MaxPixels = 320 * 239 })
		_, _, err = process(t, e, media.MP4, data)
		wantFailure(t, err, media.UnsupportedMedia, "320×240 has more than")
	})
	t.Run("a decoder that is not on the list", func(t *testing.T) {
		t.Parallel()
		data := generate(t, slices.Concat(picture("s=64x64:r=10:d=0.5"), []string{"-c:v", "qtrle", "in.mov"})...)
		_, _, err := process(t, newEngine(t), media.QuickTime, data)
		wantFailure(t, err, media.UnsupportedMedia, "(qtrle)")
	})
	t.Run("another container than the type says", func(t *testing.T) {
		t.Parallel()
		data := generate(t, slices.Concat(picture("s=64x64:r=10:d=0.5"), x264, []string{"in.mp4"})...)
		_, _, err := process(t, newEngine(t), media.WebM, data)
		wantFailure(t, err, media.InvalidMedia, "The file is not a video that can be read: ")
	})
}
