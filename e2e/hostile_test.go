package e2e

import (
	"bytes"
	endian "encoding/binary"
	"fmt"
	"image"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
)

// box is one box of an MP4.
func box(kind string, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	return append(append(endian.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
}

// redirected is an MP4's index whose tracks say that their media are in another
// file. It carries no media of its own.
func redirected(t *testing.T, file []byte, path string) []byte {
	t.Helper()
	var moov []byte
	for b := file; len(b) >= 8; b = b[endian.BigEndian.Uint32(b):] {
		if string(b[4:8]) == "moov" {
			moov = b[:endian.BigEndian.Uint32(b)]
			break
		}
	}
	record := func(kind uint16, body []byte) []byte {
		b := endian.BigEndian.AppendUint16(endian.BigEndian.AppendUint16(nil, kind), uint16(len(body)))
		return append(b, append(body, make([]byte, len(body)%2)...)...)
	}
	// An alias record: volume, name, levels, then the absolute path.
	alias := make([]byte, 150)
	alias[10], alias[50] = 1, 1 // lengths of the volume's name and the file's
	alias = append(alias, record(2, []byte("/"+strings.ReplaceAll(path[1:], "/", ":")))...)
	alias = append(alias, record(18, []byte(path))...)
	alias = append(alias, 0xFF, 0xFF, 0, 0)
	var refs []byte
	for _, r := range [][]byte{box("alis", []byte{0, 0, 0, 0}, alias), box("url ", []byte{0, 0, 0, 0}, []byte("file://"+path+"\x00"))} {
		refs = append(refs, r...)
	}
	moov = grown(moov, "dref", append([]byte{0, 0, 0, 0, 0, 0, 0, 2}, refs...))
	return slices.Concat(box("ftyp", []byte("isom\x00\x00\x02\x00isommp41")), moov)
}

// grown rebuilds a box with the bodies of all boxes of a kind replaced.
func grown(b []byte, kind string, body []byte) []byte {
	name := string(b[4:8])
	if name == kind {
		return box(kind, body)
	}
	if !slices.Contains([]string{"moov", "trak", "mdia", "minf", "dinf"}, name) {
		return b
	}
	var parts [][]byte
	for rest := b[8:]; len(rest) >= 8; {
		n := endian.BigEndian.Uint32(rest)
		parts = append(parts, grown(rest[:n], kind, body))
		rest = rest[n:]
	}
	return box(name, parts...)
}

// packets carries text in a transport stream's payloads.
func packets(text string) []byte {
	var out []byte
	for i := range 12 {
		p := append([]byte{0x47, 0x40, 0x00, byte(0x10 | i)}, "\x00\x00"+text...)
		p = append(p, bytes.Repeat([]byte{0xFF}, 188)...)
		out = append(out, p[:188]...)
	}
	return out
}

// cut is the first part of a file, in hundredths.
func cut(file []byte, hundredths int) []byte { return file[:len(file)*hundredths/100] }

type hostile struct {
	name, kind, category string
	file                 []byte
}

func hostiles(t *testing.T, k *canary) []hostile {
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://" + k.path + "\n#EXTINF:10,\nhttp://" + k.address + "/a.ts\n#EXT-X-ENDLIST\n"
	concat := "ffconcat version 1.0\nfile '" + k.path + "'\nfile 'http://" + k.address + "/a.mp4'\n"
	whole := film(t, "mp4", slices.Concat(picture("320x180", 3), sound(3), h264(), []string{"-c:a", "aac", "-movflags", "+faststart"})...)
	late := film(t, "mp4", slices.Concat(picture("320x180", 3), h264())...)
	voice := film(t, "mp4", slices.Concat(sound(2), []string{"-c:a", "aac"})...)
	pieces := film(t, "mp4", slices.Concat(picture("320x180", 3), h264(), []string{"-movflags", "empty_moov+frag_keyframe"})...)
	ftyp, ebml := "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "\x1A\x45\xDF\xA3\x8B\x42\x82\x84webm\x42\x85\x81\x02"
	movie := box("moov", box("rmra", box("rmda", box("rdrf", []byte("\x00\x00\x00\x00url "), []byte("\x00\x00\x00\x30http://"+k.address+"/a.mov\x00")))))
	bomb := []byte(strings.Replace(string(pngOf(image.NewGray(image.Rect(0, 0, 64, 64)))), string(pngChunk("IHDR", "\x00\x00\x00\x40\x00\x00\x00\x40\x08\x00\x00\x00\x00")), string(pngChunk("IHDR", "\x00\x00\x75\x30\x00\x00\x75\x30\x08\x00\x00\x00\x00")), 1))
	wide := bytes.Clone(animation(2, 2, 3, 10, false))
	copy(wide[6:], "\xFF\xFF\xFF\xFF")
	loop := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x03\x00\x01\x00\x00\x00\xFF\xFF\x00\x00\x08\x00\x00\x00")
	noise := func(magic string) []byte { return append([]byte(magic), randomBytes(7, 40_000)...) }
	const mp4, mov, ts, webm = "video/mp4", "video/quicktime", "video/mp2t", "video/webm"
	return []hostile{
		{"playlist", mp4, "tweet_video", []byte(list)},
		{"playlist as QuickTime", mov, "tweet_video", []byte(list)},
		{"list of files", ts, "tweet_video", []byte(concat)},
		{"playlist behind ftyp", mp4, "tweet_video", []byte(ftyp + list)},
		{"playlist in mdat", mov, "tweet_video", slices.Concat(box("mdat", []byte(list)), movie)},
		{"list of files behind EBML", webm, "tweet_video", []byte(ebml + concat)},
		{"playlist in packets", ts, "tweet_video", packets(list)},
		{"movie that refers to another", mov, "tweet_video", slices.Concat([]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), movie)},
		{"tracks in another file", mp4, "tweet_video", redirected(t, whole, k.path)},
		{"no index", mp4, "tweet_video", cut(late, 60)},
		{"cut", mp4, "tweet_video", cut(whole, 40)},
		{"sound only", mp4, "tweet_video", voice},
		{"tracks without pictures", mp4, "tweet_video", pieces[:bytes.Index(pieces, []byte("moof"))-4]},
		{"PNG of 30,000×30,000", "image/png", "tweet_image", bomb},
		{"PNG cut", "image/png", "tweet_image", cut(samplePNG(), 60)},
		{"JPEG cut", "image/jpeg", "tweet_image", cut(sampleJPEG(), 60)},
		{"GIF of 65,535×65,535", "image/gif", "tweet_gif", wide},
		{"still GIF of 65,535×65,535", "image/gif", "tweet_image", wide},
		{"GIF cut", "image/gif", "tweet_gif", cut(animation(64, 64, 3, 10, false), 50)},
		{"TIFF that goes round", "image/tiff", "tweet_image", loop},
		{"noise as MP4", mp4, "tweet_video", noise(ftyp)},
		{"noise as MP4 with an index", mp4, "tweet_video", slices.Concat([]byte(ftyp), box("moov", randomBytes(8, 5000)), box("mdat", randomBytes(9, 5000)))},
		{"noise as QuickTime", mov, "tweet_video", noise("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  ")},
		{"noise as WebM", webm, "tweet_video", noise(ebml)},
		{"noise as transport stream", ts, "tweet_video", packets(string(randomBytes(10, 180)))},
		{"noise as JPEG", "image/jpeg", "tweet_image", noise("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")},
		{"noise as PNG", "image/png", "tweet_image", noise("\x89PNG\r\n\x1A\n\x00\x00\x00\rIHDR")},
		{"noise as GIF", "image/gif", "tweet_image", noise("GIF89a\x10\x00\x10\x00\x00\x00\x00,")},
		{"noise as animated GIF", "image/gif", "tweet_gif", noise("GIF89a\x10\x00\x10\x00\x00\x00\x00!\xF9")},
		{"noise as WebP", "image/webp", "tweet_image", noise("RIFF\x00\x10\x00\x00WEBPVP8 \x00\x10\x00\x00")},
		{"noise as BMP", "image/bmp", "tweet_image", noise("BM\x00\x10\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x00\x10\x00\x00\x00\x10\x00\x00\x01\x00\x18\x00\x00\x00\x00\x00")},
		{"noise as TIFF", "image/tiff", "tweet_image", noise("II*\x00\x08\x00\x00\x00")},
		{"noise as subtitles", "text/vtt", "subtitles", noise("WEBVTT\n\n")},
	}
}

// TestHostileFiles uploads what is made to harm. Each is refused in words, at
// its first segment, at finalize or after processing, and the server is as before.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := newCanary(t)
	defer k.check(t)
	c := s.client()
	waiting := map[string]string{}
	for _, v := range hostiles(t, k) {
		id := c.initialize(v.kind, v.category, len(v.file))
		a := c.append(id, 0, v.file)
		if a.status == http.StatusOK {
			a = c.finalize(id)
		}
		if a.status == http.StatusOK {
			waiting[v.name] = id
			continue
		}
		checkWords(t, s, v.name, a.refused(http.StatusBadRequest))
	}
	for name, id := range waiting {
		info := c.await(id)
		e, _ := info["error"].(map[string]any)
		words, _ := e["message"].(string)
		if info["state"] != "failed" || e["name"] == "InternalError" {
			t.Errorf("%s: processing says %v, want failed for the file's sake", name, info)
		}
		checkWords(t, s, name, words)
	}
	if len(waiting) < 10 {
		t.Errorf("only %d files got past the first look", len(waiting))
	}
	s.checkQuiet()
	s.checkWhole()
	up := c.upload("image/png", "tweet_image", samplePNG(), 1<<20)
	public(c, c.lookup(up["media_key"].(string))["url"].(string))
	up = c.upload("video/mp4", "tweet_video", film(t, "mp4", slices.Concat(picture("320x180", 3), h264())...), 1<<20)
	c.succeeded(up["id"].(string))
}

