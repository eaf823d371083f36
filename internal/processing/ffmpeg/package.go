package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"magpie/internal/media"
)

// masterName is what the multivariant playlist is saved as.
const masterName = "master.m3u8"

// segmentSeconds is how long an HLS segment is: two groups of pictures.
const segmentSeconds = 4

const playlistType = "application/x-mpegURL"

// packageHLS copies the rungs' MP4s, without encoding again, into one file of
// segments each, and writes the playlists.
func (e *Engine) packageHLS(ctx context.Context, p plan, made rendered, scratch string) ([]media.Rendition, error) {
	args := []string{"-nostdin", "-hide_banner", "-loglevel", "level+warning", "-nostats", "-y"}
	for _, r := range p.Rungs {
		args = slices.Concat(args, ownFile(), []string{"-i", r.name() + ".mp4"})
	}
	for i, r := range p.Rungs {
		args = append(args, "-map", strconv.Itoa(i), "-c", "copy",
			"-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
			"-f", "hls", "-hls_time", strconv.Itoa(segmentSeconds), "-hls_playlist_type", "vod",
			"-hls_segment_type", "fmp4", "-hls_flags", "single_file+independent_segments",
			// The first picture is at 0, whatever comes before it in decoding order:
			// else all of the stream is late by some pictures, and subtitles early.
			"-avoid_negative_ts", "disabled",
			"-hls_segment_options", "fflags=+bitexact:movflags=+negative_cts_offsets",
			"-hls_segment_filename", r.name()+".m4s", r.name()+".m3u8")
	}
	limits := renderBounds(p)
	limits.wall = time.Minute + p.Duration
	x, err := e.run(ctx, command{path: e.ffmpeg, args: args, dir: scratch, limits: limits})
	if err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	e.log.DebugContext(ctx, "ffmpeg ended", "step", "package", "code", x.code, "stderr", x.stderr)
	// What goes in here is our own, so it is never the uploader's fault.
	if !x.ok() || outside("package", x) != nil {
		return nil, fmt.Errorf("package: ffmpeg exit %d: %s", x.code, tidy(x.stderr))
	}

	var files []media.Rendition
	var streams []variant
	for _, r := range p.Rungs {
		v, err := variantOf(p, r, scratch)
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", r.name(), err)
		}
		streams = append(streams, v)
		files = append(files,
			media.Rendition{
				Role: media.RoleSegments, Name: r.name() + ".m4s", ContentType: "video/mp4",
				BitRate: v.average, Width: r.Width, Height: r.Height,
			},
			media.Rendition{
				Role: media.RolePlaylist, Name: r.name() + ".m3u8", ContentType: playlistType,
				BitRate: v.average, Width: r.Width, Height: r.Height,
			})
	}
	if err := os.WriteFile(filepath.Join(scratch, masterName), []byte(master(streams)), 0o600); err != nil {
		return nil, fmt.Errorf("package: %w", err)
	}
	t := p.top()
	return append(files, media.Rendition{
		Role: media.RoleMaster, Name: masterName, ContentType: playlistType, Width: t.Width, Height: t.Height,
	}), nil
}

// variantOf reads back what packaging made of one rung.
func variantOf(p plan, r rung, scratch string) (variant, error) {
	path := filepath.Join(scratch, r.name()+".m3u8")
	text, err := os.ReadFile(path)
	if err != nil {
		return variant{}, err
	}
	st, err := os.Stat(filepath.Join(scratch, r.name()+".m4s"))
	if err != nil {
		return variant{}, err
	}
	// ffmpeg rounds, and a target of 0 is one that players divide by.
	if fixed := bytes.Replace(text, []byte("#EXT-X-TARGETDURATION:0\n"), []byte("#EXT-X-TARGETDURATION:1\n"), 1); !bytes.Equal(fixed, text) {
		text = fixed
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return variant{}, err
		}
	}
	list, err := parsePlaylist(string(text), r.name()+".m4s", st.Size())
	if err != nil {
		return variant{}, err
	}
	codecs, err := codecString(filepath.Join(scratch, r.name()+".mp4"))
	if err != nil {
		return variant{}, err
	}
	if p.Audio != nil {
		codecs += ",mp4a.40.2"
	}
	return variant{
		name: r.name() + ".m3u8", width: r.Width, height: r.Height,
		peak: list.peak(), average: list.average(), rate: p.Rate, codecs: codecs,
	}, nil
}
