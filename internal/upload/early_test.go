package upload

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"magpie/internal/media"
)

// starting are the first bytes of a file of each type, with room behind them.
func starting(t testing.TB) map[media.Type]string {
	t.Helper()
	packet := "G\x40\x00\x10\x00\x00\xB0\x0D" + strings.Repeat("\xFF", 180)
	usdz := "PK\x03\x04\x0A\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + "\x06\x00\x00\x00a.usdc" + "PXR-USDC"
	return map[media.Type]string{
		media.MP4:       box("ftyp", "isom\x00\x00\x02\x00isom") + box("moov", strings.Repeat("\x00", 40)),
		media.QuickTime: box("ftyp", "qt  \x00\x00\x02\x00qt  "),
		media.WebM:      "\x1A\x45\xDF\xA3\x87\x42\x82\x84webm\x18\x53\x80\x67",
		media.MPEGTS:    strings.Repeat(packet, 40),
		media.GIF:       gifOf(10, 10),
		media.PNG:       pngOf(10, 10),
		media.JPEG:      jpegOf(10, 10),
		media.WebP:      webpOf("VP8X", 10, 10),
		media.BMP:       bmp(40, 10, 10, 1, 24),
		media.TIFF:      "II*\x00\x08\x00\x00\x00",
		media.VTT:       "WEBVTT\n\n" + strings.Repeat("NOTE nothing\n\n", 400),
		media.SRT:       strings.Repeat("1\n00:00:01,000 --> 00:00:02,500\nHello\n\n", 200),
		media.GLB:       "glTF\x02\x00\x00\x00\x00\x01\x00\x00\x10\x00\x00\x00JSON{}",
		media.USDZ:      usdz,
	}
}

func pngOf(w, h uint32) string {
	b := []byte("\x89PNG\r\n\x1A\n\x00\x00\x00\x0DIHDR")
	b = binary.BigEndian.AppendUint32(b, w)
	b = binary.BigEndian.AppendUint32(b, h)
	return string(b) + "\x08\x02\x00\x00\x00\x00\x00\x00\x00"
}

func gifOf(w, h uint16) string {
	b := binary.LittleEndian.AppendUint16([]byte("GIF89a"), w)
	b = binary.LittleEndian.AppendUint16(b, h)
	return string(b) + "\x00\x00\x00!\xF9\x04\x00\x00\x00\x00\x00"
}

// jpegOf has two segments before its frame.
func jpegOf(w, h uint16) string {
	b := []byte("\xFF\xD8\xFF\xE0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xFF\xFF\xFE\x00\x05abc\xFF\xC2\x00\x11\x08")
	b = binary.BigEndian.AppendUint16(b, h)
	b = binary.BigEndian.AppendUint16(b, w)
	return string(b) + "\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
}

func webpOf(chunk string, w, h uint32) string {
	b := []byte("RIFF\x40\x00\x00\x00WEBP" + chunk + "\x0A\x00\x00\x00")
	switch chunk {
	case "VP8X":
		b = append(b, 0, 0, 0, 0, byte(w-1), byte((w-1)>>8), byte((w-1)>>16), byte(h-1), byte((h-1)>>8), byte((h-1)>>16))
	case "VP8L":
		b = append(b, 0x2F)
		b = binary.LittleEndian.AppendUint32(b, w-1|(h-1)<<14)
	default:
		b = append(b, 0, 0, 0, 0x9D, 0x01, 0x2A)
		b = binary.LittleEndian.AppendUint16(b, uint16(w))
		b = binary.LittleEndian.AppendUint16(b, uint16(h))
	}
	return string(b) + strings.Repeat("\x00", 40)
}

