package ffmpeg

import (
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// source is the original as a child process may read it.
type source struct {
	url  string
	port uint16
	kind string // what to call the container in words
	args []string

	original io.ReaderAt // what is behind the URL
	size     int64
}

// The codecs that are decoded, by ffmpeg's codec names. Everything else that
// ffmpeg could decode is attack surface that no camera, phone or editor needs.
var (
	videoCodecs = []string{
		"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mpeg2video", "mpeg1video",
		"mjpeg", "prores", "h263", "dnxhd", "dvvideo", "gif",
	}
	audioCodecs = []string{
		"aac", "aac_latm", "mp3", "mp2", "opus", "vorbis", "ac3", "eac3", "flac", "alac",
		"amr_nb", "amr_wb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be",
		"pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw",
	}
	// otherDecoders are decoders whose name is not the codec's.
	otherDecoders = []string{"libdav1d", "libaom-av1", "mp3float", "mp2float", "amrnb", "amrwb"}
	// bystanders are decoders of tracks that lie beside the video and are not
	// used: subtitles, captions and cover art. ffprobe opens one for every
	// stream and gives up on the file when it may not.
	bystanders = []string{
		"mov_text", "webvtt", "srt", "subrip", "ass", "ssa", "text", "dvbsub", "dvdsub", "pgssub", "cc_dec",
		"libzvbi_teletextdec", "png", "bmp",
	}
)

func decoderWhitelist() string {
	return strings.Join(slices.Concat(videoCodecs, audioCodecs, otherDecoders, bystanders), ",")
}

// readTimeout is how long the source may send nothing, in microseconds. The
// source may be waiting for an object store.
const readTimeout = "120000000"

// sourceOf reads where the original is served and which demuxer it gets. A
// URL that is not on a loopback address, or a type that is no video, is a
// fault of the caller's.
func sourceOf(in processing.Input) (source, error) {
	u, err := url.Parse(in.URL)
	if err != nil {
		return source{}, fmt.Errorf("source address: %w", err)
	}
	at, err := netip.ParseAddrPort(u.Host)
	if err != nil || u.Scheme != "http" || !at.Addr().IsLoopback() {
		return source{}, fmt.Errorf("source address %q: wants http:// with a loopback address and a port", in.URL)
	}
	demuxer, kind, err := demuxerOf(in.Media.Type)
	if err != nil {
		return source{}, err
	}
	return source{url: in.URL, port: at.Port(), kind: kind, args: inputOptions(demuxer), original: in.Original, size: in.Size}, nil
}

// inputOptions hold a demuxer to what it is for.
func inputOptions(demuxer string) []string {
	args := []string{
		"-protocol_whitelist", "http,tcp", "-rw_timeout", readTimeout, "-icy", "0",
		"-format_whitelist", demuxer, "-codec_whitelist", decoderWhitelist(), "-f", demuxer,
	}
	switch demuxer {
	case "mov":
		args = append(args, "-enable_drefs", "0", "-use_absolute_path", "0")
	case "gif":
		args = append(args, "-min_delay", "2", "-default_delay", "10", "-max_gif_delay", "65535")
	}
	return args
}

// demuxerOf names ffmpeg's demuxer for a type, and the container in words.
func demuxerOf(t media.Type) (demuxer, kind string, err error) {
	switch t {
	case media.MP4:
		return "mov", "an MP4", nil
	case media.QuickTime:
		return "mov", "a QuickTime movie", nil
	case media.WebM:
		return "matroska", "a WebM", nil
	case media.MPEGTS:
		return "mpegts", "an MPEG transport stream", nil
	case media.GIF:
		return "gif", "a GIF", nil
	}
	return "", "", fmt.Errorf("type %q is not a video or a GIF", t)
}
