package image

import (
	"bytes"
	"context"
	"encoding/binary"
	std "image"
	"image/color"
	"strings"
	"testing"

	"magpie/internal/media"
)

// riff puts chunks of id and data into a WebP file.
func riff(chunks ...string) []byte {
	body := "WEBP"
	for i := 0; i < len(chunks); i += 2 {
		id, data := chunks[i], chunks[i+1]
		body += id + string(binary.LittleEndian.AppendUint32(nil, uint32(len(data)))) + data
		if len(data)%2 == 1 {
			body += "\x00"
		}
	}
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// chunkOf gives the data of a file's first chunk of an id.
func chunkOf(t testing.TB, file []byte, id string) string {
	t.Helper()
	for at := 12; at+8 <= len(file); {
		n := int(binary.LittleEndian.Uint32(file[at+4:]))
		if string(file[at:at+4]) == id {
			return string(file[at+8 : at+8+n])
		}
		at += 8 + n + n%2
	}
	t.Fatalf("there is no %s in %q", id, file[:min(60, len(file))])
	return ""
}

func vp8x(flags byte, w, h int) string {
	b := make([]byte, 10)
	b[0] = flags
	putUint24(b[4:], w-1)
	putUint24(b[7:], h-1)
	return string(b)
}

func TestWebPColours(t *testing.T) {
	img := quarters(800, 450)
	for name, args := range map[string][]string{
		"lossy":    {"-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", "95"},
		"lossless": {"-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"},
	} {
		outcome, out := process(t, media.WebP, ffmpeg(t, img, "x.webp", args...))
		if outcome.Width != 800 || outcome.Height != 450 {
			t.Errorf("%s: outcome is %d×%d", name, outcome.Width, outcome.Height)
		}
		for file := range out.files {
			slack := 6
			if file == "orig.webp" { // the test's decoder takes 16–235 for 0–255
				slack = 20
			}
			isQuarters(t, out.decoded(t, file), slack)
		}
	}
}

// Lossy WebP keeps black at 16 and white at 235.
func TestWebPBlackAndWhite(t *testing.T) {
	img := std.NewNRGBA(std.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			v := byte(255 * btoi(x >= 32))
			img.SetNRGBA(x, y, color.NRGBA{v, v, v, 255})
		}
	}
	_, out := process(t, media.WebP, ffmpeg(t, img, "x.webp", "-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", "100"))
	m := out.decoded(t, "large.jpg")
	near(t, m, 8, 32, color.NRGBA{0, 0, 0, 255}, 2)
	near(t, m, 56, 32, color.NRGBA{255, 255, 255, 255}, 2)
}

func TestWebPAlpha(t *testing.T) {
	img := quarters(300, 200)
	for y := range 100 {
		for x := range 150 {
			img.Pix[img.PixOffset(x, y)+3] = 100
		}
	}
	faint := red
	faint.A = 100
	for name, args := range map[string][]string{
		"lossy":    {"-c:v", "libwebp", "-pix_fmt", "yuva420p", "-quality", "95"},
		"lossless": {"-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"},
	} {
		_, out := process(t, media.WebP, ffmpeg(t, img, "x.webp", args...))
		m := out.decoded(t, "large.png")
		near(t, m, 40, 40, faint, 8)
		near(t, m, 250, 40, green, 8)
		if len(out.files) != 5 {
			t.Errorf("%s: %d files", name, len(out.files))
		}
	}
}

func TestWebPAnimationShowsItsFirstFrame(t *testing.T) {
	file := ffmpeg(t, quarters(200, 120), "x.webp",
		"-vf", "loop=4:1:0,hue=h=60*n", "-c:v", "libwebp_anim", "-pix_fmt", "yuv420p", "-quality", "95")
	if !bytes.Contains(file, []byte("ANMF")) {
		t.Fatal("ffmpeg wrote no animation")
	}
	outcome, out := process(t, media.WebP, file)
	if outcome.Width != 200 || outcome.Height != 120 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	isQuarters(t, out.decoded(t, "large.jpg"), 8)
}

