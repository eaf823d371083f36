package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strconv"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// checkForm refuses a video whose form is outside what its category may have.
func (e *Engine) checkForm(ctx context.Context, in processing.Input, src source, p probed, limit media.Limit) error {
	form := formOf(p, in.Media.Type)
	if err := limit.Check(form); err != nil || limit.MaxGOP == 0 {
		return err
	}
	gop, err := e.largestGOP(ctx, src, p.Video.Index, in.Size)
	if err != nil {
		return err
	}
	form.GOP = gop
	return limit.Check(form)
}

// largestPicture is the most pixels that a picture may have in any category of
// videos and GIFs, as far as ffmpeg can count.
func largestPicture(l media.Limits) int64 {
	const most = 1<<31 - 1
	largest := int64(0)
	for _, c := range media.Categories() {
		if k := c.Kind(); k != media.KindVideo && k != media.KindGIF {
			continue
		}
		limit := l.Of(c, "").MaxPixels
		if limit == 0 {
			return most
		}
		largest = max(largest, limit)
	}
	return min(largest, most)
}

// formOf is what a probe says of a video's form.
func formOf(p probed, t media.Type) media.Form {
	v := p.Video
	f := media.Form{
		Rate: v.AvgRate.float(), Frames: v.Frames, Duration: p.length(),
		PixelRatio: v.PixelRatio.float(), Interlaced: v.Interlaced, PixelFormat: v.PixelFormat,
	}
	f.Width, f.Height = displaySize(v)
	if f.Rate == 0 {
		f.Rate = v.Rate.float()
	}
	// WebM has no place for AAC.
	if p.Audio != nil && t != media.WebM {
		f.Sound = media.Sound{Codec: p.Audio.Codec, Profile: p.Audio.Profile, Channels: p.Audio.Channels}
	}
	return f
}

// largestGOP counts the pictures between key frames. It reads the original
// through once, without decoding.
func (e *Engine) largestGOP(ctx context.Context, src source, stream int, size int64) (int, error) {
	var count gopCounter
	x, err := e.run(ctx, command{
		path: e.ffprobe,
		args: slices.Concat([]string{
			"-hide_banner", "-loglevel", "level+warning", "-of", "csv=p=0", "-show_entries", "packet=flags",
			"-select_streams", strconv.Itoa(stream),
		}, src.args, []string{src.url}),
		port: src.port, stdout: &count, limits: measureBounds(size),
	})
	if err != nil {
		return 0, fmt.Errorf("look for key frames: %w", err)
	}
	e.log.DebugContext(ctx, "ffprobe ended", "step", "key frames", "code", x.code, "stderr", x.stderr)
	if err := outside("look for key frames", x); err != nil {
		return 0, err
	}
	if !x.ok() {
		return 0, blame("look for key frames", src.kind, x)
	}
	return count.largest, nil
}

// gopCounter reads ffprobe's lines, one for each packet, in which a K stands
// for a key frame.
type gopCounter struct {
	line    []byte
	current int
	largest int
}

func (c *gopCounter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			c.line = append(c.line, p[:min(len(p), 64-min(len(c.line), 64))]...)
			return n, nil
		}
		line := append(c.line, p[:end]...)
		p, c.line = p[end+1:], c.line[:0]
		if len(line) == 0 {
			continue
		}
		if bytes.IndexByte(line, 'K') >= 0 {
			c.current = 0
		}
		c.current++
		c.largest = max(c.largest, c.current)
	}
}
