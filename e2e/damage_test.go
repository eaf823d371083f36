package e2e

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/gif"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// whole are good files, small ones, of every type that is taken.
func whole(t *testing.T) []hostile {
	clip := slices.Concat(picture("160x120", 1), sound(1))
	aac := []string{"-c:a", "aac"}
	mp4 := slices.Concat(clip, h264(), aac)
	webm := slices.Concat(clip, []string{"-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"})
	still := samplePicture(64, 48)
	cues := "WEBVTT\n\n"
	for i := range 20 {
		cues += fmt.Sprintf("00:%02d.000 --> 00:%02d.500 align:start\n<b>Line</b> %d\n\n", i, i, i)
	}
	return []hostile{
		{"MP4", "video/mp4", "tweet_video", film(t, "mp4", mp4...)},
		{"MP4 with its index in front", "video/mp4", "tweet_video", film(t, "mp4", append(slices.Clone(mp4), "-movflags", "+faststart")...)},
		{"MP4 in fragments", "video/mp4", "tweet_video", film(t, "mp4", append(slices.Clone(mp4), "-movflags", "empty_moov+frag_keyframe")...)},
		{"QuickTime", "video/quicktime", "tweet_video", film(t, "mov", mp4...)},
		{"WebM", "video/webm", "tweet_video", film(t, "webm", webm...)},
		{"transport stream", "video/mp2t", "tweet_video", film(t, "ts", mp4...)},
		{"moving GIF", "image/gif", "tweet_gif", sampleGIF()},
		{"GIF", "image/gif", "tweet_image", encoded(func(b *bytes.Buffer) error { return gif.Encode(b, still, nil) })},
		{"JPEG", "image/jpeg", "tweet_image", photograph(quarters(80, 60), 6)},
		{"progressive JPEG", "image/jpeg", "tweet_image", progressive(10, 8)},
		{"PNG", "image/png", "tweet_image", pngOf(quarters(80, 60))},
		{"PNG with a palette", "image/png", "tweet_image", samplePNG()},
		{"WebP", "image/webp", "tweet_image", webpOf(t, 80, 60)},
		{"BMP", "image/bmp", "tweet_image", encoded(func(b *bytes.Buffer) error { return bmp.Encode(b, still) })},
		{"TIFF", "image/tiff", "tweet_image", encoded(func(b *bytes.Buffer) error {
			return tiff.Encode(b, image.Image(still), &tiff.Options{Compression: tiff.Deflate})
		})},
		{"SubRip", "text/srt", "subtitles", []byte(strings.Repeat(sampleSRT, 10))},
		{"WebVTT", "text/vtt", "subtitles", []byte(cues)},
		{"GLB", "model/gltf-binary", "", triangleGLB()},
		{"USDZ", "model/vnd.usdz+zip", "", usdz(t, 64, zip.Store, layer)},
	}
}

// TestWhole keeps the two below honest: the files are good before they are
// damaged.
func TestWhole(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t)
	files := whole(t)
	for _, v := range files {
		o.try(v)
	}
	o.settle()
	if o.passed != len(files) {
		t.Errorf("%d of %d good files succeeded", o.passed, len(files))
	}
	o.end()
}

// TestTruncated cuts files of every type short: at every hundredth of their
// length in the long campaign.
func TestTruncated(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t)
	for i, v := range whole(t) {
		for _, n := range hundredths(i) {
			if short := cut(v.file, n); len(short) > 0 {
				o.try(hostile{fmt.Sprintf("%s, %d %% of it", v.name, n), v.kind, v.category, short})
			}
		}
	}
	o.end()
	if o.refused == 0 {
		t.Error("nothing was refused")
	}
}

// hundredths are where the file of a number is cut.
func hundredths(file int) []int {
	if !soak() {
		return []int{3 + file, 50 + file, 99}
	}
	var all []int
	for n := 1; n < 100; n++ {
		all = append(all, n)
	}
	return all
}

// TestFlipped changes random bits, bytes and lengths of good files: some 2300
// files in the long campaign.
func TestFlipped(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t)
	rounds := 2
	if soak() {
		rounds = 120
	}
	r := rand.New(rand.NewPCG(4, 11))
	for _, v := range whole(t) {
		for i := range rounds {
			o.try(hostile{fmt.Sprintf("%s, damaged the %d. time", v.name, i), v.kind, v.category, damaged(r, v.file)})
		}
	}
	o.end()
}

// damaged is a copy with up to eight wounds. Most are in the beginning or the
// end, where formats keep what they say of the rest.
func damaged(r *rand.Rand, file []byte) []byte {
	b := bytes.Clone(file)
	for range 1 + r.IntN(8) {
		at := r.IntN(len(b))
		switch r.IntN(3) {
		case 0:
			at = r.IntN(min(len(b), 512))
		case 1:
			at = len(b) - 1 - r.IntN(min(len(b), 1024))
		}
		switch r.IntN(4) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2: // a number that is huge, or negative
			copy(b[at:], "\xFF\xFF\xFF\xFF"[:1+r.IntN(4)])
		default:
			copy(b[at:], "\x00\x00\x00\x00"[:1+r.IntN(4)])
		}
	}
	return b
}