// Each type, sent as the first segment of an upload for something else, is
// refused at once in the words of finalize; one that was declared is not.
func TestEarlyByType(t *testing.T) {
	r := newRig(t, Config{})
	for typ, content := range starting(t) {
		for _, declared := range media.Types() {
			s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Type: declared, TotalBytes: media.Undeclared})
			if err != nil {
				t.Fatal(err)
			}
			err = r.append(s.ID, 0, content)
			if fits := typ.SameFamily(declared) && typ.Fits(declared.DefaultCategory()); fits {
				if err != nil {
					t.Errorf("%s declared as %s: %v", typ, declared, err)
				}
				continue
			}
			code, words := told(t, err)
			if code != media.CodeInvalid || !strings.HasPrefix(words, "The upload was declared as ") || !strings.Contains(words, "but the file is "+string(typ)) {
				t.Errorf("%s declared as %s: %s %s", typ, declared, code, words)
			}
			if left := r.stored(s.ID); len(left) != 0 {
				t.Errorf("%s declared as %s left %v", typ, declared, left)
			}
		}
	}
}

// stored lists the segments of a session.
func (r *rig) stored(id media.ID) []string {
	r.t.Helper()
	var out []string
	for _, key := range r.keys() {
		if strings.HasPrefix(key, segmentPrefix(id)) {
			out = append(out, key)
		}
	}
	return out
}

// After a refusal the session is as before: it holds nothing of the segment, and
// the right one makes the media.
func TestEarlyThenRight(t *testing.T) {
	r := newRig(t, Config{})
	for _, early := range []bool{true, false} { // segment 0 may come last
		s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Category: media.Subtitles, TotalBytes: int64(len(subtitles)) + 40})
		if err != nil {
			t.Fatal(err)
		}
		if !early {
			r.sent(s.ID, 1, strings.Repeat("x", 40))
		}
		for range 20 { // far more than a session may hold
			if code, words := told(t, r.append(s.ID, 0, pngOf(10, 10))); code != media.CodeInvalid || words != "The upload was declared as subtitles, but the file is image/png; it goes with tweet_image, dm_image." {
				t.Fatalf("%s: %s", code, words)
			}
		}
		r.sent(s.ID, 0, subtitles)
		if early {
			r.sent(s.ID, 1, strings.Repeat("x", 40))
		}
		for range 2 {
			r.sent(s.ID, 0, subtitles)
		}
		m, err := r.sessions.Finalize(t.Context(), owner, s.ID)
		if err != nil || m.Type != media.VTT {
			t.Fatalf("%v, %v", m, err)
		}
		// What is closed says what it always said.
		r.sent(s.ID, 0, subtitles)
		if code, words := told(t, r.append(s.ID, 0, pngOf(10, 10))); code != media.CodeInvalid || !strings.Contains(words, "is finalized; no other segment") {
			t.Errorf("%s: %s", code, words)
		}
	}
}

