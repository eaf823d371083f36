package upload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"magpie/internal/media"
)

// filmed makes a file with ffmpeg.
func filmed(t testing.TB, name string, args ...string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	args = append([]string{"-nostdin", "-v", "error", "-y"}, args...)
	if out, err := exec.Command("ffmpeg", append(args, path)...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v\n%s", args, err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// passed gives what a header shows of a file that comes in pieces of n bytes.
func passed(file []byte, n int) *header {
	h := &header{}
	for len(file) > 0 {
		n := min(n, len(file))
		h.see(file[:n])
		file = file[n:]
	}
	return h
}

const (
	pictures = "-f lavfi -i testsrc2=s=128x72:r=10:d=3 "
	sounds   = "-f lavfi -i sine=d=3 "
	plain    = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p "
	front    = "-movflags +faststart "
)

// films are real files with what is known of each: its words under narrow
// limits, or "" where nothing is said early.
func films(t testing.TB) map[string]struct {
	typ         media.Type
	file        []byte
	sides, long string
} {
	const (
		wide   = "128×72 pixels"
		tall   = "72×128 pixels"
		lasts  = "it lasts 3 s"
		silent = "no video stream"
	)
	type film = struct {
		typ         media.Type
		file        []byte
		sides, long string
	}
	h264 := filmed(t, "a.mp4", strings.Fields(pictures+sounds+plain+front)...)
	upright := filepath.Join(t.TempDir(), "upright.mp4")
	if err := os.WriteFile(upright, h264, 0o600); err != nil {
		t.Fatal(err)
	}
	hevc := filmed(t, "h.mp4", strings.Fields(pictures+"-c:v libx265 -preset ultrafast -x265-params log-level=none -pix_fmt yuv420p -tag:v hvc1 "+front)...)
	return map[string]film{
		"H.264":              {media.MP4, h264, wide, lasts},
		"H.264, index last":  {media.MP4, filmed(t, "b.mp4", strings.Fields(pictures+plain)...), wide, lasts},
		"H.264, QuickTime":   {media.QuickTime, filmed(t, "c.mov", strings.Fields(pictures+sounds+plain+front)...), wide, lasts},
		"H.264, no B frames": {media.MP4, filmed(t, "d.mp4", strings.Fields(pictures+plain+"-bf 0 "+front)...), wide, lasts},
		"H.264, odd height":  {media.MP4, filmed(t, "e.mp4", strings.Fields("-f lavfi -i testsrc2=s=130x70:r=10:d=3 "+plain+front)...), "130×70 pixels", lasts},
		"H.264, turned":      {media.MP4, filmed(t, "f.mp4", "-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90", "-movflags", "+faststart"), tall, lasts},
		"H.264, anamorphic":  {media.MP4, filmed(t, "g.mp4", strings.Fields(pictures+"-vf setsar=4/3 "+plain+front)...), "", lasts},
		"H.264, fragmented":  {media.MP4, filmed(t, "i.mp4", strings.Fields(pictures+plain+"-movflags +frag_keyframe+empty_moov")...), wide, ""},
		"HEVC":               {media.MP4, hevc, wide, lasts},
		"MPEG-4":             {media.MP4, filmed(t, "j.mp4", strings.Fields(pictures+"-c:v mpeg4 "+front)...), "", lasts},
		"sound alone":        {media.MP4, filmed(t, "k.mp4", strings.Fields(sounds+"-c:a aac "+front)...), silent, silent},
		"sound, QuickTime":   {media.QuickTime, filmed(t, "l.mov", strings.Fields(sounds+"-c:a pcm_s16le "+front)...), silent, silent},
		"VP8":                {media.WebM, filmed(t, "m.webm", strings.Fields(pictures+"-c:v libvpx -deadline realtime")...), wide, lasts},
		"VP9 with sound":     {media.WebM, filmed(t, "n.webm", strings.Fields(pictures+sounds+"-c:v libvpx-vp9 -deadline realtime -c:a libopus")...), wide, "it lasts 3"},
		"WebM as recorded":   {media.WebM, filmed(t, "o.webm", strings.Fields(pictures+"-c:v libvpx -deadline realtime -live 1")...), wide, ""},
		"sound in WebM":      {media.WebM, filmed(t, "p.webm", strings.Fields(sounds+"-c:a libopus")...), silent, silent},
	}
}

func TestHeadersOfFilms(t *testing.T) {
	for name, f := range films(t) {
		for _, n := range []int{1, 7, 1000, 256 << 10} {
			h := passed(f.file, n)
			for what, c := range map[string]struct {
				limit media.Limit
				want  string
			}{
				"sides":    {media.Limit{MaxWidth: 60, MaxHeight: 60}, f.sides},
				"smallest": {media.Limit{MinSide: 500}, f.sides},
				"pixels":   {media.Limit{MaxPixels: 1000}, strings.Replace(strings.Replace(f.sides, " pixels", " has more than 1000 pixels", 1), "72×128", "128×72", 1)},
				"long":     {media.Limit{MaxDuration: 2500 * time.Millisecond}, f.long},
				"short":    {media.Limit{MinDuration: 10 * time.Second}, strings.TrimSuffix(f.long, " s")},
				"enough":   {media.Limit{MaxWidth: 130, MaxHeight: 130, MinSide: 20, MaxDuration: 4 * time.Second, MinDuration: 2 * time.Second}, strings.TrimLeft(strings.Repeat("no video stream", strings.Count(f.sides, "no video")), " ")},
			} {
				err := h.check(c.limit, f.typ)
				if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
					t.Errorf("%s in pieces of %d, %s: %v, want %q", name, n, what, err, c.want)
				}
			}
			if len(h.buf) != maxPiece || h.at > int64(len(f.file)) {
				t.Errorf("%s: at %d of %d", name, h.at, len(f.file))
			}
		}
	}
}

// tiffHead is a TIFF's beginning: its directory behind gap bytes, with entries of
// tag, type and value in turn.
func tiffHead(order binary.ByteOrder, gap int, entries ...uint32) []byte {
	b := []byte("II*\x00\x00\x00\x00\x00")
	if order == binary.ByteOrder(binary.BigEndian) {
		copy(b, "MM\x00*")
	}
	order.PutUint32(b[4:], uint32(8+gap))
	b = append(b, make([]byte, gap)...)
	number := func(n, v uint32) {
		var w [4]byte
		if n == 2 {
			order.PutUint16(w[:], uint16(v))
		} else {
			order.PutUint32(w[:], v)
		}
		b = append(b, w[:n]...)
	}
	number(2, uint32(len(entries)/3))
	for ; len(entries) > 0; entries = entries[3:] {
		number(2, entries[0])
		number(2, entries[1])
		number(4, 1)
		if entries[1] == 3 {
			number(2, entries[2])
			number(2, 0)
		} else {
			number(4, entries[2])
		}
	}
	return append(b, make([]byte, 100)...)
}

func TestHeadersOfTIFF(t *testing.T) {
	const short, long = 3, 4
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for what, c := range map[string]struct {
			file []byte
			w, h int
		}{
			"in front":         {tiffHead(order, 0, 254, long, 0, 256, short, 300, 257, short, 200, 258, short, 8), 300, 200},
			"far behind":       {tiffHead(order, 70_000, 256, long, 70_000, 257, long, 5), 70_000, 5},
			"one side":         {tiffHead(order, 0, 256, long, 300), 0, 0},
			"not in order":     {tiffHead(order, 0, 257, long, 300, 256, long, 300), 0, 0},
			"twice":            {tiffHead(order, 0, 256, long, 300, 256, long, 300, 257, long, 300), 0, 0},
			"of another type":  {tiffHead(order, 0, 256, 5, 300, 257, 5, 300), 0, 0},
			"nothing":          {tiffHead(order, 0), 0, 0},
			"no directory yet": {tiffHead(order, 100, 256, long, 300, 257, long, 5)[:108], 0, 0},
		} {
			for _, n := range []int{1, 1 << 20} {
				w, h, ok := passed(c.file, n).tiff.size()
				if ok != (c.w > 0) || ok && (w != c.w || h != c.h) {
					t.Errorf("%v, %s: %d×%d %t", order, what, w, h, ok)
				}
			}
		}
	}
}

