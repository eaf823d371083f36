package ffmpeg

import (
	"fmt"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// keysName is what the playlist of key pictures is saved as.
const keysName = "iframes.m3u8"

// keysOnly says that a playlist's segments are single pictures.
const keysOnly = "#EXT-X-I-FRAMES-ONLY"

// keySide is the longest short side of the size whose key pictures are shown
// while a viewer scrubs: they come one after the other, and small will do.
const keySide = 360

// keysOf picks the size for it: the largest that is small enough, or else the
// smallest there is.
func keysOf(made []rendered) rendered {
	out := made[0]
	for _, r := range made[1:] {
		if min(r.Width, r.Height) <= keySide {
			out = r
		}
	}
	return out
}

// keyPlaylist is the playlist of one size's key pictures (RFC 8216 §4.3.3.6):
// byte ranges from a fragment's beginning to the end of its first picture, each
// lasting until the next.
func keyPlaylist(r rendered) file {
	list := keyPictures(r.Fragments)
	return file{
		Rendition: media.Rendition{
			Role: media.RolePlaylist, Name: keysName, ContentType: playlistType,
			BitRate: list.average(), Width: r.Width, Height: r.Height,
		},
		head: []byte(list.text(r.name()+".mp4", r.Init, keysOnly)),
	}
}

func keyPictures(fragments []hybrid.Fragment) playlist {
	var out playlist
	for _, f := range fragments {
		switch n := len(out); {
		case f.Key > 0:
			out = append(out, segment{hybrid.Range{Offset: f.Offset, Length: f.Key}, f.Seconds})
		case n > 0: // no picture begins here, so the last one stays
			out[n-1].seconds += f.Seconds
		}
	}
	return out
}

// keyVariant is the line of the multivariant playlist for it. It has no sound
// and no subtitles to name.
func keyVariant(r rendered, codecs string) string {
	list := keyPictures(r.Fragments)
	return fmt.Sprintf("#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,RESOLUTION=%dx%d,CODECS=\"%s\",URI=\"%s\"\n",
		list.peak(), list.average(), r.Width, r.Height, codecs, keysName)
}