// What came so far may be the start of what was declared, or shows nothing.
func TestEarlyNotSure(t *testing.T) {
	r := newRig(t, Config{})
	long := strings.Repeat("\x00", earlyLen)
	for what, c := range map[string]struct {
		request Request
		content string
	}{
		"half a signature":               {Request{Type: media.MP4}, "\x89PNG\r\n"},
		"text in a video":                {Request{Type: media.MP4}, "hello"},
		"much text in a video":           {Request{Type: media.MP4}, strings.Repeat("hello ", 1000)},
		"unknown bytes":                  {Request{Type: media.MP4}, "\x01\x02\x03" + long},
		"a few lines that begin WebVTT":  {Request{Type: media.MP4}, subtitles},
		"the start of a playlist":        {Request{Type: media.MP4}, "#EXTM3U\n"},
		"three packets":                  {Request{Type: media.PNG}, starting(t)[media.MPEGTS][:3*188]},
		"space, and a brand behind it":   {Request{Category: media.TweetGIF}, box("free", strings.Repeat("\x00", 5000)) + box("ftyp", "isom\x00\x00\x02\x00")},
		"a name longer than what came":   {Request{Type: media.USDZ}, "PK\x03\x04\x0A\x00\x00\x00\x00\x00" + strings.Repeat("\x00", 16) + "\xFF\x7F\x00\x00" + strings.Repeat("a", 8000)},
		"a header longer than what came": {Request{Type: media.WebM}, "\x1A\x45\xDF\xA3\x41\xFF\xEC\x5F\x00" + long},
		"a segment 1 of another type":    {Request{Type: media.MP4}, ""},
	} {
		c.request.Owner, c.request.TotalBytes = owner, media.Undeclared
		s, err := r.sessions.Initialize(t.Context(), c.request)
		if err != nil {
			t.Fatal(err)
		}
		if c.content == "" {
			r.sent(s.ID, 1, pngOf(10, 10))
			continue
		}
		if err := r.append(s.ID, 0, c.content); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is no accepted type is refused once it shows what it is: by 4 KiB, or
// all of it.
func TestEarlyUnrecognized(t *testing.T) {
	r := newRig(t, Config{})
	padding := strings.Repeat("#\n", earlyLen/2)
	for content, want := range map[string]string{
		"#EXTM3U\nfile:///etc/passwd\n":     "an HLS playlist",
		"ffconcat version 1.0\nfile /etc/x": "a list of files for ffmpeg",
		"<!DOCTYPE html><title>x</title>":   "an HTML page",
		"%PDF-1.7\n":                        "a PDF document",
		box("ftyp", "heic\x00\x00\x00\x00heic") + strings.Repeat("\x00", 100): "a HEIC image",
	} {
		for more, total := range map[string]int64{"": int64(len(content)), padding: media.Undeclared} {
			s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Type: media.MP4, TotalBytes: total})
			if err != nil {
				t.Fatal(err)
			}
			code, words := told(t, r.append(s.ID, 0, content+more))
			if want := "media type unrecognized. The file is none of the accepted types: it seems to be " + want + "."; code != media.CodeInvalid || words != want {
				t.Errorf("%.10q and %d bytes: %s %q, want %q", content, len(more), code, words, want)
			}
		}
	}
}

