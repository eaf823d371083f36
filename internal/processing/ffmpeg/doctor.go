package ffmpeg

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Versions is what the two programs call themselves.
type Versions struct {
	FFmpeg  string // such as "5.1.9-0+deb12u1"
	FFprobe string
}

// Versions asks both programs. An error means that one cannot be run.
func (e *Engine) Versions(ctx context.Context) (Versions, error) {
	var v Versions
	for _, p := range []struct {
		path string
		into *string
	}{{e.ffmpeg, &v.FFmpeg}, {e.ffprobe, &v.FFprobe}} {
		text, err := e.tell(ctx, p.path, "-version")
		if err != nil {
			return v, err
		}
		// "ffmpeg version 5.1.9 Copyright …"
		if f := strings.Fields(text); len(f) >= 3 && f[1] == "version" {
			*p.into = f[2]
		} else {
			return v, fmt.Errorf("version of %s: does not answer like ffmpeg", p.path)
		}
	}
	return v, nil
}

// Finding is one line of Check: what is there (Good), what would be better
// (Weak: magpie works without it), or what it can't work without (Bad).
type Finding struct {
	Verdict Verdict
	Words   string
}

// Verdict is how a Finding is meant.
type Verdict string

// The verdicts.
const (
	Good Verdict = "good"
	Weak Verdict = "weak"
	Bad  Verdict = "bad"
)

// verdict is Good if ok, else what the lack means.
func verdict(ok bool, lack Verdict) Verdict {
	if ok {
		return Good
	}
	return lack
}

// Check says, a line each, what is there and what is missing for the engine to
// work, in words for an operator. An error means that ffmpeg cannot be run.
func (e *Engine) Check(ctx context.Context) ([]Finding, error) {
	v, err := e.Versions(ctx)
	if err != nil {
		return nil, err
	}
	out := []Finding{
		{Good, "ffmpeg " + v.FFmpeg + " at " + e.ffmpeg},
		{verdict(v.FFmpeg == v.FFprobe, Bad), "ffprobe " + v.FFprobe + " at " + e.ffprobe},
	}
	for _, need := range []struct {
		list  string
		names []string
		lack  string
		grave Verdict
	}{
		{"-encoders", []string{"libx264", "aac", "mjpeg"}, "videos and GIFs cannot be converted", Bad},
		{"-muxers", []string{"mp4", "hls", "image2", "image2pipe", "tee"}, "videos and GIFs cannot be written", Bad},
		{"-demuxers", []string{"mov", "matroska", "mpegts", "gif"}, "uploads of these kinds will fail", Bad},
		{"-decoders", []string{"h264", "hevc", "vp8", "vp9", "libdav1d", "mpeg4", "mpeg2video", "gif", "aac", "mp3", "opus", "vorbis"}, "uploads with these will fail", Weak},
		{"-filters", []string{"scale", "fps", "bwdif", "transpose", "overlay", "lutrgb", "tpad", "select", "sidedata", "aresample", "setparams"}, "some uploads will fail", Bad},
		{"-filters", []string{"zscale", "tonemap"}, "HDR videos will look pale", Weak},
		{"-bsfs", []string{"setts"}, "GIFs cannot be converted", Bad},
		{"-protocols", []string{"http", "file", "pipe"}, "originals cannot be read", Bad},
	} {
		have, err := e.list(ctx, need.list)
		if err != nil {
			return nil, err
		}
		var missing []string
		for _, n := range need.names {
			if !have[n] {
				missing = append(missing, n)
			}
		}
		f := Finding{Good, need.list[1:] + ": " + strings.Join(need.names, ", ")}
		if len(missing) > 0 {
			f = Finding{need.grave, need.list[1:] + " missing: " + strings.Join(missing, ", ") + "; " + need.lack}
		}
		out = append(out, f)
	}
	return append(out, Finding{verdict(e.sandbox.abi >= 4, Weak), "sandbox of child processes: " + e.sandbox.String()}), nil
}

// canToneMap reports whether HDR can be turned into what all screens show. It
// asks once.
func (e *Engine) canToneMap(ctx context.Context) bool {
	e.toneMapOnce.Do(func() {
		have, err := e.list(context.WithoutCancel(ctx), "-filters")
		e.toneMap = err == nil && have["zscale"] && have["tonemap"]
		if !e.toneMap {
			e.log.WarnContext(ctx, "ffmpeg cannot map HDR", "error", err)
		}
	})
	return e.toneMap
}

// list gives the names in one of ffmpeg's lists: the second word of each line,
// split at commas, or the only one.
func (e *Engine) list(ctx context.Context, what string) (map[string]bool, error) {
	text, err := e.tell(ctx, e.ffmpeg, what)
	if err != nil {
		return nil, err
	}
	have := map[string]bool{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		name := ""
		switch {
		case len(f) == 1:
			name = f[0]
		case len(f) > 1:
			name = f[1]
		}
		for _, n := range strings.Split(name, ",") {
			have[n] = true
		}
	}
	return have, nil
}

// tell runs a program that only prints.
func (e *Engine) tell(ctx context.Context, path, arg string) (string, error) {
	out := bounded{limit: 1 << 20}
	x, err := e.run(ctx, command{
		path: path, args: []string{"-hide_banner", "-loglevel", "error", arg}, stdout: &out,
		limits: bounds{wall: 30 * time.Second, cpu: 10 * time.Second, memory: 4 << 30},
	})
	if err != nil {
		return "", err
	}
	if !x.ok() {
		return "", fmt.Errorf("run %s %s: exit %d: %s", path, arg, x.code, tidy(x.stderr))
	}
	return string(out.data), nil
}
