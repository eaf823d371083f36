package ffmpeg

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"magpie/internal/media"
)

// probed is what ffprobe found, reduced to the streams that will be used.
type probed struct {
	Video    *videoStream // nil where there is none
	Audio    *audioStream // nil where there is none
	Start    time.Duration
	Duration time.Duration // of the whole; 0 where the container does not say
}

// videoStream is the stream that viewers will see.
type videoStream struct {
	Index         int
	Codec         string // "" where ffmpeg does not know it
	Width, Height int    // as coded: before pixel ratio and rotation
	PixelRatio    ratio
	Orientation   orientation
	Matrix        bool  // there is a display matrix, which may turn nothing
	Rate          ratio // the grid that all timestamps fit on, as a guess
	AvgRate       ratio
	Interlaced    bool
	PixelFormat   string        // ffmpeg's name; "" where it doesn't know
	Profile       string        // likewise
	Level         int           // ten times H.264's
	HDR           string        // transfer function where it is PQ or HLG, else ""
	Start         time.Duration // on the container's clock
	Duration      time.Duration // 0 where the container does not say
	Frames        int64         // 0 where the container does not say
}

// audioStream is the stream that viewers will hear.
type audioStream struct {
	Index      int
	Codec      string
	Profile    string // ffmpeg's name; "" where it doesn't know
	Channels   int
	SampleRate int
	Start      time.Duration
	Duration   time.Duration
}

// The part of ffprobe's answer that is asked for. Tags are not: they are of
// the uploader's choosing and any length.
const probeEntries = "format=duration,start_time:" +
	"stream=index,codec_type,codec_name,profile,level,pix_fmt,width,height,sample_aspect_ratio,r_frame_rate,avg_frame_rate," +
	"start_time,duration,nb_frames,field_order,color_transfer,sample_rate,channels:" +
	"stream_disposition=default,attached_pic,timed_thumbnails,still_image:" +
	"stream_side_data=displaymatrix"

type probeAnswer struct {
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
	Format struct {
		Duration  string `json:"duration"`
		StartTime string `json:"start_time"`
	} `json:"format"`
	Streams []probeStream `json:"streams"`
}

type probeStream struct {
	Index         int            `json:"index"`
	Type          string         `json:"codec_type"`
	Codec         string         `json:"codec_name"`
	Profile       string         `json:"profile"`
	Level         int            `json:"level"`
	PixelFormat   string         `json:"pix_fmt"`
	Width         int            `json:"width"`
	Height        int            `json:"height"`
	PixelRatio    string         `json:"sample_aspect_ratio"`
	Rate          string         `json:"r_frame_rate"`
	AvgRate       string         `json:"avg_frame_rate"`
	StartTime     string         `json:"start_time"`
	Duration      string         `json:"duration"`
	Frames        string         `json:"nb_frames"`
	FieldOrder    string         `json:"field_order"`
	ColorTransfer string         `json:"color_transfer"`
	SampleRate    string         `json:"sample_rate"`
	Channels      int            `json:"channels"`
	Disposition   map[string]int `json:"disposition"`
	SideData      []struct {
		DisplayMatrix string `json:"displaymatrix"`
	} `json:"side_data_list"`
}

// probeBounds are generous for a header and nothing else.
var probeBounds = bounds{wall: 3 * time.Minute, cpu: time.Minute, memory: 4 << 30, file: 0}

const maxProbeAnswer = 4 << 20

// probe asks ffprobe about the original.
func (e *Engine) probe(ctx context.Context, src source) (probed, error) {
	out := bounded{limit: maxProbeAnswer}
	c := e.probing(src)
	c.stdout = &out
	x, err := e.run(ctx, c)
	if err != nil {
		return probed{}, fmt.Errorf("probe: %w", err)
	}
	e.log.DebugContext(ctx, "ffprobe ended", "code", x.code, "stderr", x.stderr)
	if err := outside("probe", x); err != nil {
		return probed{}, err
	}
	var answer probeAnswer
	jsonErr := json.Unmarshal(out.data, &answer)
	switch {
	case jsonErr == nil && answer.Error != nil && !fileErrors[answer.Error.Code]:
		return probed{}, fmt.Errorf("probe: ffprobe error %d: %s", answer.Error.Code, tidy(x.stderr))
	case !x.ok() || answer.Error != nil:
		return probed{}, blame("probe", src.kind, x)
	case jsonErr != nil:
		return probed{}, fmt.Errorf("probe: read ffprobe's answer: %w", jsonErr)
	}
	return answer.reduce(), nil
}

// probing is the command for that.
func (e *Engine) probing(src source) command {
	return command{
		path: e.ffprobe,
		args: slices.Concat([]string{
			"-hide_banner", "-loglevel", "level+warning", "-of", "json=compact=1", "-show_error", "-show_entries", probeEntries,
		}, src.args, []string{src.url}),
		port: src.port, from: &src, stdout: io.Discard, limits: probeBounds,
	}
}

// fileErrors are ffmpeg's error numbers that a file can cause: tags of four
// letters, and EINVAL, EPERM, ENOSYS, ENOMEM and, for a Matroska that is cut off,
// EIO (a source that breaks off is known by its words). Everything else is a fault of
// the surroundings.
var fileErrors = map[int]bool{
	tagError("INDA"):    true, // invalid data
	tagError("EOF "):    true,
	tagError("PAWE"):    true, // not supported
	tagError("BUG!"):    true,
	tagError("EXT "):    true, // a library said no
	tagError("\xf8DEC"): true, // no such decoder
	tagError("\xf8STR"): true, // no such stream
	tagError("\xf84XX"): true, // 416: past the end; other answers are seen before
	-22:                 true,
	-1:                  true,
	-38:                 true,
	-12:                 true,
	-5:                  true,
}

