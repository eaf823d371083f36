package image

import (
	"bytes"
	"context"
	"errors"
	std "image"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// photo is a picture with gradients and a little noise, as a camera's has.
func photo(w, h int) *std.RGBA {
	img := std.NewRGBA(std.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			n := byte(r.IntN(8))
			p := img.Pix[y*img.Stride+4*x:][:4]
			p[0], p[1], p[2], p[3] = byte(x*200/w)+n, byte(y*200/h)+n, byte((x+y)*120/(w+h))+n, 255
		}
	}
	return img
}

// samples is a small file of each type.
func samples(t testing.TB) map[media.Type][]byte {
	img := quarters(48, 40)
	return map[media.Type][]byte{
		media.JPEG:  insert(jpegOf(t, img), 2, jpegProfileSegments(profile(spaceRGB, 20))),
		media.PJPEG: progressive(6, 5, 2, "", flat(99), flat(120), flat(140)),
		media.PNG:   insert(pngOf(t, img), pngHeaderSize, pngProfileChunk(profile(spaceRGB, 20))),
		media.WebP:  ffmpeg(t, img, "x.webp", "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"),
		media.BMP:   bmpOf(t, img),
		media.TIFF:  tiffOf(t, img, tiff.Deflate),
		media.GIF:   gifOf(t, 48, 40, oneColour(img.Rect, red)),
	}
}

func TestEveryTypeGetsItsSizes(t *testing.T) {
	for kind, file := range samples(t) {
		outcome, out := process(t, kind, file)
		if outcome.Width != 48 || outcome.Height != 40 {
			t.Errorf("%s: outcome is %d×%d", kind, outcome.Width, outcome.Height)
		}
		for _, name := range []string{"thumb.jpg", "small.jpg", "medium.jpg", "large.jpg"} {
			out.decoded(t, name)
		}
		if len(out.files) != 5 {
			t.Errorf("%s: %d files", kind, len(out.files))
		}
		if !slices.IsSorted(out.percent) || out.percent[len(out.percent)-1] != 100 {
			t.Errorf("%s: progress is %v", kind, out.percent)
		}
	}
}

func TestOtherTypesAreRefused(t *testing.T) {
	for _, kind := range []media.Type{media.MP4, media.USDZ, ""} {
		refused(t, kind, jpegOf(t, quarters(8, 8)), media.UnsupportedMedia)
	}
	for kind := range samples(t) {
		refused(t, kind, nil, media.InvalidMedia)
		refused(t, kind, []byte(strings.Repeat("not an image ", 20)), media.InvalidMedia)
	}
}

func TestTruncatedFilesAreRefused(t *testing.T) {
	for kind, file := range samples(t) {
		whole := len(file)
		switch kind {
		case media.GIF:
			whole -= 3 // the first frame is there without the trailer
		case media.TIFF:
			whole = 8 // the directory is last: without it there is nothing
		}
		for n := 0; n < whole; n += 1 + n/50 {
			refused(t, kind, file[:n], media.InvalidMedia)
		}
		if kind == media.JPEG || kind == media.PNG {
			refused(t, kind, file[:len(file)-1], media.InvalidMedia)
		}
	}
}

