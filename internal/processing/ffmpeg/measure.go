package ffmpeg

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// measure reads the original through once, without decoding, to learn how long
// it is. Durations of single streams are forgotten, because they come from the
// same container that could not be trusted.
func (e *Engine) measure(ctx context.Context, src source, p probed, size int64) (probed, error) {
	var last progress
	args := slices.Concat([]string{"-nostdin", "-hide_banner", "-loglevel", "level+warning"}, src.args, []string{
		"-i", src.url, "-map", "0:" + strconv.Itoa(p.Video.Index),
	})
	if p.Audio != nil {
		args = append(args, "-map", "0:"+strconv.Itoa(p.Audio.Index))
	}
	args = append(args, "-c", "copy", "-progress", "pipe:1", "-nostats", "-f", "null", "-")

	x, err := e.run(ctx, command{
		path: e.ffmpeg, args: args, port: src.port,
		stdout: &progressWriter{report: func(now progress) { last = now }},
		limits: measureBounds(size),
	})
	if err != nil {
		return p, fmt.Errorf("measure: %w", err)
	}
	e.log.DebugContext(ctx, "ffmpeg ended", "step", "measure", "code", x.code, "stderr", x.stderr)
	if err := outside("measure", x); err != nil {
		return p, err
	}
	if !x.ok() {
		return p, blame("measure", src.kind, x)
	}
	if last.frames == 0 {
		return p, unreadable("there is no picture in it")
	}
	video := *p.Video
	video.Duration = 0
	video.Frames = last.frames
	if last.out > 0 && (!video.AvgRate.known() || video.AvgRate.float() > 1000) {
		video.AvgRate = ratio{last.frames * 1000, max(last.out.Milliseconds(), 1)}
	}
	p.Video = &video
	if p.Audio != nil {
		audio := *p.Audio
		audio.Duration = 0
		p.Audio = &audio
	}
	p.Duration = last.out
	return p, nil
}

// measureBounds allow for a source that gives 5 MB a second.
func measureBounds(size int64) bounds {
	read := time.Duration(size/5_000_000) * time.Second
	return bounds{wall: time.Minute + read, cpu: time.Minute + read, memory: 4 << 30, file: 0}
}
