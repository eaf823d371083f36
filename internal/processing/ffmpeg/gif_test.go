package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"magpie/internal/media"
)

// makeGIF makes a GIF of w×h with a frame per delay, in hundredths of a
// second: a coloured square on a transparent ground.
func makeGIF(t testing.TB, w, h int, delays ...int) []byte {
	t.Helper()
	palette := color.Palette{color.Transparent, color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}}
	g := gif.GIF{Config: image.Config{ColorModel: palette, Width: w, Height: h}}
	for i, d := range delays {
		p := image.NewPaletted(image.Rect(0, 0, w, h), palette)
		for y := range h / 2 {
			for x := range w / 2 {
				p.SetColorIndex(x, y, uint8(1+i%2))
			}
		}
		g.Image = append(g.Image, p)
		g.Delay = append(g.Delay, d)
		g.Disposal = append(g.Disposal, gif.DisposalBackground)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func scan(data []byte) (gifInfo, error) {
	return scanGIF(context.Background(), bytes.NewReader(data), int64(len(data)), media.DefaultLimits().TweetGIF)
}

func TestScanGIF(t *testing.T) {
	whole := makeGIF(t, 31, 17, 7, 30, 0, 1, 50)
	got, err := scan(whole)
	want := gifInfo{Width: 31, Height: 17, Frames: 5, Duration: 1070 * time.Millisecond, LastDelay: 500 * time.Millisecond}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if got, err := scan(whole[:len(whole)-1]); err != nil || got != want {
		t.Errorf("without a trailer: %+v, %v", got, err)
	}
	if got, err := scan(append(bytes.Clone(whole), "rubbish"...)); err != nil || got != want {
		t.Errorf("with rubbish behind: %+v, %v", got, err)
	}
	padded := append(bytes.Clone(whole[:len(whole)-1]), 0, 0, 0x3b)
	if got, err := scan(padded); err != nil || got != want {
		t.Errorf("padded: %+v, %v", got, err)
	}
	odd := append(bytes.Clone(whole[:len(whole)-1]), 0x77)
	_, err = scan(odd)
	wantFailure(t, err, media.InvalidMedia, "after 5 frames")
	_, err = scan(whole[:len(whole)-9])
	wantFailure(t, err, media.InvalidMedia, "cut short: it ends after 4 whole frames")
	_, err = scan([]byte("GIF89a"))
	wantFailure(t, err, media.InvalidMedia, "cut short")
	_, err = scan(nil)
	wantFailure(t, err, media.InvalidMedia, "cut short")
	_, err = scan([]byte("#EXTM3U\nhttp://x/"))
	wantFailure(t, err, media.InvalidMedia, "not a GIF")
	_, err = scan([]byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"))
	wantFailure(t, err, media.InvalidMedia, "no frame")
	_, err = scan([]byte("GIF89a\x00\x00\x01\x00\x00\x00\x00;"))
	wantFailure(t, err, media.InvalidMedia, "0×1")
	_, err = scan([]byte("GIF89a\xff\xff\xff\xff\x00\x00\x00;"))
	wantFailure(t, err, media.UnsupportedMedia, "65535×65535")
}

// countingReader counts what is read of it.
type countingReader struct {
	r io.ReaderAt
	n int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n += int64(n)
	return n, err
}

// TestScanGIFStops: ten thousand frames are refused at the first too many,
// without reading the rest.
func TestScanGIFStops(t *testing.T) {
	data := makeGIF(t, 1, 1, make([]int, 10_000)...)
	r := &countingReader{r: bytes.NewReader(data)}
	_, err := scanGIF(t.Context(), r, int64(len(data)), media.DefaultLimits().TweetGIF)
	wantFailure(t, err, media.UnsupportedMedia, "it has 3001 frames or more, and 3000 are the most")
	if r.n > int64(len(data))*2/3 {
		t.Errorf("%d of %d bytes were read", r.n, len(data))
	}

	l := media.DefaultLimits().TweetGIF
	l.MaxDuration = time.Second
	_, err = scanGIF(t.Context(), bytes.NewReader(makeGIF(t, 1, 1, 60, 60)), 1<<20, l)
	wantFailure(t, err, media.UnsupportedMedia, "Duration 1.seconds+200.milliseconds exceeds max duration of 1.seconds")
}

type brokenReader struct{ err error }

func (b brokenReader) ReadAt([]byte, int64) (int, error) { return 0, b.err }

// TestScanGIFFault: a source that fails is no file that is cut short.
func TestScanGIFFault(t *testing.T) {
	_, err := scanGIF(t.Context(), brokenReader{io.ErrUnexpectedEOF}, 100, media.DefaultLimits().TweetGIF)
	wantFault(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = scanGIF(ctx, bytes.NewReader(makeGIF(t, 1, 1, 5)), 100, media.DefaultLimits().TweetGIF)
	wantFault(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestScanGIFAgrees holds the scanner against the standard library's decoder.
func TestScanGIFAgrees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		delays := rapid.SliceOfN(rapid.IntRange(0, 300), 1, 12).Draw(rt, "delays")
		data := makeGIF(t, rapid.IntRange(1, 40).Draw(rt, "w"), rapid.IntRange(1, 40).Draw(rt, "h"), delays...)
		got, err := scan(data)
		if err != nil {
			rt.Fatal(err)
		}
		want, err := gif.DecodeAll(bytes.NewReader(data))
		if err != nil {
			rt.Fatal(err)
		}
		if got.Frames != len(want.Image) || got.Width != want.Config.Width || got.Height != want.Config.Height {
			rt.Fatalf("%+v", got)
		}
		// Cut anywhere, it never has more frames, and never panics.
		cut := rapid.IntRange(0, len(data)).Draw(rt, "cut")
		if part, err := scan(data[:cut]); err == nil && part.Frames > got.Frames {
			rt.Fatalf("%d frames in a part of %d", part.Frames, got.Frames)
		}
	})
}

func FuzzScanGIF(f *testing.F) {
	whole := makeGIF(f, 5, 4, 3, 0)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add([]byte("GIF87a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00,"))
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		b := bytes.Clone(whole)
		b[r.IntN(len(b))] = byte(r.Uint32())
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := media.DefaultLimits().TweetGIF
		l.MaxFrames = 3
		got, err := scanGIF(context.Background(), bytes.NewReader(data), int64(len(data)), l)
		var failure *media.Failure
		if err != nil && !errors.As(err, &failure) {
			t.Fatalf("error %v is no failure of the file", err)
		}
		if err == nil && (got.Frames < 1 || got.Frames > 3 || got.Width < 1 || got.Height < 1 || got.Duration < 20*time.Millisecond || got.LastDelay > got.Duration) {
			t.Fatalf("%+v", got)
		}
	})
}