// The header's width and height are held against the limits of the category,
// with what processing would say.
func TestEarlyBySize(t *testing.T) {
	var l media.Limits
	l.TweetImage = media.Limit{MaxPixels: 100 * 50, MaxBytes: 4000}
	l.DMImage = media.Limit{MaxWidth: 100, MaxHeight: 50}
	l.TweetGIF = media.Limit{MaxWidth: 100, MaxHeight: 50}
	r := newRig(t, Config{Limits: l})
	of := map[string]func(w, h int) string{
		"PNG":           func(w, h int) string { return pngOf(uint32(w), uint32(h)) },
		"GIF":           func(w, h int) string { return gifOf(uint16(w), uint16(h)) },
		"JPEG":          func(w, h int) string { return jpegOf(uint16(w), uint16(h)) },
		"WebP":          func(w, h int) string { return webpOf("VP8 ", uint32(w), uint32(h)) },
		"lossless WebP": func(w, h int) string { return webpOf("VP8L", uint32(w), uint32(h)) },
		"extended WebP": func(w, h int) string { return webpOf("VP8X", uint32(w), uint32(h)) },
		"BMP":           func(w, h int) string { return bmp(40, int32(w), int32(h), 1, 24) },
		"upside-down BMP": func(w, h int) string {
			return bmp(40, int32(w), int32(-h), 1, 24)
		},
	}
	for name, make := range of {
		for _, c := range []struct {
			category media.Category
			w, h     int
			want     string // "" passes
		}{
			{media.TweetImage, 100, 50, ""},
			{media.TweetImage, 50, 100, ""},
			{media.TweetImage, 100, 51, "An image of 100×51 has more than 5000 pixels, the most that is accepted."},
			{media.DMImage, 100, 50, ""},
			{media.DMImage, 101, 50, "media file is currently unsupported: it is 101×50 pixels, and 100×50 is the most."},
		} {
			s, err := r.sessions.Initialize(t.Context(), Request{Owner: owner, Category: c.category, TotalBytes: media.Undeclared})
			if err != nil {
				t.Fatal(err)
			}
			content := make(c.w, c.h) + strings.Repeat("\x00", 100)
			for range 2 {
				err = r.append(s.ID, 0, content)
				if c.want == "" {
					if err != nil {
						t.Errorf("%s of %d×%d as %s: %v", name, c.w, c.h, c.category, err)
					}
					continue
				}
				if code, words := told(t, err); code != media.CodeInvalid || words != c.want {
					t.Errorf("%s of %d×%d as %s: %s %q, want %q", name, c.w, c.h, c.category, code, words, c.want)
				}
			}
			_, err = r.atOnce(content, Request{Category: c.category})
			if c.want == "" && err != nil {
				t.Errorf("%s of %d×%d at once: %v", name, c.w, c.h, err)
			} else if c.want != "" {
				if _, words := told(t, err); words != c.want {
					t.Errorf("%s of %d×%d at once: %q", name, c.w, c.h, words)
				}
			}
		}
	}

	// A camera may have held it upright; a GIF is not turned.
	open := func(q Request) media.ID {
		t.Helper()
		q.Owner = owner
		s, err := r.sessions.Initialize(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	if err := r.append(open(Request{Category: media.DMImage, TotalBytes: media.Undeclared}), 0, jpegOf(50, 100)); err != nil {
		t.Error(err)
	}
	if _, words := told(t, r.append(open(Request{Category: media.TweetGIF, TotalBytes: media.Undeclared}), 0, gifOf(50, 100))); !strings.Contains(words, "it is 50×100 pixels, and 100×50 is the most") {
		t.Error(words)
	}
	// Nothing was said of the type, and the total is more than an image may have.
	exceeds(t, r.append(open(Request{TotalBytes: 4001}), 0, pngOf(10, 10)), 4000, 4001)
	if err := r.append(open(Request{TotalBytes: 4000}), 0, pngOf(10, 10)); err != nil {
		t.Error(err)
	}
}

// However a file's beginning is cut, what is said early holds in the end.
func FuzzForesee(f *testing.F) {
	for _, content := range starting(f) {
		f.Add([]byte(content), uint16(len(content)/2))
		f.Add([]byte(content), uint16(9))
	}
	f.Add([]byte(box("free", strings.Repeat("\x00", 5000))+box("ftyp", "isom\x00\x00\x02\x00")), uint16(4500))
	f.Add([]byte(strings.Repeat("x", 100)+starting(f)[media.MPEGTS]), uint16(4100))
	f.Add([]byte(strings.Repeat("a b\n", 1100)+"00:00:01,000 --> 00:00:02,500\nHello\n"), uint16(4200))
	f.Add([]byte("#EXTM3U\n"+starting(f)[media.MPEGTS]), uint16(300))
	f.Fuzz(func(t *testing.T, file []byte, cut uint16) {
		file = file[:min(len(file), headSize)]
		head := file[:min(len(file), int(cut), earlyLen)]
		want := sniff(file, int64(len(file)))
		for _, bounds := range [][2]int64{{int64(len(file)), int64(len(file))}, {int64(len(head)), media.MaxTotalBytes}} {
			got, sure := foresee(bytes.Clone(head), bounds[0], bounds[1])
			if !sure || want == "" || got == want {
				continue
			}
			// Different containers of one kind count as one another.
			if got.SameFamily(want) && got.Fits(want.DefaultCategory()) == want.Fits(want.DefaultCategory()) {
				continue
			}
			t.Fatalf("%d bytes of %d are surely %q, and the file is %q", len(head), len(file), got, want)
		}
		for _, typ := range media.Types() {
			if w, h, ok := pictureSize(head, typ); ok && (w < 0 || h < 0) {
				t.Fatal(fmt.Sprint(typ, w, h))
			}
		}
	})
}
