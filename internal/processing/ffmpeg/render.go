package ffmpeg

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// renderShare is the percentage of all work that rendering counts for.
const renderShare = 95

// fullHD is the pixels of 1920×1080.
const fullHD = 1920 * 1080

// audioRate is bits a second of sound.
const audioRate = 128_000

// posterPattern is what ffmpeg names the poster's candidates by.
const posterPattern = "candidate-%02d.jpg"

// render decodes the original once and writes into scratch an MP4 per rung, the
// poster's candidates, of which it chooses, and the sheets of thumbnails. A top that
// was copied first is copied in the same way again. What it gives with an error, or
// with a top that does not play alone, is to be dropped.
func (e *Engine) render(ctx context.Context, src source, p plan, in processing.Input, out processing.Output) ([]rendered, still, error) {
	var apart []rendered
	top, done, err := e.copyPlain(ctx, p, in, out)
	if err != nil {
		return nil, still{}, err
	}
	if done {
		p.Apart, apart = true, []rendered{top}
		if !top.playsAlone() {
			return apart, still{}, nil
		}
	}
	if err := e.runRender(ctx, src, p, pass{step: "render", args: e.renderArgs(src, p), scratch: in.Scratch}, out.Progress); err != nil {
		return apart, still{}, err
	}
	shown, err := poster(ctx, p, in.Scratch)
	if err != nil {
		return apart, still{}, err
	}
	made, err := wrap(ctx, p, in.Scratch)
	return append(made, apart...), shown, err
}

// pass is one run of ffmpeg over the original.
type pass struct {
	step    string
	args    []string
	scratch string                // where it may write; "" for nowhere
	media   func(io.Reader) error // reads what it writes to mediaPipe, if it does
}

// runRender runs ffmpeg over the original.
func (e *Engine) runRender(ctx context.Context, src source, p plan, do pass, report func(int)) error {
	var last progress
	step := do.step
	x, err := e.run(ctx, command{
		path: e.ffmpeg, args: do.args, dir: do.scratch, port: src.port, from: &src, media: do.media,
		stdout: &progressWriter{report: func(now progress) {
			last = now
			if p.Duration > 0 {
				report(min(int(renderShare*now.out/p.Duration), renderShare-1))
			}
		}},
		limits: renderBounds(p),
	})
	if err != nil {
		return suspect(fmt.Errorf("%s: %w", step, err), p.Duration)
	}
	e.log.DebugContext(ctx, "ffmpeg ended", "step", step, "code", x.code, "out", last.out, "stderr", x.stderr)
	if !x.ok() {
		return blame(step, src.kind, x)
	}
	if err := outside(step, x); err != nil {
		return err
	}
	// The last picture may end a little before the cut.
	if last.out >= overrun(p.Duration)-2*time.Second {
		return media.NewFailure(media.InvalidMedia, fmt.Sprintf(
			"The file says that it lasts %s and goes on for longer.", inWords(p.Duration)))
	}
	return nil
}

// overrun is where rendering stops. A file that goes on this much longer
// than it says has lied, and with it all limits that come from its length.
func overrun(d time.Duration) time.Duration { return d + d/10 + 10*time.Second }

// renderBounds are what a child may use for an original of this length and
// size. Wall-clock: a minute and thirty times the length, more by as much as the
// top is larger than 1920×1080. Processor time: four processors for all of that. A file: twice what the rates allow, which is
// never reached by an honest one.
func renderBounds(p plan) bounds {
	t := p.top()
	larger := max(float64(t.Width*t.Height)/fullHD, 1)
	wall := time.Minute + time.Duration(30*larger*float64(p.Duration))
	file := uint64(float64(t.MaxRate+audioRate) / 8 * 2 * overrun(p.Duration).Seconds())
	if p.Animated {
		// No rate is set for these; a picture is never larger than raw.
		file = uint64(t.Width*t.Height) * 3 * uint64(max(p.Duration/(20*time.Millisecond), 1))
	}
	return bounds{
		wall: wall, cpu: 4 * wall,
		// Frames in flight in the decoder, at up to 10 bits and 4:4:4.
		memory: 4<<30 + uint64(p.CodedPixels)*256,
		file:   file + 16<<20,
	}
}

