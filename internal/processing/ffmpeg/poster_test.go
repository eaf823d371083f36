package ffmpeg

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// checkPoster asserts that the poster is a JPEG of this size without metadata.
func checkPoster(t *testing.T, m *memory, w, h int) image.Image {
	t.Helper()
	data := m.files["poster.jpg"]
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != w || b.Dy() != h {
		t.Errorf("poster is %v, want %d×%d", b, w, h)
	}
	if r := m.records["poster.jpg"]; r.Role != media.RolePoster || r.ContentType != "image/jpeg" || r.Width != w || r.Height != h {
		t.Errorf("record %+v", r)
	}
	// APP1 (Exif) and comments.
	if bytes.Contains(data, []byte("Exif")) || bytes.Contains(data, []byte("Lavc")) || bytes.Contains(data, []byte{0xff, 0xfe}) {
		t.Error("the poster has metadata")
	}
	return img
}

// TestPosterNotBlack: an original that begins in the dark has a poster of what
// comes after.
func TestPosterNotBlack(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat([]string{
		"-f", "lavfi", "-i", "color=black:s=96x64:r=10:d=2", "-f", "lavfi", "-i", "testsrc2=s=96x64:r=10:d=1", "-filter_complex", "concat",
	}, x264, []string{"in.mp4"})...)
	outcome, m := mustProcess(t, media.MP4, data)
	img := checkPoster(t, m, 96, 64)
	if want := processing.Placeholder(img); outcome.Placeholder != want || want == "" {
		t.Errorf("placeholder %q, want that of the poster, %q", outcome.Placeholder, want)
	}
	bright := 0
	for y := range 64 {
		for x := range 96 {
			if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y > 64 {
				bright++
			}
		}
	}
	if bright < 96*64/3 {
		t.Errorf("%d of %d pixels are bright", bright, 96*64)
	}
}

func TestScore(t *testing.T) {
	paint := func(at func(x, y int) uint8) *image.YCbCr {
		img := image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420)
		for y := range 64 {
			for x := range 64 {
				img.Y[img.YOffset(x, y)] = at(x, y)
			}
		}
		return img
	}
	black := score(paint(func(int, int) uint8 { return 0 }))
	title := score(paint(func(x, y int) uint8 { // a small bright mark on black
		if x < 16 && y < 16 {
			return uint8(100 + 8*x)
		}
		return 0
	}))
	scene := score(paint(func(x, y int) uint8 { return uint8(20 + 2*x + y) }))
	if black != 0 || title <= black || scene <= 2*title {
		t.Errorf("black %v, title %v, scene %v", black, title, scene)
	}
}

func TestPosterWithoutCandidates(t *testing.T) {
	_, err := poster(t.Context(), plan{}, t.TempDir())
	wantFailure(t, err, media.InvalidMedia, "no picture")

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "candidate-01.jpg"), []byte("no JPEG"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = poster(t.Context(), plan{}, dir)
	wantFault(t, err)
}
