package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
	"magpie/internal/processing/ffmpeg/hybrid"
)

// looked is what is read of a film without ffprobe.
func looked(data []byte) (probed, error) {
	m, err := hybrid.Look(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return probed{}, err
	}
	return told(m), nil
}

// asked is what ffprobe says of it.
func asked(t *testing.T, data []byte) (probed, error) {
	t.Helper()
	src, err := sourceOf(inputOf(t, media.MP4, media.TweetVideo, data))
	if err != nil {
		t.Fatal(err)
	}
	return newEngine(t).probe(t.Context(), src)
}

// What is read of a plain film is what ffprobe says, to the last number.
func TestToldIsWhatFFprobeSays(t *testing.T) {
	t.Parallel()
	both := func(p, s string) []string { return slices.Concat(picture(p), tone(s)) }
	high := []string{"-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p", "-profile:v", "high", "-c:a", "aac"}
	for name, args := range map[string][]string{
		"as editors write it":   slices.Concat(both("s=640x360:r=30:d=3", "d=3"), high),
		"index first":           slices.Concat(both("s=640x360:r=30:d=3", "d=3"), high, []string{"-movflags", "+faststart"}),
		"broadcast":             slices.Concat(both("s=640x360:r=30000/1001:d=3", "d=3:r=48000"), high),
		"film":                  slices.Concat(both("s=640x270:r=24000/1001:d=3", "d=3:r=48000"), high, []string{"-ac", "2"}),
		"fast":                  slices.Concat(both("s=320x180:r=60:d=3", "d=3"), high),
		"slow":                  slices.Concat(both("s=320x180:r=25:d=3", "d=2.9"), high),
		"cut to its size":       slices.Concat(both("s=1918x1078:r=10:d=2", "d=2"), high),
		"upright":               slices.Concat(picture("s=270x480:r=30:d=2"), high),
		"Main":                  slices.Concat(picture("s=320x180:r=30:d=2"), high, []string{"-profile:v", "main"}),
		"without B":             slices.Concat(both("s=320x180:r=30:d=2", "d=2"), high, []string{"-bf", "0"}),
		"colours are named":     slices.Concat(picture("s=320x180:r=30:d=2"), high, []string{"-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-movflags", "+write_colr"}),
		"pixels are named":      slices.Concat(picture("s=320x180:r=30:d=2"), []string{"-vf", "setsar=1"}, high),
		"another clock":         slices.Concat(both("s=320x180:r=30:d=2", "d=2"), high, []string{"-video_track_timescale", "90000", "-movie_timescale", "600"}),
		"sound comes first":     slices.Concat(both("s=320x180:r=30:d=2", "d=2"), high, []string{"-map", "1:a", "-map", "0:v"}),
		"sound is shorter":      slices.Concat(both("s=320x180:r=30:d=4", "d=2"), high),
		"sound is longer":       slices.Concat(both("s=320x180:r=30:d=2", "d=2.4"), high),
		"no edits":              slices.Concat(picture("s=320x180:r=30:d=2"), high, []string{"-bf", "0", "-use_editlist", "0"}),
		"two references, CAVLC": slices.Concat(picture("s=320x180:r=30:d=2"), high, []string{"-x264-params", "ref=2:cabac=0:8x8dct=0"}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := generate(t, append(args, "in.mp4")...)
			got, err := looked(data)
			if err != nil {
				t.Fatal(err)
			}
			want, err := asked(t, data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(ratio{}, orientation{})); diff != "" {
				t.Errorf("(-ffprobe +ours):\n%s", diff)
			}
		})
	}
}

// plainFilm is a long one at a steady rate, as the swift way takes it.
func plainFilm(t *testing.T, picture string, more ...string) []byte {
	t.Helper()
	piece := generate(t, slices.Concat([]string{
		"-f", "lavfi", "-i", picture + "s=1920x1080:r=30:d=1", "-c:v", "libx264", "-preset", "superfast",
		"-profile:v", "high", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "30", "-crf", "35",
	}, more, []string{"-f", "h264", "in.h264"})...)
	return generateFrom(t, bytes.Repeat(piece, 15), slices.Concat([]string{"-framerate", "30", "-f", "h264", "-i", "source"}, tone("d=15"),
		[]string{"-c:v", "copy", "-bsf:v", "setts=ts=N*40000", "-c:a", "aac", "-movflags", "+faststart", "in.mp4"})...)
}

