package ffmpeg

import (
	"bufio"
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"slices"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// glanceOf takes the first poster of a film.
func glanceOf(t *testing.T, data []byte) (still, plan, error) {
	t.Helper()
	e := newEngine(t)
	in := inputOf(t, media.MP4, media.TweetVideo, data)
	src, err := sourceOf(in)
	if err != nil {
		t.Fatal(err)
	}
	p, err := e.prepare(t.Context(), in, src)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.firstPoster(t.Context(), src, p)
	return s, p, err
}

// The first poster is the first key picture, in the size that is planned, or a later
// one where there is nothing to see on it; never none, however dark it is.
func TestFirstPoster(t *testing.T) {
	t.Parallel()
	dark := []string{"-f", "lavfi", "-i", "color=black:s=320x180:r=10:d=3", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2", "-filter_complex", "concat"}
	for name, c := range map[string]struct {
		args       []string
		w, h       int
		dark, late bool
	}{
		"bright at once": {args: picture("s=320x180:r=10:d=2"), w: 320, h: 180},
		"dark at first":  {args: dark, w: 320, h: 180, late: true},
		"dark for good":  {args: []string{"-f", "lavfi", "-i", "color=black:s=320x180:r=10:d=3"}, w: 320, h: 180, dark: true},
		"large":          {args: picture("s=1918x802:r=5:d=1"), w: 1280, h: 536},
		"upright":        {args: picture("s=1080x1922:r=5:d=1"), w: 720, h: 1280},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, err := glanceOf(t, generate(t, slices.Concat(c.args, export, []string{"-g", "10", "in.mp4"})...))
			if err != nil {
				t.Fatal(err)
			}
			img, err := jpeg.Decode(bytes.NewReader(s.head))
			if err != nil {
				t.Fatal(err)
			}
			if b := img.Bounds(); b.Dx() != c.w || b.Dy() != c.h || s.Width != c.w || s.Height != c.h || p.Poster.Width != c.w || p.Poster.Height != c.h {
				t.Errorf("%v, %+v, planned %+v; want %d×%d", b, s.Rendition, p.Poster, c.w, c.h)
			}
			y := img.(*image.YCbCr)
			if got := score(y) < clear; got != c.dark {
				t.Errorf("score %v, want dark: %t", score(y), c.dark)
			}
			if s.placeholder != processing.Placeholder(img) || s.placeholder == "" {
				t.Errorf("placeholder %q", s.placeholder)
			}
			if s.body != "" || bytes.Contains(s.head, []byte("Lavc")) || bytes.Contains(s.head, []byte{0xff, 0xfe}) {
				t.Error("it has metadata")
			}
		})
	}
}

// jpegOf is a small picture.
func jpegOf(t testing.TB, side int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		img.Set(i%side, i/side, color.RGBA{uint8(i * 37), uint8(i * i), uint8(i >> 3), 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestNextJPEG(t *testing.T) {
	one, two := jpegOf(t, 40), jpegOf(t, 200)
	row := slices.Concat(one, two, one)
	r := bufio.NewReader(bytes.NewReader(row))
	for i, want := range [][]byte{one, two, one} {
		got, err := nextJPEG(r)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("picture %d: %d bytes, %v; want %d", i, len(got), err, len(want))
		}
	}
	if _, err := nextJPEG(r); err != io.EOF {
		t.Errorf("behind the last: %v", err)
	}
	for n := 2; n < len(one); n++ {
		if _, err := nextJPEG(bufio.NewReader(bytes.NewReader(one[:n]))); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	for name, data := range map[string][]byte{
		"no JPEG":        []byte("no JPEG"),
		"no segment":     {0xFF, 0xD8, 1, 2},
		"no length":      {0xFF, 0xD8, 0xFF, 0xE0, 0, 1},
		"without an end": slices.Concat([]byte{0xFF, 0xD8, 0xFF, 0xDA, 0, 2}, make([]byte, largestStill)),
	} {
		if _, err := nextJPEG(bufio.NewReader(bytes.NewReader(data))); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzNextJPEG(f *testing.F) {
	f.Add(jpegOf(f, 8))
	f.Add([]byte{0xFF, 0xD8, 0xFF, 0xFF, 0xD9})
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := nextJPEG(bufio.NewReader(bytes.NewReader(data)))
		if err == nil && (!bytes.HasPrefix(data, got) || !bytes.HasSuffix(got, []byte{0xFF, 0xD9})) {
			t.Errorf("%x of %x", got, data)
		}
	})
}