func TestWebPFirstFrameOnALargerCanvas(t *testing.T) {
	still := ffmpeg(t, quarters(40, 30), "x.webp", "-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", "95")
	frame := func(left, top, w, h int) string {
		place := make([]byte, 16)
		putUint24(place[0:], left/2)
		putUint24(place[3:], top/2)
		putUint24(place[6:], w-1)
		putUint24(place[9:], h-1)
		vp8 := riff("VP8 ", chunkOf(t, still, "VP8 "))
		return string(place) + string(vp8[12:])
	}
	head := []string{"VP8X", vp8x(webpAnimated, 100, 60), "ANIM", "\x00\x00\x00\x00\x00\x00"}
	outcome, out := process(t, media.WebP, riff(append(head, "ANMF", frame(20, 10, 40, 30))...))
	if outcome.Width != 100 || outcome.Height != 60 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	m := out.decoded(t, "large.png")
	near(t, m, 10, 5, color.NRGBA{}, 0)
	near(t, m, 90, 30, color.NRGBA{}, 0)
	near(t, m, 30, 50, color.NRGBA{}, 0)
	near(t, m, 30, 17, red, 8)
	near(t, m, 50, 32, white, 8)

	refused(t, media.WebP, riff(append(head, "ANMF", frame(80, 10, 40, 30))...), media.InvalidMedia)
	refused(t, media.WebP, riff(append(head, "ANMF", frame(20, 10, 44, 30))...), media.InvalidMedia)
	refused(t, media.WebP, riff(head...), media.InvalidMedia)
}

func TestWebPMetadata(t *testing.T) {
	is := stored(quarters(200, 90), 6)
	still := ffmpeg(t, is, "x.webp", "-c:v", "libwebp", "-pix_fmt", "yuv420p", "-quality", "95")
	p := profile(spaceRGB, 200)
	// The alpha flag is set though there is none, as some encoders do.
	file := riff("VP8X", vp8x(0x3c, 90, 200), "ICCP", string(p), "VP8 ", chunkOf(t, still, "VP8 "),
		"EXIF", exifBlock(6, binary.LittleEndian), "XMP ", "<x:xmpmeta>SECRET</x:xmpmeta>")
	outcome, out := process(t, media.WebP, file)
	if outcome.Width != 200 || outcome.Height != 90 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	for name, b := range out.files {
		isQuarters(t, out.decoded(t, name), 10)
		if got := jpegProfileOf(b); !bytes.Equal(got, p) {
			t.Errorf("%s carries %d bytes of profile, want %d", name, len(got), len(p))
		}
		nothingPrivate(t, name, b)
	}
}

func TestWebPThatDoesNotFitItself(t *testing.T) {
	still := ffmpeg(t, quarters(64, 48), "x.webp", "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra")
	vp8l := chunkOf(t, still, "VP8L")
	f := refused(t, media.WebP, riff("VP8X", vp8x(0, 8, 8), "VP8L", vp8l), media.InvalidMedia)
	if !strings.Contains(f.Message, "8×8") || !strings.Contains(f.Message, "64×48") {
		t.Errorf("message is %q", f.Message)
	}
	refused(t, media.WebP, still[:len(still)/2], media.InvalidMedia)
	refused(t, media.WebP, riff("EXIF", "x"), media.InvalidMedia)
	refused(t, media.WebP, riff("VP8 ", ""), media.InvalidMedia)
	refused(t, media.WebP, []byte("RIFF"), media.InvalidMedia)
	refused(t, media.WebP, []byte("RIFF\x04\x00\x00\x00WAVE"), media.InvalidMedia)
}

func TestWebPMemoryCoversTheDecoder(t *testing.T) {
	img := quarters(500, 350)
	img.Pix[3] = 7
	for name, args := range map[string][]string{
		"lossy":            {"-c:v", "libwebp", "-pix_fmt", "yuv420p"},
		"lossy with alpha": {"-c:v", "libwebp", "-pix_fmt", "yuva420p"},
		"lossless":         {"-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"},
	} {
		file := ffmpeg(t, img, "x.webp", args...)
		head, err := probe(newSource(context.Background(), bytes.NewReader(file), int64(len(file))), media.WebP)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			if _, err := head.decode(); err != nil {
				t.Error(err)
			}
		})
		if got > head.memory+128<<10 {
			t.Errorf("%s: decoding takes %d bytes, the estimate is %d", name, got, head.memory)
		}
	}
}

func FuzzWebPHead(f *testing.F) {
	f.Add(riff("VP8 ", "\x30\x01\x00\x9d\x01\x2a\x08\x00\x08\x00"))
	f.Add(riff("VP8X", vp8x(webpAnimated, 4, 4), "ANMF", strings.Repeat("\x00", 16)+"VP8L\x01\x00\x00\x00\x2f"))
	f.Add(riff("VP8X", vp8x(webpAlpha, 4, 4), "ALPH", "\x00", "VP8 ", "x", "EXIF", "II"))
	f.Add(riff("VP8L", "")[:18])
	f.Fuzz(func(t *testing.T, file []byte) {
		head, err := readWebPHead(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, c := range []riffChunk{head.pixels, head.alpha} {
			if c.id != "" && c.at+c.size > int64(len(file)) {
				t.Errorf("%s at %d+%d is outside %d bytes", c.id, c.at, c.size, len(file))
			}
		}
		if len(head.exif)+len(head.profile) > 2*len(file) {
			t.Error("more metadata than file")
		}
	})
}
