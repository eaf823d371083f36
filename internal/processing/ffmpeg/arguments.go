package ffmpeg

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// audioRate is bits a second of sound.
const audioRate = 128_000

// posterPattern is what ffmpeg names the poster's candidates by.
const posterPattern = "candidate-%02d.jpg"

// exactly makes the same of the same, on all machines, with the encoder's header where
// MP4 has it: several files together don't ask for that.
const exactly = "+bitexact+global_header"

// renderArgs are ffmpeg's arguments for everything that is made of an original: one
// decode, each rung's pictures encoded once, and the sound once for all of them.
func (e *Engine) renderArgs(src source, p plan) []string {
	var steady []string
	if !p.Deinterlace && !p.Animated {
		// A picture of another size, as in a recorded call, is scaled like the others. A
		// graph made anew would begin at 0 once more. Only where scaling comes first: other
		// filters take each picture to be as large as the first.
		steady = []string{"-reinit_filter:v", "0"}
	}
	args := e.inputArgs(src, steady...)
	if p.Matrix {
		args = append(args, "-f", "lavfi", "-i", "color=s=16x16:r=1:d=1")
	}
	args = append(args, "-filter_complex", p.videoGraph())
	if p.sounds() > 0 {
		// A graph of its own: joined, pictures would wait for the first sound.
		args = append(args, "-filter_complex", p.audioGraph())
	}
	threads := strconv.Itoa(e.threads)
	if lower := p.encodes(); p.Audio != nil && len(lower) > 1 {
		args = append(args, p.togetherArgs(lower, threads)...)
	} else {
		for i, r := range lower {
			args = append(args, p.apartArgs(i, r, threads)...)
		}
	}
	if p.copies() {
		args = append(args, p.copyArgs()...)
		args = append(args, p.fileArgs(p.top().name()+".mp4")...)
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

// apartArgs write one rung to a file of its own.
func (p *plan) apartArgs(i int, r rung, threads string) []string {
	args := slices.Concat(pictures(i), p.encodeArgs(threads), p.rateArgs("", r))
	if p.Audio != nil {
		args = slices.Concat(args, []string{"-map", "[a0]"}, soundArgs())
	}
	return append(args, p.fileArgs(r.name()+".mp4")...)
}

// togetherArgs write several rungs, each to a file of its own, with the same sound,
// which is encoded once: each further time would take a second of a processor for a
// minute.
func (p *plan) togetherArgs(rungs []rung, threads string) []string {
	var maps, rates, files []string
	for i, r := range rungs {
		maps = append(maps, pictures(i)...)
		rates = append(rates, p.rateArgs(":v:"+strconv.Itoa(i), r)...)
		// Read twice: as one of a list, and then as options of it. Left to itself it
		// would end well with the files that did not fail.
		files = append(files, fmt.Sprintf(`[select=\'v:%d,a\':onfail=abort:f=mp4:fflags=+bitexact:movflags=%s]%s.mp4`, i, movFlags, r.name()))
	}
	return slices.Concat(maps, []string{"-map", "[a0]"},
		p.encodeArgs(threads), rates, soundArgs(), p.outputArgs(),
		[]string{"-f", "tee", strings.Join(files, "|")})
}

func pictures(i int) []string { return []string{"-map", "[v" + strconv.Itoa(i) + "]"} }

// encodeArgs are the options of encoded pictures, but for their rate.
func (p *plan) encodeArgs(threads string) []string {
	// A key picture every two seconds, at the same places in all rungs, and
	// nowhere else.
	keys := []string{"-force_key_frames", "expr:gte(t,n_forced*2)"}
	if p.Copy {
		keys = []string{"-force_key_frames", "source"}
	}
	args := slices.Concat([]string{
		"-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p", "-crf", "23",
		"-threads", threads, "-flags:v", "+cgop" + exactly,
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
		args = append(args, "-bf", "0", "-enc_time_base", "1:100", "-video_track_timescale", "100",
			"-bsf:v", "setts=duration="+strconv.FormatInt(int64(p.LastDelay/(10*time.Millisecond)), 10))
	}
	return args
}

// rateArgs cap the rate of a rung's pictures, which are the stream.
func (p *plan) rateArgs(stream string, r rung) []string {
	if p.Animated {
		return nil
	}
	return []string{
		"-maxrate" + stream, strconv.FormatInt(r.MaxRate, 10), "-bufsize" + stream, strconv.FormatInt(2*r.MaxRate, 10),
	}
}

// copyArgs take over the top's pictures, and its sound where that will do.
func (p *plan) copyArgs() []string {
	args := []string{"-map", fmt.Sprintf("0:%d", p.VideoIndex), "-c:v", "copy"}
	switch {
	case p.CopySound:
		return append(args, "-map", fmt.Sprintf("0:%d", p.Audio.Index), "-c:a", "copy")
	case p.Audio != nil:
		return slices.Concat(args, []string{"-map", fmt.Sprintf("[a%d]", p.sounds()-1)}, soundArgs())
	}
	return args
}

// soundArgs are the options of encoded sound.
func soundArgs() []string {
	return []string{"-c:a", "aac", "-profile:a", "aac_low", "-b:a", strconv.Itoa(audioRate), "-ac", "2", "-flags:a", exactly}
}

// movFlags make fragments that begin at their first picture's time (CMAF's negative
// offsets): browsers pass over edit lists there, and subtitles count from 0.
const movFlags = "+frag_keyframe+delay_moov+default_base_moof+negative_cts_offsets+skip_trailer"

// fileArgs are the options of one rung's file, and where it goes.
func (p *plan) fileArgs(target string) []string {
	return append(p.outputArgs(), "-fflags", "+bitexact", "-movflags", movFlags, "-f", "mp4", target)
}

// outputArgs leave out what the original says of itself, and cut what goes on for
// too long.
func (p *plan) outputArgs() []string {
	args := []string{"-map_metadata", "-1", "-map_chapters", "-1", "-max_muxing_queue_size", "4096"}
	if !p.taken() {
		args = append(args, "-t", strconv.FormatFloat(overrun(p.Duration).Seconds(), 'f', 3, 64))
	}
	return args
}

// posterArgs write the poster's candidates.
func posterArgs() []string {
	return []string{
		"-map", "[poster]", "-frames:v", strconv.Itoa(posterCandidates), "-fps_mode", "passthrough",
		"-c:v", "mjpeg", "-q:v", "3", "-flags:v", "+bitexact", "-map_metadata", "-1", "-f", "image2", posterPattern,
	}
}