// checkWords wants a whole sentence that tells nothing of the server's inside.
func checkWords(t *testing.T, s *server, name, words string) {
	t.Helper()
	words = strings.TrimPrefix(words, "media type unrecognized. ") // X's own words
	_, xs := strings.CutPrefix(words, "file is currently unsupported: ")
	if len(words) < 20 || !xs && !unicode.IsUpper([]rune(words)[0]) || !strings.HasSuffix(words, ".") {
		t.Errorf("%s: no sentence: %q", name, words)
	}
	if strings.Contains(words, s.data) || strings.Contains(words, "127.0.0.1") || strings.Contains(words, "/tmp") {
		t.Errorf("%s: the words tell of the inside: %s", name, words)
	}
}

// TestSwollenProfile uploads an image whose colour profile unpacks to far more
// than the image: it is shown without.
func TestSwollenProfile(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	file := pngOf(quarters(300, 200), pngChunk("iCCP", "canary\x00\x00"+deflated(make([]byte, 64<<20))))
	up := c.upload("image/png", "tweet_image", file, 1<<20)
	if got := c.opened(c.lookup(up["media_key"].(string))["url"].(string), "image/jpeg"); len(got.body) > 50_000 {
		t.Errorf("its rendition has %d bytes", len(got.body))
	}
}

// checkQuiet checks that nothing is left of processing: no child, but for ten
// seconds those that wait for the next video, and no scratch file.
func (s *server) checkQuiet() {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		children := childrenOf(s.cmd.Process.Pid)
		left, err := os.ReadDir(filepath.Join(s.data, "scratch"))
		if err == nil && len(children) == 0 && len(left) == 0 {
			return
		}
		if time.Now().After(end) {
			s.t.Errorf("left behind: children %v, scratch %v, %v", children, left, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []string {
	var out []string
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		// The name in brackets may hold anything; the parent is the second field behind it.
		fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			out = append(out, fmt.Sprintf("%.60s", b))
		}
	}
	return out
}