// A plain film is copied and has its poster without a probe, and comes out as it does
// with one. Its lower rungs come later, as those of others do.
func TestSwift(t *testing.T) {
	t.Parallel()
	e, source := expecting(t)
	plain := plainFilm(t, "testsrc2=")
	for name, c := range map[string]struct {
		data []byte
		way  way
		dark bool
	}{
		"plain":             {data: plain, way: arrived},
		"dark for good":     {data: plainFilm(t, "color=black:"), way: arrived, dark: true},
		"another rhythm":    {data: longFilm(t)},
		"groups not closed": {data: openFilm(t), way: astray},
		"damaged":           {data: damaged(bytes.Clone(plain)), way: astray},
		"short":             {data: generate(t, slices.Concat(picture("s=320x180:r=30:d=2"), export, []string{"in.mp4"})...)},
	} {
		var swift, thorough memory
		in := offered(t, source, c.data)
		in.Quick = true
		src, err := sourceOf(in)
		if err != nil {
			t.Fatal(err)
		}
		got, how, err := e.swift(t.Context(), src, in, &swift)
		if how != c.way || err != nil {
			t.Errorf("%s: way %d, want %d, %v", name, how, c.way, err)
		}
		for _, d := range swift.drafts {
			if !d.ended {
				t.Errorf("%s: what was begun is still there", name)
			}
		}
		if c.way != arrived {
			if len(swift.order) > 0 || !cmp.Equal(got, media.Outcome{}) {
				t.Errorf("%s: saved %v, %+v", name, swift.order, got)
			}
			continue
		}
		want, err := e.thorough(t.Context(), src, in, &thorough, false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || !got.More {
			t.Errorf("%s (-thorough +swift): %s", name, diff)
		}
		if diff := cmp.Diff(thorough.order, swift.order); diff != "" {
			t.Errorf("%s (-thorough +swift): %s", name, diff)
		}
		for n := range thorough.files {
			if !bytes.Equal(swift.files[n], thorough.files[n]) {
				t.Errorf("%s: %s is another one", name, n)
			}
		}
		img, err := jpeg.Decode(bytes.NewReader(swift.files[posterName]))
		if err != nil {
			t.Fatal(err)
		}
		if dark := score(img.(*image.YCbCr)) < clear; dark != c.dark {
			t.Errorf("%s: the poster is dark: %t", name, dark)
		}
	}
	e.early.dismiss()
}

// openFilm is plain by its index, and its groups need each other's pictures.
func openFilm(t *testing.T) []byte {
	t.Helper()
	return generate(t, slices.Concat([]string{"-f", "lavfi", "-i", "color=gray:s=1920x1080:r=30:d=12"}, []string{
		"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "2", "-g", "30", "-x264-params", "open-gop=1:scenecut=0",
		"-movflags", "+faststart", "in.mp4",
	})...)
}

// What a film is refused for is said by the probe and what comes after it.
func TestSwiftLeavesVerdictsToTheProbe(t *testing.T) {
	t.Parallel()
	data := plainFilm(t, "color=gray:")
	for name, c := range map[string]struct {
		limit func(*media.Limit)
		words string
	}{
		"too long":  {func(l *media.Limit) { l.MaxDuration = 5 * time.Second }, "5"},
		"too large": {func(l *media.Limit) { l.MaxPixels = 1000 }, "1920"},
		"too far":   {func(l *media.Limit) { l.MaxGOP = 20 }, "20"},
	} {
		e := newEngine(t, func(c *Config) { c.Limits = media.DefaultLimits() })
		c.limit(&e.limits.TweetVideo)
		in := inputOf(t, media.MP4, media.TweetVideo, data)
		var m memory
		src, err := sourceOf(in)
		if err != nil {
			t.Fatal(err)
		}
		if _, how, err := e.swift(t.Context(), src, in, &m); how != notGone || err != nil || len(m.drafts) > 0 {
			t.Errorf("%s: way %d, %v", name, how, err)
		}
		_, err = e.Process(t.Context(), in, &m)
		var f *media.Failure
		if !errors.As(err, &f) || !strings.Contains(f.Message, c.words) || len(m.order) > 0 {
			t.Errorf("%s: %v, saved %v", name, err, m.order)
		}
	}
}

// What panics beside the copy ends the attempt, and not the process.
func TestBesidePanics(t *testing.T) {
	t.Parallel()
	_, _, err := beside(t.Context(), func(context.Context) (still, error) { panic("on purpose") }, func() ([]rendered, error) { return nil, nil })
	if err == nil || !strings.Contains(err.Error(), "on purpose") {
		t.Error(err)
	}
}

// A store that fails, or an end from outside, is no fault of the film and leaves nothing.
func TestSwiftFault(t *testing.T) {
	t.Parallel()
	e, source := expecting(t)
	data := plainFilm(t, "color=gray:")
	full := errors.New("no room")
	m := memory{writeErr: full}
	_, err := e.Process(t.Context(), offered(t, source, data), &m)
	wantFault(t, err)
	if !errors.Is(err, full) || len(m.drafts) != 1 || !m.drafts[0].ended {
		t.Errorf("error %v, %d drafts", err, len(m.drafts))
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m = memory{onWrite: cancel}
	_, err = e.Process(ctx, offered(t, source, data), &m)
	wantFault(t, err)
	if !errors.Is(err, context.Canceled) || len(m.drafts) != 1 || !m.drafts[0].ended || len(m.order) > 0 {
		t.Errorf("error %v, %d drafts", err, len(m.drafts))
	}

	original := turningFrom(bytes.NewReader(data))
	in := offered(t, source, data)
	in.Original = original
	gone := errors.New("gone")
	m = memory{}
	_, err = e.Process(t.Context(), in, beginning{&m, func() { original.turn(nothing{gone}) }})
	wantFault(t, err)
	if !errors.Is(err, gone) || !m.drafts[0].ended || len(m.order) > 0 {
		t.Errorf("error %v", err)
	}
}

// TestSwiftOfDamage: whatever a wounded film ends as with a probe, it ends as without
// one, to the last byte.
func TestSwiftOfDamage(t *testing.T) {
	t.Parallel()
	e, source := expecting(t)
	data := plainFilm(t, "testsrc2=")
	r := rand.New(rand.NewPCG(4, 12))
	tries, gone := 6, 0
	if os.Getenv("MAGPIE_SOAK") != "" {
		tries = 300
	}
	for i := 0; i < tries; {
		wounded := wounded(r, data)
		if _, err := looked(wounded); err != nil {
			continue // the same way in any case
		}
		i++
		in := offered(t, source, wounded)
		in.Quick = true
		src, err := sourceOf(in)
		if err != nil {
			t.Fatal(err)
		}
		var swift, thorough memory
		got, how, err := e.swift(t.Context(), src, in, &swift)
		if err != nil {
			t.Errorf("film %d: %v", i, err)
		}
		if how != arrived {
			continue
		}
		gone++
		want, err := e.thorough(t.Context(), src, in, &thorough, false)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("film %d: %v; (-thorough +swift) %s", i, err, diff)
		}
		if diff := cmp.Diff(thorough.order, swift.order); diff != "" {
			t.Errorf("film %d (-thorough +swift): %s", i, diff)
		}
		for n := range thorough.files {
			if !bytes.Equal(swift.files[n], thorough.files[n]) {
				t.Errorf("film %d: %s is another one", i, n)
			}
		}
	}
	if gone == 0 {
		t.Error("none went the swift way: the damage is too large to say anything")
	}
}

// wounded is a film of which some numbers are others, most of them in its index and at
// its first picture.
func wounded(r *rand.Rand, film []byte) []byte {
	b := bytes.Clone(film)
	from, pictures := bytes.Index(b, []byte("moov")), bytes.Index(b, []byte("mdat"))
	for range 1 + r.IntN(3) {
		at := from + r.IntN(pictures-from)
		switch r.IntN(4) {
		case 0: // what there is little of, and says much
			boxes := []string{"avcC", "stsd", "esds", "elst", "tkhd", "mdhd", "hdlr", "mvhd"}
			at = bytes.Index(b, []byte(boxes[r.IntN(len(boxes))])) + r.IntN(60)
		case 1:
			at = pictures + 4 + r.IntN(200)
		case 2:
			at = pictures + r.IntN(200_000)
		}
		at = max(at, from)
		switch r.IntN(4) {
		case 0:
			b[at] ^= 1 << r.IntN(8)
		case 1:
			b[at] = byte(r.Uint32())
		case 2:
			copy(b[at:], "\xFF\xFF\xFF\xFF"[:1+r.IntN(4)])
		default:
			copy(b[at:], "\x00\x00\x00\x00"[:1+r.IntN(4)])
		}
	}
	return b
}
