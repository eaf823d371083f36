package delivery

import (
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
	"magpie/internal/policy"
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
// slug: whoever may see the one may see the other, unless the file has rules of
// its own.
func (h *Renditions) caption(w http.ResponseWriter, r *http.Request, l media.Language, ext string) {
	m, s, text, err := h.catalog.SubtitleBySlug(r.Context(), r.PathValue("slug"), l)
	if err == nil && m.Published == 0 { // the video isn't there yet
		err = media.Errorf(media.CodeNotFound, "There is no media at this address.")
	}
	download := ext == ".vtt" && r.URL.Query().Get("download") == "1"
	use := useOf(text, download)
	var file policy.Verdict
	if err == nil {
		file, err = h.captionFile(r, m, s, use)
	}
	ticket, ok := h.shown(w, r, m, use, file, err)
	if !ok {
		return
	}
	if ext == ".m3u8" {
		list := captionPlaylist(l, m.Duration)
		if ticket != "" {
			if list, err = ticketed(list, ticket); err != nil {
				h.broken(w, r, m, text, err)
				return
			}
		}
		h.sendText(w, r, playlistType, list)
		return
	}
	if download {
		attach(w.Header(), m, captionName(l, ext))
	}
	w.Header().Set("Content-Type", text.ContentType)
	m.TouchedAt = s.AttachedAt // when this file became what is here
	if err := serve(w, r, h.blobs, media.Manifest{text.Blob}, m, blobTag(text.Blob), h.log); err != nil {
		h.fail(w, r, err)
	}
}

// captionFile holds what is set on a subtitle file itself against the viewer: it
// may be another user's, who shared it. What opens a video opens the files of its
// owner that are attached to it.
func (h *Renditions) captionFile(r *http.Request, video media.Media, s media.Subtitle, u policy.Use) (policy.Verdict, error) {
	said, err := h.notes.of(r.Context(), s.File)
	if err != nil || !policy.Restricted(said) && said.ContentExpiration == nil {
		return policy.Verdict{}, err
	}
	now := h.now()
	v, _, err := h.access.Read(r, now)
	if err != nil {
		return policy.Verdict{}, err
	}
	file, err := h.catalog.Media(r.Context(), s.File)
	if err != nil {
		return policy.Verdict{}, err
	}
	if v.Ticket != nil && v.Ticket.Media == video.ID && file.Owner == video.Owner {
		t := *v.Ticket
		t.Media = file.ID
		v.Ticket = &t
	}
	verdict := policy.Decide(file, said, v, u, now)
	return verdict, h.access.Tell(verdict)
}

// master sends a video's multivariant playlist with the subtitles that are
// attached now. It says no Last-Modified: what is attached may go back to what
// it was, and only the ETag tells.
func (h *Renditions) master(w http.ResponseWriter, r *http.Request, m media.Media, stored media.Rendition, ticket string) {
	attached, err := h.catalog.Subtitles(r.Context(), []media.ID{m.ID})
	if err != nil {
		h.broken(w, r, m, stored, err)
		return
	}
	if len(attached[m.ID]) == 0 && ticket == "" {
		w.Header().Set("Content-Type", stored.ContentType)
		m.TouchedAt = time.Time{}
		if err := serve(w, r, h.blobs, media.Manifest{stored.Blob}, m, blobTag(stored.Blob), h.log); err != nil {
			h.fail(w, r, err)
		}
		return
	}
	text, err := h.read(r, stored)
	if len(attached[m.ID]) > 0 {
		text = captionedMaster(text, attached[m.ID])
	}
	if err == nil && ticket != "" {
		text, err = ticketed(text, ticket)
	}
	if err != nil {
		h.broken(w, r, m, stored, err)
		return
	}
	h.sendText(w, r, playlistType, text)
}

// rewritten sends a stored playlist, or the track of the thumbnails, with a
// ticket on every URI.
func (h *Renditions) rewritten(w http.ResponseWriter, r *http.Request, m media.Media, stored media.Rendition, ticket string) {
	add := ticketed
	if stored.Role == media.RoleThumbnails {
		add = ticketedTrack
	}
	text, err := h.read(r, stored)
	if err == nil {
		text, err = add(text, ticket)
	}
	if err != nil {
		h.broken(w, r, m, stored, err)
		return
	}
	h.sendText(w, r, stored.ContentType, text)
}

// maxText is how large a playlist may be that is read into memory: a day of
// segments takes 3 MB.
const maxText = 16 << 20

// read gives a stored text.
func (h *Renditions) read(r *http.Request, stored media.Rendition) (string, error) {
	if stored.Blob.Size > maxText {
		return "", fmt.Errorf("it has %d bytes, more than %d", stored.Blob.Size, maxText)
	}
	file := h.blobs.Open(r.Context(), media.Manifest{stored.Blob}, 0, stored.Blob.Size)
	text, err := io.ReadAll(file)
	_ = file.Close()
	return string(text), err
}

// broken answers for a file that could not be made.
func (h *Renditions) broken(w http.ResponseWriter, r *http.Request, m media.Media, stored media.Rendition, err error) {
	w.Header().Del("Cache-Control")
	h.fail(w, r, fmt.Errorf("send %s of %s: %w", stored.Name, m.ID, err))
}

// sendText sends a text that was made for this request.
func (h *Renditions) sendText(w http.ResponseWriter, r *http.Request, kind, text string) {
	sum := sha256.Sum256([]byte(text))
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", fmt.Sprintf("\"%x\"", sum[:16]))
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
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