// However a file's beginning is cut into writes, the same is seen of it, and what
// is refused is refused in words.
func FuzzHeader(f *testing.F) {
	for _, content := range starting(f) {
		f.Add([]byte(content), uint16(3))
	}
	for _, film := range films(f) {
		f.Add(film.file[:min(len(film.file), 6000)], uint16(11))
		f.Add(film.file[len(film.file)-min(len(film.file), 3000):], uint16(5))
	}
	f.Add(tiffHead(binary.BigEndian, 5, 256, 4, 300, 257, 4, 5), uint16(2))
	limits := []media.Limit{{MaxPixels: 1000, MaxDuration: time.Second}, {MinSide: 5000, MinDuration: time.Hour}}
	f.Fuzz(func(t *testing.T, file []byte, cut uint16) {
		whole, cuts := passed(bytes.Clone(file), max(1, len(file))), passed(file, int(cut)+1)
		for _, typ := range media.Types() {
			for _, l := range limits {
				a, b := checkShown(l, typ.DefaultCategory(), typ, nil, whole), checkShown(l, typ.DefaultCategory(), typ, nil, cuts)
				if fmt.Sprint(a) != fmt.Sprint(b) {
					t.Fatalf("%s: in one %v, in pieces %v", typ, a, b)
				}
				if a != nil && media.CodeOf(a) != media.CodeInvalid {
					t.Fatalf("%s: %v", typ, a)
				}
			}
		}
	})
}