func processGIF(t *testing.T, typ media.Type, data []byte) (media.Outcome, *memory, error) {
	t.Helper()
	var m memory
	o, err := newEngine(t).Process(t.Context(), inputOf(t, typ, media.TweetGIF, data), &m)
	return o, &m, err
}

// TestGIF checks delays to the hundredth, the white ground, and the record.
func TestGIF(t *testing.T) {
	t.Parallel()
	o, m, err := processGIF(t, media.GIF, makeGIF(t, 41, 31, 7, 30, 0, 50))
	if err != nil {
		t.Fatal(err)
	}
	if o.Width != 41 || o.Height != 31 || o.Duration != 970*time.Millisecond {
		t.Errorf("outcome %+v", o)
	}
	if diff := cmp.Diff([]string{"40x30.mp4", "poster.jpg"}, m.names()); diff != "" {
		t.Fatal(diff)
	}
	r := m.records["40x30.mp4"]
	if r.BitRate != 0 || r.Role != media.RoleMP4 {
		t.Errorf("record %+v", r)
	}
	data := m.files[r.Name]
	f := checkMP4(t, r, data, o.Duration, false)
	var delays []string
	for _, p := range f.Packets {
		delays = append(delays, p.Duration)
	}
	if diff := cmp.Diff([]string{"0.070000", "0.300000", "0.100000", "0.500000"}, delays); diff != "" {
		t.Error(diff)
	}
	if got := pixel(t, data, "0", 30, 20); got[0] < 240 || got[1] < 240 || got[2] < 240 {
		t.Errorf("what was transparent is %v, want white", got)
	}
	if got := pixel(t, data, "0", 8, 8); got[0] < 200 || got[2] > 80 {
		t.Errorf("the square is %v, want red", got)
	}
	if got := pixel(t, data, "0.07", 8, 8); got[2] < 200 || got[0] > 80 {
		t.Errorf("the second square is %v, want blue", got)
	}
	checkPoster(t, m, 40, 30)
}

func TestGIFSingleFrame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h, delay int
		name        string
		seconds     float64
	}{{1, 1, 0, "2x2.mp4", 0.1}, {320, 240, 400, "320x240.mp4", 4}} {
		o, m, err := processGIF(t, media.GIF, makeGIF(t, c.w, c.h, c.delay))
		if err != nil {
			t.Fatal(err)
		}
		f := checkMP4(t, m.records[c.name], m.files[c.name], o.Duration, false)
		if len(f.Packets) != 1 || o.Duration.Seconds() != c.seconds {
			t.Errorf("%d pictures, %v", len(f.Packets), o.Duration)
		}
	}
}

// TestGIFAsMP4: what clients convert before they upload stays one silent file.
func TestGIFAsMP4(t *testing.T) {
	t.Parallel()
	data := generate(t, slices.Concat(picture("s=640x480:r=25:d=1"), tone("d=1"), x264, aac, []string{"in.mp4"})...)
	o, m, err := processGIF(t, media.MP4, data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"640x480.mp4", "poster.jpg"}, m.names()); diff != "" {
		t.Fatal(diff)
	}
	if m.records["640x480.mp4"].BitRate != 0 || o.Width != 640 {
		t.Errorf("record %+v, outcome %+v", m.records["640x480.mp4"], o)
	}
	checkMP4(t, m.records["640x480.mp4"], m.files["640x480.mp4"], time.Second, false)
}

func TestGIFRefused(t *testing.T) {
	t.Parallel()
	_, m, err := processGIF(t, media.GIF, makeGIF(t, 1, 1, make([]int, 10_000)...))
	wantFailure(t, err, media.UnsupportedMedia, "it has 3001 frames or more, and 3000 are the most")
	if len(m.order) != 0 {
		t.Errorf("saved %v", m.order)
	}
}
