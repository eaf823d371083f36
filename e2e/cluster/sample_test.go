package cluster

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// sample is a file to upload.
type sample struct {
	name           string // of files that are processed alike
	kind, category string
	bytes          []byte
	file           string // where the bytes are, for clients that read it
}

// picture is a PNG that differs from those of other seeds.
func picture(t *testing.T, seed int) sample {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 48, 32))
	for i := range m.Pix {
		m.Pix[i] = byte(i*7 + seed*131 + seed>>8*i)
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return sample{name: "picture", kind: "image/png", category: "tweet_image", bytes: b.Bytes()}.keep(t, ".png")
}

// animation is a GIF of six frames.
func animation(t *testing.T) sample {
	t.Helper()
	var g gif.GIF
	for i := range 6 {
		m := image.NewPaletted(image.Rect(0, 0, 64, 48), color.Palette{color.Black, color.White, color.RGBA{R: 200, A: 255}})
		for x := range 8 {
			m.SetColorIndex(8*i+x, 10+x, uint8(1+x%2))
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 10)
	}
	var b bytes.Buffer
	must(t, gif.EncodeAll(&b, &g))
	return sample{name: "animation", kind: "image/gif", category: "tweet_gif", bytes: b.Bytes()}.keep(t, ".gif")
}

// film is an MP4 whose picture has to be transcoded.
func film(t *testing.T, name, size string, seconds int) sample {
	t.Helper()
	out := filepath.Join(t.TempDir(), "film.mp4")
	length := strconv.Itoa(seconds)
	said, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=rate=25:size="+size,
		"-f", "lavfi", "-i", "sine", "-t", length, "-c:v", "mpeg4", "-c:a", "aac", out).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, said)
	}
	b, err := os.ReadFile(out)
	must(t, err)
	return sample{name: name, kind: "video/mp4", category: "tweet_video", bytes: b, file: out}
}

// keep writes the file.
func (s sample) keep(t *testing.T, suffix string) sample {
	t.Helper()
	s.file = filepath.Join(t.TempDir(), "sample"+suffix)
	must(t, os.WriteFile(s.file, s.bytes, 0o600))
	return s
}
