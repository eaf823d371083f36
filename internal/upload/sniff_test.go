package upload

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

// made has ffmpeg write one file of each container and codec, and gives their
// contents by name.
func made(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	args := []string{
		"-hide_banner", "-loglevel", "error",
		"-f", "lavfi", "-i", "testsrc=d=0.4:s=64x64:r=10", "-f", "lavfi", "-i", "sine=d=0.4",
	}
	outputs := []string{
		"-map 0 -map 1 -c:v libx264 -c:a aac -f mp4 plain.mp4",
		"-map 0 -map 1 -c:v libx264 -c:a aac -movflags +faststart -f mp4 fast.mp4",
		"-map 0 -c:v libx264 -movflags frag_keyframe+empty_moov -f mp4 fragmented.mp4",
		"-map 0 -c:v libx264 -f mov quicktime.mov",
		"-map 0 -c:v libx264 -f ipod ipod.m4v",
		"-map 1 -c:a aac -f ipod sound.m4a",
		"-map 0 -c:v mpeg4 -f 3gp phone.3gp",
		"-map 0 -c:v libvpx -f webm web.webm",
		"-map 0 -c:v libvpx -f matroska video.mkv",
		"-map 0 -map 1 -c:v libx264 -c:a aac -f mpegts stream.ts",
		"-map 0 -map 1 -c:v libx264 -c:a aac -mpegts_m2ts_mode 1 -f mpegts stream.m2ts",
		"-map 0 -c:v mpeg1video -r 25 -f mpeg program.mpg",
		"-map 0 -c:v mpeg4 -f avi video.avi",
		"-map 0 -c:v flv1 -f flv video.flv",
		"-map 0 -f gif moving.gif",
		"-map 0 -f apng moving.png",
		"-map 0 -frames:v 1 -c:v png -f image2 -update 1 still.png",
		"-map 0 -frames:v 1 -c:v mjpeg -f image2 -update 1 still.jpg",
		"-map 0 -frames:v 1 -c:v bmp -f image2 -update 1 still.bmp",
		"-map 0 -frames:v 1 -c:v tiff -f image2 -update 1 still.tiff",
		"-map 0 -frames:v 1 -c:v libwebp -f webp still.webp",
		"-map 0 -c:v libwebp_anim -f webp moving.webp",
		"-map 0 -frames:v 1 -c:v libaom-av1 -cpu-used 8 -f avif still.avif",
		"-map 1 -c:a pcm_s16le -f wav sound.wav",
	}
	for _, o := range outputs {
		args = append(args, strings.Fields(o)...)
	}
	cmd := exec.Command("ffmpeg", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg: %v\n%s", err, out)
	}
	files := make(map[string][]byte)
	for _, o := range outputs {
		f := strings.Fields(o)
		name := f[len(f)-1]
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	return files
}

func TestSniffFFmpeg(t *testing.T) {
	files := made(t)
	tests := map[string]struct {
		is   media.Type
		like string
	}{
		"plain.mp4":      {media.MP4, "an MP4 video"},
		"fast.mp4":       {media.MP4, "an MP4 video"},
		"fragmented.mp4": {media.MP4, "an MP4 video"},
		"quicktime.mov":  {media.QuickTime, "a QuickTime video"},
		"ipod.m4v":       {media.MP4, "an MP4 video"},
		"sound.m4a":      {"", "a sound file"},
		"phone.3gp":      {media.MP4, "an MP4 video"},
		"web.webm":       {media.WebM, "a WebM video"},
		"video.mkv":      {"", "a Matroska video that is not WebM"},
		"stream.ts":      {media.MPEGTS, "an MPEG transport stream"},
		"stream.m2ts":    {media.MPEGTS, "an MPEG transport stream"},
		"program.mpg":    {"", "an MPEG program stream"},
		"video.avi":      {"", "an AVI video"},
		"video.flv":      {"", "a Flash video"},
		"moving.gif":     {media.GIF, "a GIF image"},
		"moving.png":     {media.PNG, "a PNG image"},
		"still.png":      {media.PNG, "a PNG image"},
		"still.jpg":      {media.JPEG, "a JPEG image"},
		"still.bmp":      {media.BMP, "a BMP image"},
		"still.tiff":     {media.TIFF, "a TIFF image"},
		"still.webp":     {media.WebP, "a WebP image"},
		"moving.webp":    {media.WebP, "a WebP image"},
		"still.avif":     {"", "an AVIF image"},
		"sound.wav":      {"", "a sound file"},
	}
	if len(tests) != len(files) {
		t.Errorf("%d files for %d tests", len(files), len(tests))
	}
	for name, test := range tests {
		b := files[name]
		head := b[:min(len(b), sniffLen)]
		if got := sniff(head, int64(len(b))); got != test.is {
			t.Errorf("%s is %q, want %q", name, got, test.is)
		}
		if got := describe(head); got != test.like {
			t.Errorf("%s seems to be %q, want %q", name, got, test.like)
		}
	}
	// A stream that was cut out of a longer one begins within a packet.
	for name, stride := range map[string]int{"stream.ts": 188, "stream.m2ts": 192} {
		for _, cut := range []int{1, 100, stride - 1} {
			b := files[name][cut:]
			if got := sniff(b[:min(len(b), sniffLen)], int64(len(b))); got != media.MPEGTS {
				t.Errorf("%s without its first %d bytes is %q", name, cut, got)
			}
		}
	}
	// With 16 bytes of error correction behind each packet.
	var corrected []byte
	for p := files["stream.ts"]; len(p) >= 188; p = p[188:] {
		corrected = append(append(corrected, p[:188]...), make([]byte, 16)...)
	}
	if got := sniff(corrected, int64(len(corrected))); got != media.MPEGTS {
		t.Errorf("packets of 204 bytes are %q", got)
	}
}

// box is an ISO media box.
func box(kind, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + kind + body
}

func zipOf(t *testing.T, method uint16, name, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func bmp(header uint32, width, height int32, planes, depth uint16) string {
	b := append([]byte("BM"), make([]byte, 60)...)
	binary.LittleEndian.PutUint32(b[10:], 14+header)
	binary.LittleEndian.PutUint32(b[14:], header)
	if header == 12 {
		binary.LittleEndian.PutUint16(b[18:], uint16(width))
		binary.LittleEndian.PutUint16(b[20:], uint16(height))
		binary.LittleEndian.PutUint16(b[22:], planes)
		binary.LittleEndian.PutUint16(b[24:], depth)
		return string(b)
	}
	binary.LittleEndian.PutUint32(b[18:], uint32(width))
	binary.LittleEndian.PutUint32(b[22:], uint32(height))
	binary.LittleEndian.PutUint16(b[26:], planes)
	binary.LittleEndian.PutUint16(b[28:], depth)
	return string(b)
}

func TestSniff(t *testing.T) {
	const timing = "00:00:01,000 --> 00:00:02,500\nHello\n"
	glb := "glTF\x02\x00\x00\x00\x40\x00\x00\x00\x20\x00\x00\x00JSON{}"
	ftyp := func(brand string) string { return box("ftyp", brand+"\x00\x00\x02\x00isommp42") }
	tests := []struct {
		name, head string
		want       media.Type
	}{
		{"nothing", "", ""},
		{"one byte", "G", ""},

		{"iPhone", ftyp("qt  "), media.QuickTime},
		{"Sony Mobile QuickTime", ftyp("mqt "), media.QuickTime},
		{"isom", ftyp("isom"), media.MP4},
		{"an unknown brand", ftyp("zzzz"), media.MP4},
		{"a brand behind space", box("free", "....") + ftyp("mp42"), media.MP4},
		{"HEIC", ftyp("heic"), ""},
		{"HEIF", ftyp("mif1"), ""},
		{"AVIF sequence", ftyp("avis"), ""},
		{"Canon raw", ftyp("crx "), ""},
		{"a brand of no letters", ftyp("\x00\x01\x02\x03"), ""},
		{"ftyp of 8 bytes", box("ftyp", ""), ""},
		{"ftyp as text", "aaaaftypisom, as one says", ""},
		{"JPEG 2000", box("jP  ", "\r\n\x87\n") + ftyp("jp2 "), ""},
		{"old QuickTime", box("moov", box("mvhd", "")), media.QuickTime},
		{"wide and data", box("wide", "") + box("mdat", "data"), media.QuickTime},
		{"space and movie", box("free", "1234") + box("skip", "") + box("moov", ""), media.QuickTime},
		{"data to the end", "\x00\x00\x00\x00mdat and more", media.QuickTime},
		{"data of 64-bit length", "\x00\x00\x00\x01mdat\x00\x00\x00\x04\x00\x00\x00\x00data", media.QuickTime},
		{"only space", box("free", "1234"), ""},
		{"space that the file has not", "\x00\x01\x00\x00free", ""},
		{"mdat as text", "someMdat, aaaamdat", ""},
		{"mdat as text at its place", "aaaamdat is a box", ""},
		{"an endless loop of nothing", "\x00\x00\x00\x00free\x00\x00\x00\x00free", ""},

		{"WebM", "\x1A\x45\xDF\xA3\x9F\x42\x86\x81\x01\x42\x82\x84webm\x42\x87\x81\x02", media.WebM},
		{"WebM of odd lengths", "\x1A\x45\xDF\xA3\x01\x00\x00\x00\x00\x00\x00\x0B\x42\x82\x40\x06webm\x00\x00", media.WebM},
		{"Matroska", "\x1A\x45\xDF\xA3\x93\x42\x82\x88matroska\x42\x87\x81\x02", ""},
		{"webm named behind the header", "\x1A\x45\xDF\xA3\x84\x42\x86\x81\x01\x42\x82\x84webm", ""},
		{"EBML cut", "\x1A\x45\xDF\xA3\x9F\x42\x82\x84we", ""},
		{"EBML header alone", "\x1A\x45\xDF\xA3", ""},

		{"GLB", glb, media.GLB},
		{"glTF 1", strings.Replace(glb, "\x02", "\x01", 1), ""},
		{"glTF as text", "glTF is a format of JSON and binary", ""},
		{"glTF in JSON", `{"asset":{"version":"2.0"}}`, ""},
		{"USDZ", zipOf(t, zip.Store, "scene.usdc", "PXR-USDC\x00\x07\x00"), media.USDZ},
		{"USDZ of text", zipOf(t, zip.Store, "dir/Scene.USDA", "#usda 1.0\n"), media.USDZ},
		{"USDZ of either", zipOf(t, zip.Store, "scene.usd", "#usda 1.0\n"), media.USDZ},
		{"USD compressed", zipOf(t, zip.Deflate, "scene.usda", "#usda 1.0\n"), ""},
		{"USD by name alone", zipOf(t, zip.Store, "scene.usdc", "MZ, a program"), ""},
		{"USD by bytes alone", zipOf(t, zip.Store, "scene.exe", "#usda 1.0\n"), ""},
		{"other ZIP", zipOf(t, zip.Store, "a.txt", "text"), ""},
		{"ZIP cut", "PK\x03\x04\x14\x00\x00\x00", ""},

		{"BMP", bmp(40, 640, 480, 1, 24), media.BMP},
		{"BMP top down", bmp(124, 640, -480, 1, 32), media.BMP},
		{"BMP of OS/2", bmp(12, 640, 480, 1, 8), media.BMP},
		{"BMP without width", bmp(40, 0, 480, 1, 24), ""},
		{"BMP without height", bmp(40, 640, 0, 1, 24), ""},
		{"BMP of two planes", bmp(40, 640, 480, 2, 24), ""},
		{"BMP of 7 bits", bmp(40, 640, 480, 1, 7), ""},
		{"BMP of an unknown header", bmp(41, 640, 480, 1, 24), ""},
		{"BM as text", "BM is short for a bitmap, and a car maker's first letters", ""},

		{"GIF", "GIF87a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xFF\xFF\xFF,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;", media.GIF},
		{"GIF of black and nothing else", "GIF89a\x01\x00\x01\x00\x00\x00\x00!\xF9\x04", media.GIF},
		{"GIF as text", "GIF89a is a version of the format, and GIF87a another.", ""},
		{"GIF without an image", "GIF89a\x01\x00\x01\x00\x00\x00\x00;", ""},
		{"GIF cut in its colours", "GIF89a\x01\x00\x01\x00\xF7\x00\x00\x00\x00", ""},

		{"WebP", "RIFF\x1A\x00\x00\x00WEBPVP8L\x0D\x00\x00\x00\x2F", media.WebP},
		{"WebP as text", "RIFF1234WEBPVP8 and so on", ""},
		{"other RIFF", "RIFF\x1A\x00\x00\x00WAVEfmt ", ""},
		{"progressive JPEG", "\xFF\xD8\xFF\xC2\x00\x11\x08\x00\x10\x00\x10\x03", media.JPEG},
		{"TIFF of big end", "MM\x00*\x00\x00\x00\x08", media.TIFF},
		{"letters G", strings.Repeat("G", 5000), ""},
		{"sync bytes alone", strings.Repeat("G\x00\x00\x10"+strings.Repeat("\xFF", 184), 20), ""},

		{"VTT", "WEBVTT\n\n", media.VTT},
		{"VTT alone", "WEBVTT", media.VTT},
		{"VTT with BOM and title", "\xEF\xBB\xBFWEBVTT - A film\r\n\r\n", media.VTT},
		{"not VTT", "WEBVTTX\n", ""},
		{"VTT further down", "hello\nWEBVTT\n", ""},
		{"VTT in UTF-16", "\xFF\xFEW\x00E\x00B\x00V\x00T\x00T\x00\n\x00", ""},
		{"SRT", "1\n" + timing, media.SRT},
		{"SRT with BOM and CRLF", "\xEF\xBB\xBF1\r\n" + strings.ReplaceAll(timing, "\n", "\r\n"), media.SRT},
		{"SRT of old Macs", "1\r" + strings.ReplaceAll(timing, "\n", "\r"), media.SRT},
		{"SRT without number", timing, media.SRT},
		{"SRT with dots", "\n\n 1 \n00:00:01.000  -->  00:00:02.500 \nHello", media.SRT},
		{"SRT with places", "1\n00:00:01,000 --> 00:00:02,500 X1:10 X2:20 Y1:1 Y2:2\nHello", media.SRT},
		{"SRT in Latin-1", "1\n" + timing + "caf\xE9\n", media.SRT},
		{"SRT that names a page in its text", "1\n00:00:01,000 --> 00:00:02,500\n<html>\n", media.SRT},
		{"SRT in UTF-16", "\xFF\xFE1\x00\n\x00", ""},
		{"SRT with a NUL", "1\n" + timing + "\x00", ""},
		{"a timing far down", strings.Repeat("line\n", 8) + timing, ""},
		{"a timing in prose", "as in 00:00:01,000 --> 00:00:02,500\n", ""},
		{"an arrow alone", "1\n-->\n", ""},
		{"page with a timing", "<!DOCTYPE html>\n" + timing, ""},
		{"drawing", `<svg xmlns="http://www.w3.org/2000/svg"/>`, ""},
		{"playlist", "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", ""},
		{"playlist with a timing", "#EXTM3U\n" + timing, ""},
		{"list of files with a timing", "ffconcat version 1.0\nfile /etc/passwd\n" + timing, ""},
		{"text", "hello there\n", ""},
		{"PDF", "%PDF-1.7\n", ""},
		{"program", "MZ\x90\x00", ""},
	}
	for _, test := range tests {
		if got := sniff([]byte(test.head), int64(len(test.head))); got != test.want {
			t.Errorf("%s is %q, want %q", test.name, got, test.want)
		}
	}
	// The same space box, in a file that goes on behind what is at hand.
	if got := sniff([]byte("\x00\x01\x00\x00free"), 1<<20); got != media.QuickTime {
		t.Errorf("long space is %q", got)
	}
}

func TestDescribe(t *testing.T) {
	tests := map[string]string{
		"":                                "an empty file",
		"hello there\n":                   "text",
		"#!/bin/sh\necho\n":               "text",
		"<!DOCTYPE html><title>x</title>": "an HTML page",
		`<svg xmlns="http://www.w3.org/2000/svg"/>`: "an SVG drawing",
		`<?xml version="1.0"?><a/>`:                 "an XML document",
		`{"a":1}`:                                   "JSON",
		"%PDF-1.7\n":                                "a PDF document",
		"#EXTM3U\n#EXTINF:1,\n":                     "an HLS playlist",
		"ffconcat version 1.0\n":                    "a list of files for ffmpeg",
		"\xFF\xFEh\x00i\x00":                        "UTF-16 text",
		box("ftyp", "heic\x00\x00\x00\x00"):         "a HEIC image",
		box("ftyp", "mif1\x00\x00\x00\x00"):         "a HEIF image",
		"PK\x03\x04\x14\x00\x00\x00\x00\x00":        "a ZIP archive",
		"\x1F\x8B\x08\x00":                          "a gzip archive",
		"\x7FELF\x02\x01\x01\x00":                   "a program",
		"WEBVTT\n":                                  "WebVTT subtitles",
		"GIF89a\x01\x00\x01\x00\x00\x00\x00junk":    "a damaged file that begins like a GIF image",
		"\x00\x01\x02\x03\x04\xFE\xDC\xBA\x98":      "unknown bytes",
	}
	for head, want := range tests {
		if got := describe([]byte(head)); got != want {
			t.Errorf("%q seems to be %q, want %q", head, got, want)
		}
	}
	for _, typ := range media.Types() {
		if _, ok := words[string(typ)]; !ok && typ != media.PJPEG {
			t.Errorf("no words for %s", typ)
		}
	}
}

// Text is never one of the binary types, whatever it begins with, and is a
// subtitle only by its first words or a timing.
func TestSniffText(t *testing.T) {
	signs := []string{
		"", "GIF89a", "GIF87a!", "BM", "glTF", "PK", "RIFF1234WEBPVP8 ", "aaaaftypisom", "aaaamoov",
		"aaaamdat", "aaaafree", "II*", "MM", "G", "WEBVTTX", "#EXTM3U\n", "1\n", "<svg>", "\uFEFF",
	}
	text := rapid.StringOf(rapid.RuneFrom(nil, unicode.Letter, unicode.Number, unicode.Punct, unicode.Space, unicode.Symbol).
		Filter(func(r rune) bool { return r != 0x0B && r != 0x85 && r != '>' }))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(signs).Draw(t, "sign") + text.Draw(t, "text")
		s = strings.Repeat(s, rapid.IntRange(1, 50).Draw(t, "times"))
		if got := sniff([]byte(s), int64(len(s))); got != "" {
			t.Fatalf("%q is %q", s, got)
		}
	})
}

func FuzzSniff(f *testing.F) {
	f.Add([]byte(box("ftyp", "isom\x00\x00\x02\x00")), int64(24))
	f.Add([]byte("\x00\x00\x00\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFdata"), int64(1)<<62)
	f.Add([]byte("\x1A\x45\xDF\xA3\xFF\x42\x82\xFFwebm"), int64(12))
	f.Add([]byte("PK\x03\x04"+strings.Repeat("\xFF", 40)), int64(44))
	f.Add([]byte(bmp(40, 1, 1, 1, 24)), int64(62))
	f.Add([]byte("GIF89a\x01\x00\x01\x00\xF7\x00\x00,"), int64(14))
	f.Add(bytes.Repeat(append([]byte("G\x40\x00\x30\xFF"), make([]byte, 183)...), 9), int64(188*9))
	f.Add([]byte("1\n00:00:01,000 --> 00:00:02,500\nHello\n"), int64(0))
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		got := sniff(head, size)
		if got != "" {
			if _, err := media.ParseType(string(got)); err != nil || got == media.PJPEG {
				t.Fatalf("%q is not a type", got)
			}
		}
		if describe(head) == "" {
			t.Fatal("no words")
		}
	})
}
