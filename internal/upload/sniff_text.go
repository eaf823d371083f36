package upload

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"magpie/internal/media"
)

var cueTiming = regexp.MustCompile(`^[ \t]*(\d{1,4}:)?\d{1,2}:\d{1,2}([,.]\d{1,9})?[ \t]*-->[ \t]*(\d{1,4}:)?\d{1,2}:\d{1,2}([,.]\d{1,9})?([ \t]|$)`)

// sniffText tells the two subtitle formats. WebVTT says what it is; SRT is
// text with a cue's timing as its first or second line, or shortly after that
// where somebody put a line of their own above.
func sniffText(head []byte) media.Type {
	const bom = "\xEF\xBB\xBF"
	text := strings.TrimPrefix(string(head), bom)
	if rest, ok := strings.CutPrefix(text, "WEBVTT"); ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\r\n")) {
		return media.VTT
	}
	// Bytes above 0x7F are letters in Latin and UTF-8 alike.
	if strings.IndexFunc(text, isBinary) >= 0 || isMarkup(text) {
		return ""
	}
	const longest = 256
	seen := 0
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		if cueTiming.MatchString(line[:min(len(line), longest)]) {
			return media.SRT
		}
		if seen++; seen == cueLines {
			break
		}
	}
	return ""
}

// cueLines is among how many lines sniffText looks for a timing.
const cueLines = 8

// mayGoOn reports whether text is too short for sniffText to have looked at as
// many lines as it does.
func mayGoOn(head []byte) bool {
	text := strings.TrimPrefix(string(head), "\xEF\xBB\xBF")
	if strings.IndexFunc(text, isBinary) >= 0 || isMarkup(text) {
		return false
	}
	seen := 0
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimSpace(line) != "" {
			seen++
		}
	}
	return seen <= cueLines // the last may be cut
}

// isBinary reports whether a character does not occur in text.
func isBinary(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\f' && r != '\r' && r != 0x1B
}

// isMarkup reports whether text begins like a page, a drawing, data or a
// playlist, in which a timing means nothing. Playlists can name other files.
func isMarkup(text string) bool {
	start := strings.TrimLeft(text, " \t\r\n\f")
	for _, sign := range []string{"<", "{", "#EXT", "ffconcat"} {
		if strings.HasPrefix(start, sign) {
			return true
		}
	}
	return false
}

// describe says in a few words what a file seems to be by its first bytes, for
// error messages: such as "an HTML page", "text" or "unknown bytes".
func describe(head []byte) string {
	if len(head) == 0 {
		return "an empty file"
	}
	if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
		return "UTF-16 text"
	}
	if bytes.HasPrefix(head, []byte("ffconcat")) {
		return "a list of files for ffmpeg"
	}
	if t := sniff(head, int64(len(head))); t != "" {
		return words[string(t)]
	}
	guess := mimetype.Detect(head)
	for m := guess; m != nil; m = m.Parent() {
		name, _, _ := strings.Cut(m.String(), ";")
		if w, ok := words[name]; ok {
			if _, err := media.ParseType(name); err == nil { // sniff looked at more than the signature
				return "a damaged file that begins like " + w
			}
			return w
		}
		if m.Is("application/octet-stream") {
			break
		}
		if kind, _, _ := strings.Cut(name, "/"); kind == "audio" {
			return "a sound file"
		} else if kind == "image" || kind == "video" || kind == "application" || kind == "model" || kind == "font" {
			return "a file of type " + name
		}
	}
	return nothingKnown
}

// What describe says of what it doesn't know.
const nothingKnown, plainText = "unknown bytes", "text"

// words for what is worth more than its type's name: mimetype's names, and the
// fifteen types.
var words = map[string]string{
	string(media.MP4): "an MP4 video", string(media.WebM): "a WebM video",
	string(media.MPEGTS): "an MPEG transport stream", string(media.QuickTime): "a QuickTime video",
	string(media.SRT): "SRT subtitles", string(media.VTT): "WebVTT subtitles",
	string(media.JPEG): "a JPEG image", string(media.GIF): "a GIF image",
	string(media.BMP): "a BMP image", string(media.PNG): "a PNG image",
	string(media.WebP): "a WebP image", string(media.TIFF): "a TIFF image",
	string(media.GLB): "a binary glTF model", string(media.USDZ): "a USDZ model",

	"image/heic": "a HEIC image", "image/heic-sequence": "a HEIC image",
	"image/heif": "a HEIF image", "image/heif-sequence": "a HEIF image",
	"image/avif": "an AVIF image", "image/jxl": "a JPEG XL image",
	"image/svg+xml": "an SVG drawing", "image/x-icon": "an icon",
	"video/matroska": "a Matroska video that is not WebM", "video/x-msvideo": "an AVI video",
	"video/x-flv": "a Flash video", "video/mpeg": "an MPEG program stream",
	"application/vnd.apple.mpegurl": "an HLS playlist",
	"application/pdf":               "a PDF document",
	"application/zip":               "a ZIP archive",
	"application/gzip":              "a gzip archive",
	"application/json":              "JSON",
	"application/x-elf":             "a program", "application/vnd.microsoft.portable-executable": "a program",
	"text/html": "an HTML page", "text/xml": "an XML document", "text/plain": plainText,
}