func (e *Engine) renderArgs(src source, p plan) []string {
	args := e.inputArgs(src)
	if p.Matrix {
		args = append(args, "-f", "lavfi", "-i", "color=s=16x16:r=1:d=1")
	}
	args = append(args, "-filter_complex", p.videoGraph())
	if p.Audio != nil && (!p.CopySound || len(p.Rungs) > 1) {
		// A graph of its own: joined, pictures would wait for the first sound.
		args = append(args, "-filter_complex", p.audioGraph())
	}
	for i, r := range p.made() {
		if p.Copy && i == len(p.Rungs)-1 {
			args = append(args, p.copyArgs()...)
		} else {
			args = append(args, p.encodeArgs(i, r, strconv.Itoa(e.threads))...)
		}
		args = append(args, p.soundArgs(i)...)
		args = append(args, p.fileArgs(r.name()+".mp4")...)
	}
	args = append(args, posterArgs()...)
	if p.scrubs() {
		args = append(args, p.Thumbs.args()...)
	}
	return args
}

// inputArgs begin every command over the original; more are options of the
// input.
func (e *Engine) inputArgs(src source, more ...string) []string {
	threads := strconv.Itoa(e.threads)
	return slices.Concat([]string{
		"-nostdin", "-hide_banner", "-loglevel", "level+warning", "-nostats", "-progress", "pipe:1", "-y",
		"-filter_complex_threads", threads,
		// Turning is part of the plan, so that it cannot disagree with it.
		"-noautorotate", "-threads", threads, "-max_pixels", strconv.FormatInt(e.pixels, 10),
	}, src.args, more, []string{"-i", src.url})
}

// encodeArgs are the options of one rung's pictures.
func (p *plan) encodeArgs(i int, r rung, threads string) []string {
	// A key picture every two seconds, at the same places in all rungs, and
	// nowhere else.
	keys := []string{"-force_key_frames", "expr:gte(t,n_forced*2)"}
	if p.Copy {
		keys = []string{"-force_key_frames", "source"}
	}
	args := slices.Concat([]string{
		"-map", "[v" + strconv.Itoa(i) + "]",
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "23",
		"-threads", threads, "-flags:v", "+cgop+bitexact",
	}, keys, []string{
		"-forced-idr", "1", "-sc_threshold", "0", "-g", "600",
		"-fps_mode", "passthrough",
		// Pictures are decoded at most one ahead of their time, which is how
		// late some players of HLS show them.
		"-b-pyramid", "none",
	})
	if p.Animated {
		// Timestamps in hundredths are exact. Without B-frames the last packet
		// is the last picture, and takes its delay from here.
		return append(args, "-bf", "0", "-enc_time_base", "1:100", "-video_track_timescale", "100",
			"-bsf:v", "setts=duration="+strconv.FormatInt(int64(p.LastDelay/(10*time.Millisecond)), 10))
	}
	return append(args, "-maxrate", strconv.FormatInt(r.MaxRate, 10), "-bufsize", strconv.FormatInt(2*r.MaxRate, 10))
}

// soundArgs are the options of one rung's sound.
func (p *plan) soundArgs(i int) []string {
	switch {
	case p.Audio == nil:
		return nil
	case p.CopySound && i == len(p.Rungs)-1:
		return []string{"-map", fmt.Sprintf("0:%d", p.Audio.Index), "-c:a", "copy"}
	}
	return []string{
		"-map", "[a" + strconv.Itoa(i) + "]",
		"-c:a", "aac", "-profile:a", "aac_low", "-b:a", strconv.Itoa(audioRate), "-ac", "2", "-flags:a", "+bitexact",
	}
}

// fileArgs are the options of one rung's file, and where it goes.
func (p *plan) fileArgs(target string) []string {
	// Fragments begin at their first picture's time (CMAF's negative offsets):
	// browsers pass over edit lists there, and subtitles count from 0.
	args := []string{"-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-max_muxing_queue_size", "4096"}
	if !p.taken() {
		args = append(args, "-t", strconv.FormatFloat(overrun(p.Duration).Seconds(), 'f', 3, 64))
	}
	return append(args,
		"-movflags", "+frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer", "-f", "mp4", target,
	)
}

// posterArgs write the poster's candidates.
func posterArgs() []string {
	return []string{
		"-map", "[poster]", "-frames:v", strconv.Itoa(posterCandidates), "-fps_mode", "passthrough",
		"-c:v", "mjpeg", "-q:v", "3", "-flags:v", "+bitexact", "-map_metadata", "-1", "-f", "image2", posterPattern,
	}
}
