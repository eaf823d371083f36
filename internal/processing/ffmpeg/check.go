package ffmpeg

import (
	"fmt"
	"slices"

	"magpie/internal/media"
)

// check refuses streams that will not be converted, with words, before a
// picture is decoded. The duration is checked once it is known.
func check(p probed, l media.Limit) error {
	if p.Video == nil {
		return media.NewFailure(media.UnsupportedMedia, "The file has no video stream.")
	}
	if !slices.Contains(videoCodecs, p.Video.Codec) {
		return unsupportedCodec("video", p.Video.Codec)
	}
	if p.Audio != nil && !slices.Contains(audioCodecs, p.Audio.Codec) {
		return unsupportedCodec("sound", p.Audio.Codec)
	}
	return l.CheckPixels("A video frame", p.Video.Width, p.Video.Height)
}

// unsupportedCodec names the codec by ffmpeg's own name for it, which is from
// a fixed list and never from the file.
func unsupportedCodec(what, codec string) error {
	if codec == "" {
		return media.NewFailure(media.UnsupportedMedia,
			fmt.Sprintf("The file's %s is in a format that is not known here; H.264 video with AAC sound always works.", what))
	}
	return media.NewFailure(media.UnsupportedMedia,
		fmt.Sprintf("The file's %s is in a format that is not taken (%s); H.264 video with AAC sound always works.", what, codec))
}