// Whatever is done to a file, it either gives all sizes or a failure in words.
func TestDamagedFilesGiveWords(t *testing.T) {
	files := samples(t)
	var kinds []media.Type
	for kind := range files {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	e := New(Config{Limits: pictures(1 << 20)})
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		file := bytes.Clone(files[kind])
		for range rapid.IntRange(1, 8).Draw(t, "flips") {
			file[rapid.IntRange(0, len(file)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		}
		if rapid.Bool().Draw(t, "cut") {
			file = file[:rapid.IntRange(0, len(file)).Draw(t, "length")]
		}
		out := newShelf()
		outcome, err := e.Process(context.Background(), input(kind, file), out)
		var f *media.Failure
		switch {
		case err == nil:
			if len(out.files) != 5 || outcome.Width < 1 || outcome.Height < 1 {
				t.Fatalf("%s: %d files of %d×%d", kind, len(out.files), outcome.Width, outcome.Height)
			}
		case !errors.As(err, &f) || f.Name == media.InternalError || !strings.HasSuffix(f.Message, "."):
			t.Fatalf("%s: %v", kind, err)
		case len(out.files) != 0:
			t.Fatalf("%s: %d files of a refused picture", kind, len(out.files))
		}
	})
}

// pictures are limits of so many pixels.
func pictures(pixels int64) media.Limits {
	l := media.Limit{MaxPixels: pixels}
	return media.Limits{TweetImage: l, TweetGIF: l}
}

func TestPixelLimit(t *testing.T) {
	e := New(Config{Limits: pictures(48*40 - 1)})
	for kind, file := range samples(t) {
		_, err := e.Process(context.Background(), input(kind, file), newShelf())
		var f *media.Failure
		if !errors.As(err, &f) || f.Name != media.UnsupportedMedia || !strings.Contains(f.Message, "48×40") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	e := New(Config{Memory: workspace + 20_000})
	_, err := e.Process(context.Background(), input(media.JPEG, jpegOf(t, quarters(200, 200))), newShelf())
	var f *media.Failure
	if !errors.As(err, &f) || f.Name != media.UnsupportedMedia || !strings.Contains(f.Message, "memory") {
		t.Errorf("err is %v", err)
	}
	if _, err := e.Process(context.Background(), input(media.JPEG, jpegOf(t, quarters(20, 20))), newShelf()); err != nil {
		t.Errorf("a small one: %v", err)
	}
}

// held is an Output whose first Save waits until it is told to go on.
type held struct {
	*shelf
	saving chan struct{}
	goOn   chan struct{}
}

func (h *held) Save(ctx context.Context, r media.Rendition, from io.Reader, also ...string) error {
	if h.saving != nil {
		close(h.saving)
		h.saving = nil
		<-h.goOn
	}
	return h.shelf.Save(ctx, r, from, also...)
}

func TestMemoryIsSharedByAll(t *testing.T) {
	e := New(Config{Memory: workspace + 1<<20}) // one at a time
	file := jpegOf(t, quarters(40, 40))
	first := &held{shelf: newShelf(), saving: make(chan struct{}), goOn: make(chan struct{})}
	saving, done := first.saving, make(chan error)
	go func() {
		_, err := e.Process(context.Background(), input(media.JPEG, file), first)
		done <- err
	}()
	<-saving

	ctx, cancel := context.WithCancel(context.Background())
	waiting := &cancelling{Reader: bytes.NewReader(file), cancel: cancel}
	in := input(media.JPEG, file)
	in.Original = waiting
	if _, err := e.Process(ctx, in, newShelf()); !errors.Is(err, context.Canceled) {
		t.Errorf("the second, while the first is at work: %v", err)
	}
	close(first.goOn)
	if err := <-done; err != nil {
		t.Errorf("the first: %v", err)
	}
	if _, err := e.Process(context.Background(), input(media.JPEG, file), newShelf()); err != nil {
		t.Errorf("a third: %v", err)
	}
}

// cancelling ends a context at the first read, which is that of the header.
type cancelling struct {
	*bytes.Reader
	cancel context.CancelFunc
}

func (c *cancelling) ReadAt(p []byte, off int64) (int, error) {
	c.cancel()
	return c.Reader.ReadAt(p, off)
}

func TestProcessEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	in := input(media.JPEG, jpegOf(t, photo(900, 900)))
	in.Original = &cancelling{Reader: in.Original.(*bytes.Reader), cancel: cancel}
	out := newShelf()
	_, err := New(Config{}).Process(ctx, in, out)
	var f *media.Failure
	if !errors.Is(err, context.Canceled) || errors.As(err, &f) || len(out.files) != 0 {
		t.Errorf("err is %v, %d files", err, len(out.files))
	}
}

func TestSaveErrorsAreNotTheFiles(t *testing.T) {
	out := newShelf()
	out.fail = errors.New("no room")
	_, err := New(Config{}).Process(context.Background(), input(media.JPEG, jpegOf(t, quarters(8, 8))), out)
	var f *media.Failure
	if !errors.Is(err, out.fail) || errors.As(err, &f) || !strings.Contains(err.Error(), "save orig.jpg") {
		t.Errorf("err is %v", err)
	}
}

func TestPanicsOfDecodersAreTheFiles(t *testing.T) {
	src := newSource(context.Background(), bytes.NewReader(nil), 0)
	_, err := guard(src, func() (frame, error) { panic("index out of range") })
	var f *media.Failure
	if !errors.As(err, &f) || f.Name != media.InvalidMedia || strings.Contains(f.Message, "index") {
		t.Errorf("the failure is %v", f)
	}
	if !strings.Contains(err.Error(), "index out of range") {
		t.Errorf("the log would not tell: %v", err)
	}
}

func TestQuality(t *testing.T) {
	file := jpegOf(t, photo(400, 300))
	sizeAt := func(quality int) int {
		out := newShelf()
		if _, err := New(Config{JPEGQuality: quality}).Process(context.Background(), input(media.JPEG, file), out); err != nil {
			t.Fatal(err)
		}
		return len(out.files["large.jpg"])
	}
	if low, usual, asked := sizeAt(30), sizeAt(0), sizeAt(85); low >= usual || usual != asked {
		t.Errorf("sizes are %d at 30, %d at 0 and %d at 85", low, usual, asked)
	}
}

func BenchmarkTwelveMegapixel(b *testing.B) {
	img := photo(4000, 3000)
	for name, in := range map[string]processing.Input{
		"JPEG": input(media.JPEG, jpegOf(b, img)),
		"PNG":  input(media.PNG, pngOf(b, img)),
	} {
		b.Run(name, func(b *testing.B) {
			e := New(Config{})
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Process(context.Background(), in, newShelf()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSmallPNG(b *testing.B) {
	in := input(media.PNG, pngOf(b, mottled(145, 149, 1, 255)))
	e := New(Config{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Process(b.Context(), in, newShelf()); err != nil {
			b.Fatal(err)
		}
	}
}

// The placeholder is that of the picture as it is seen: upright.
func TestPlaceholderIsUpright(t *testing.T) {
	want := processing.Placeholder(quarters(340, 340))
	for o := 1; o <= 8; o++ {
		outcome, _ := process(t, media.TIFF, withTags(tiffOf(t, stored(quarters(340, 340), o), tiff.Uncompressed), map[uint16]string{
			tagOrientation: string([]byte{byte(o), 0, 0, 0}),
		}))
		if outcome.Placeholder != want {
			t.Errorf("orientation %d: %s, want %s", o, outcome.Placeholder, want)
		}
	}
	// Of a strip it shows the whole, not the thumb's middle.
	outcome, _ := process(t, media.PNG, pngOf(t, quarters(600, 200)))
	if want := processing.Placeholder(quarters(600, 200)); outcome.Placeholder != want {
		t.Errorf("a strip: %s, want %s", outcome.Placeholder, want)
	}
}