func tagError(t string) int {
	return -(int(t[0]) | int(t[1])<<8 | int(t[2])<<16 | int(t[3])<<24)
}

// reduce picks the streams. Cover art and thumbnails are not the video. Of
// several videos the one marked as default is taken, then the largest, then
// the first; of several sounds one that can be decoded, then the one marked as
// default, then the one with most channels, then the first.
func (a probeAnswer) reduce() probed {
	p := probed{Start: seconds(a.Format.StartTime), Duration: max(seconds(a.Format.Duration), 0)}
	var video, audio *probeStream
	for i := range a.Streams {
		s := &a.Streams[i]
		switch {
		case s.Type == "video" && !s.still() && (video == nil || s.videoRank() > video.videoRank()):
			video = s
		case s.Type == "audio" && (audio == nil || s.audioRank() > audio.audioRank()):
			audio = s
		}
	}
	if video != nil {
		p.Video = video.asVideo()
	}
	if audio != nil {
		rate, _ := strconv.Atoi(audio.SampleRate)
		p.Audio = &audioStream{
			Index: audio.Index, Codec: known(audio.Codec), Profile: known(audio.Profile), Channels: audio.Channels, SampleRate: rate,
			Start: seconds(audio.StartTime), Duration: max(seconds(audio.Duration), 0),
		}
	}
	return p
}

func (s *probeStream) still() bool {
	return s.Disposition["attached_pic"] != 0 || s.Disposition["timed_thumbnails"] != 0 || s.Disposition["still_image"] != 0
}

func (s *probeStream) videoRank() int64 {
	rank := min(int64(max(s.Width, 0))*int64(max(s.Height, 0)), 1<<61)
	if s.Disposition["default"] != 0 {
		rank += 1 << 61
	}
	return rank
}

func (s *probeStream) audioRank() int {
	rank := min(max(s.Channels, 0), 1<<10)
	if s.Disposition["default"] != 0 {
		rank += 1 << 12
	}
	if slices.Contains(audioCodecs, s.Codec) {
		rank += 1 << 13
	}
	return rank
}

func (s *probeStream) asVideo() *videoStream {
	frames, _ := strconv.ParseInt(s.Frames, 10, 64)
	v := &videoStream{
		Index: s.Index, Codec: known(s.Codec), PixelFormat: known(s.PixelFormat), Profile: known(s.Profile), Level: s.Level, Width: s.Width, Height: s.Height,
		PixelRatio: parseRatio(s.PixelRatio), Rate: parseRatio(s.Rate), AvgRate: parseRatio(s.AvgRate),
		Interlaced: slices.Contains([]string{"tt", "bb", "tb", "bt"}, s.FieldOrder),
		Start:      seconds(s.StartTime), Duration: max(seconds(s.Duration), 0), Frames: max(frames, 0),
	}
	if s.ColorTransfer == "smpte2084" || s.ColorTransfer == "arib-std-b67" {
		v.HDR = s.ColorTransfer
	}
	for _, d := range s.SideData {
		if d.DisplayMatrix != "" {
			v.Orientation, v.Matrix = parseOrientation(d.DisplayMatrix), true
		}
	}
	return v
}

// known turns ffprobe's ways to say that it does not know a codec into "".
func known(codec string) string {
	if codec == "unknown" || codec == "none" {
		return ""
	}
	return codec
}

// maxSeconds is longer than any file and short enough to calculate with.
const maxSeconds = 100 * 365 * 24 * 3600

// seconds reads ffprobe's decimal seconds; what is not a number is 0.
func seconds(s string) time.Duration {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) {
		return 0
	}
	return time.Duration(min(max(f, -maxSeconds), maxSeconds) * float64(time.Second))
}

// videoEnd is when the last picture's time is over, counted from the beginning
// of the file; 0 where the container does not say.
func (p probed) videoEnd() time.Duration {
	if p.Video == nil || p.Video.Duration == 0 {
		return 0
	}
	return max(p.Video.Start-p.Start, 0) + p.Video.Duration
}

// audioEnd is the same for the sound.
func (p probed) audioEnd() time.Duration {
	if p.Audio == nil || p.Audio.Duration == 0 {
		return 0
	}
	return max(p.Audio.Start-p.Start, 0) + p.Audio.Duration
}

// length is how long the streams that are used last together. What the
// container says of the whole may count others, such as subtitles.
func (p probed) length() time.Duration {
	v, a := p.videoEnd(), p.audioEnd()
	if v == 0 || (a == 0 && p.Audio != nil) {
		return max(p.Duration, v, a)
	}
	return max(v, a)
}

// needsMeasure reports whether the container's own word about its length
// cannot be had or trusted: transport streams have no index and guess from
// their last timestamps; a fragmented MP4 tells of its first fragment only, and
// is known by a track that lists no frames; a recorder in a browser leaves the
// duration of a WebM out.
func (p probed) needsMeasure(t media.Type) bool {
	switch t {
	case media.MPEGTS:
		return true
	case media.MP4, media.QuickTime:
		return p.Video.Frames == 0 || p.Duration == 0
	}
	return p.Duration == 0
}
