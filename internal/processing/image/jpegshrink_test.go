package image

import (
	"bytes"
	"context"
	std "image"
	"image/jpeg"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/media"
)

func TestRowsAreShrunkAsPlanesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.IntRange(1, 2).Draw(t, "step")
		w, h := rapid.IntRange(1, 60).Draw(t, "w"), rapid.IntRange(1, 60).Draw(t, "h")
		outW, outH := rapid.IntRange(1, w).Draw(t, "to w"), rapid.IntRange(1, h).Draw(t, "to h")
		outStep := rapid.IntRange(step, 2).Draw(t, "to step")
		across := axis{n: outW, step: step, outStep: outStep, length: w}
		down := axis{n: outH, step: step, outStep: outStep, length: h}
		cols, rows := (w+step-1)/step, (h+step-1)/step
		pix := rapid.SliceOfN(rapid.Byte(), cols*rows, cols*rows).Draw(t, "samples")

		want := make([]byte, across.samples()*down.samples())
		shrinkPlane(want, across.samples(), plane{row: bytesOf(pix, cols, cols, nil), stepX: step, stepY: step}, across, down)
		got := make([]byte, len(want))
		s := newRowShrinker(got, across.samples(), across, down)
		for y := range rows {
			s.take(pix[y*cols:][:cols])
		}
		s.take(pix[:cols]) // what a block has below the picture
		if !bytes.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func shrunk(file []byte, w, h int) (f frame, ok bool) {
	return shrinkJPEG(newSource(context.Background(), bytes.NewReader(file), int64(len(file))), w, h)
}

// TestLargePlainJPEGIsShrunkAsItIsRead: what comes of it is what comes of the whole
// picture, and it takes little more memory than that.
func TestLargePlainJPEGIsShrunkAsItIsRead(t *testing.T) {
	for _, form := range []plainForm{
		{w: 2411, h: 1203, across: 2, down: 2},
		{w: 900, h: 3333, across: 2, down: 1, restart: 7},
		{w: 2049, h: 301, across: 1, down: 2},
		{w: 2300, h: 400, across: 1, down: 1},
		{w: 2300, h: 400},
	} {
		form.quality, form.noise = 90, 30
		file := plainJPEG(form)
		whole, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		want := sizes()[0].make(newFrame(whole, form.w, form.h), upright)
		var f frame
		var ok bool
		took := allocated(func() { f, ok = shrunk(file, form.w, form.h) })
		if !ok {
			t.Fatalf("%+v was left to image/jpeg", form)
		}
		if f.img.Bounds() != std.Rect(0, 0, f.width, f.height) || !f.opaque || f.grey != (form.across == 0) {
			t.Errorf("%+v became %+v", form, f)
		}
		if far := furthest(f.img, want); far < 0 || far > 1 {
			t.Errorf("%+v: %T of %v is %d from %T of %v", form, f.img, f.img.Bounds(), far, want, want.Bounds())
		}
		if most := 3*area(f.width, f.height)/2 + 1<<20 + int64(len(file)); took > most {
			t.Errorf("%+v took %d bytes, at most %d are well", form, took, most)
		}
	}
}

// What its sizes can't be made of the largest of, or is no larger, is read whole.
func TestStripsAndSmallPicturesAreReadWhole(t *testing.T) {
	for _, form := range []plainForm{
		{w: 2048, h: 500, across: 2, down: 2}, {w: 4000, h: 200, across: 2, down: 2},
	} {
		form.quality = 80
		file := plainJPEG(form)
		if f, ok := shrunk(file, form.w, form.h); ok {
			t.Errorf("%+v was shrunk to %d×%d", form, f.width, f.height)
		}
		process(t, media.JPEG, file)
	}
}

// TestLargeDamagedJPEGIsRefusedInTheLibrarysWords: that it is read another way first
// shows nowhere.
func TestLargeDamagedJPEGIsRefusedInTheLibrarysWords(t *testing.T) {
	file := plainJPEG(plainForm{w: 2100, h: 700, quality: 80, across: 2, down: 2, noise: 9, restart: 50})
	for name, file := range map[string][]byte{
		"cut short":     file[:len(file)*2/3],
		"without end":   file[:len(file)-2],
		"other restart": bytes.Replace(bytes.Clone(file), []byte{0xff, 0xd3}, []byte{0xff, 0xc3}, 1),
	} {
		if _, ok := shrunk(file, 2100, 700); ok {
			t.Errorf("%s: was read", name)
		}
		_, err := jpeg.Decode(bytes.NewReader(file))
		want := explain("JPEG", err).(*media.Failure)
		if got := refused(t, media.JPEG, file, want.Name); got.Message != want.Message {
			t.Errorf("%s: %q, not %q", name, got.Message, want.Message)
		}
	}
}
