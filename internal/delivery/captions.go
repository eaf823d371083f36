package delivery

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"net/http"
	"path"
	"strings"
	"time"
	"unicode"

	"magpie/internal/media"
)

// captionGroup is the HLS group that all subtitles of a video are in.
const captionGroup = "subtitles"

const playlistType = "application/x-mpegURL"

// captionName is the last element of the URL of a video's subtitles: their
// playlist (.m3u8) or their text (.vtt).
func captionName(l media.Language, ext string) string { return "subtitles-" + string(l) + ext }

// parseCaptionName reads a captionName, the language in any letter case.
func parseCaptionName(name string) (l media.Language, ext string, ok bool) {
	ext = path.Ext(name)
	tag, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), "subtitles-")
	if !ok || ext != ".m3u8" && ext != ".vtt" {
		return "", "", false
	}
	l, err := media.ParseLanguage(tag)
	return l, ext, err == nil
}

// caption sends the subtitles of a video in one language, under the video's own
// slug: whoever may see the one may see the other.
func (h *Renditions) caption(w http.ResponseWriter, r *http.Request, l media.Language, ext string) {
	m, s, text, err := h.catalog.SubtitleBySlug(r.Context(), r.PathValue("slug"), l)
	if err == nil && m.Published == 0 { // the video isn't there yet
		err = media.Errorf(media.CodeNotFound, "There is no media at this address.")
	}
	if !h.shown(w, r, m, err) {
		return
	}
	if ext == ".m3u8" {
		h.sendPlaylist(w, r, captionPlaylist(l, m.Duration))
		return
	}
	w.Header().Set("Content-Type", text.ContentType)
	extend(w, text.Blob.Size)
	m.TouchedAt = s.AttachedAt // when this file became what is here
	serve(w, r, h.blobs, media.Manifest{text.Blob}, m, blobTag(text.Blob), h.log)
}

// master sends a video's multivariant playlist with the subtitles that are
// attached now. It says no Last-Modified: what is attached may go back to what
// it was, and only the ETag tells.
func (h *Renditions) master(w http.ResponseWriter, r *http.Request, m media.Media, stored media.Rendition) {
	attached, err := h.catalog.Subtitles(r.Context(), []media.ID{m.ID})
	if err != nil {
		h.broken(w, r, m, stored, err)
		return
	}
	if len(attached[m.ID]) == 0 {
		w.Header().Set("Content-Type", stored.ContentType)
		extend(w, stored.Blob.Size)
		m.TouchedAt = time.Time{}
		serve(w, r, h.blobs, media.Manifest{stored.Blob}, m, blobTag(stored.Blob), h.log)
		return
	}
	file := h.blobs.Open(r.Context(), media.Manifest{stored.Blob}, 0, stored.Blob.Size)
	text, err := io.ReadAll(file)
	_ = file.Close()
	if err != nil {
		h.broken(w, r, m, stored, err)
		return
	}
	h.sendPlaylist(w, r, captionedMaster(string(text), attached[m.ID]))
}

// broken answers for a file that could not be made.
func (h *Renditions) broken(w http.ResponseWriter, r *http.Request, m media.Media, stored media.Rendition, err error) {
	w.Header().Del("Cache-Control")
	h.fail(w, r, fmt.Errorf("send %s of %s: %w", stored.Name, m.ID, err))
}

// sendPlaylist sends a playlist that was made for this request.
func (h *Renditions) sendPlaylist(w http.ResponseWriter, r *http.Request, text string) {
	sum := sha256.Sum256([]byte(text))
	w.Header().Set("Content-Type", playlistType)
	w.Header().Set("ETag", fmt.Sprintf("\"%x\"", sum[:16]))
	extend(w, int64(len(text)))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader([]byte(text)))
}

// captionedMaster adds a group of subtitles to a multivariant playlist (RFC 8216
// §4.3.4.1), and names it in every variant.
func captionedMaster(text string, attached []media.Subtitle) string {
	var b strings.Builder
	begun := false
	for line := range strings.Lines(text) {
		end := line[len(strings.TrimRight(line, "\r\n")):]
		line = strings.TrimSuffix(line, end)
		if strings.HasPrefix(line, "#EXT-X-STREAM-INF:") {
			if !begun {
				writeCaptionGroup(&b, attached)
				begun = true
			}
			line += `,SUBTITLES="` + captionGroup + `"`
		}
		b.WriteString(line + end)
	}
	return b.String()
}

func writeCaptionGroup(b *strings.Builder, attached []media.Subtitle) {
	taken := map[string]bool{}
	for _, s := range attached {
		fmt.Fprintf(b, "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"%s\",NAME=\"%s\",LANGUAGE=\"%s\",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI=\"%s\"\n",
			captionGroup, uniqueName(s, taken), s.Language, captionName(s.Language, ".m3u8"))
	}
}

// uniqueName is the NAME of subtitles: a quoted string holds neither quotes nor
// line ends, and no two of a group are the same.
func uniqueName(s media.Subtitle, taken map[string]bool) string {
	base := strings.Map(func(r rune) rune {
		switch {
		case r == '"':
			return '\''
		case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, s.DisplayName)
	name := base
	for n := 1; taken[name]; n++ {
		name = base + " (" + string(s.Language) + ")"
		if n > 1 { // another has that as its own name
			name = fmt.Sprintf("%s (%s %d)", base, s.Language, n)
		}
	}
	taken[name] = true
	return name
}

// captionPlaylist is the media playlist of subtitles: one segment as long as
// the video. With that type its target duration may differ from the video's
// (RFC 8216 §6.2.4).
func captionPlaylist(l media.Language, video time.Duration) string {
	seconds := max(video.Seconds(), 0.001)
	return fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXTINF:%.3f,\n%s\n#EXT-X-ENDLIST\n",
		int64(math.Ceil(seconds)), seconds, captionName(l, ".vtt"))
}
