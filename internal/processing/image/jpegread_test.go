package image

import (
	"bytes"
	std "image"
	"image/jpeg"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// plainForm is how plainJPEG writes a picture.
type plainForm struct {
	w, h, quality int
	across, down  int // how many luma samples there are for one of chroma; 0 is grey
	restart       int // units between restarts; 0 without
	noise         int
	seed          uint64
}

// plainJPEG is a file of that form, in blocks that have nothing to do with each other.
func plainJPEG(form plainForm) []byte {
	var file bytes.Buffer
	e := &jpegWriter{w: &file, tables: sharedTables()}
	planes := 3
	if form.across == 0 {
		planes, form.across, form.down = 1, 1, 1
	}
	e.head(form.w, form.h, planes, form.quality)
	if planes == 3 {
		e.buf[bytes.Index(e.buf, []byte{0xff, 0xc0})+11] = byte(form.across<<4 | form.down)
	}
	if form.restart > 0 {
		e.buf = insert(e.buf, 2, segment(0xdd, string([]byte{byte(form.restart >> 8), byte(form.restart)})))
	}
	rnd := rand.New(rand.NewPCG(form.seed, 2))
	put := func(table int, before int32) int32 {
		level, x, y := rnd.IntN(256), rnd.IntN(40)-20, rnd.IntN(40)-20
		var samples [64]byte
		for i := range samples {
			samples[i] = byte(min(255, max(0, level+x*(i%8)+y*(i/8)+rnd.IntN(2*form.noise+1)-form.noise)))
		}
		e.room()
		return e.block(table, samples[:], 8, before)
	}
	var dc [3]int32
	across, down := 8*form.across, 8*form.down
	units := (form.w + across - 1) / across * ((form.h + down - 1) / down)
	for i := range units {
		if form.restart > 0 && i > 0 && i%form.restart == 0 {
			e.bits.put(0x7f, 7)
			e.buf = e.bits.stuffed(e.buf)
			e.bits.word, e.bits.count, dc = 0, 0, [3]int32{}
			e.buf = append(e.buf, 0xff, 0xd0+byte(i/form.restart-1)&7)
		}
		for range form.across * form.down {
			dc[0] = put(0, dc[0])
		}
		for c := 1; c < planes; c++ {
			dc[c] = put(1, dc[c])
		}
	}
	e.end()
	return file.Bytes()
}

// read is all of a picture, as image/jpeg gives it.
func (d *jpegReader) read() (std.Image, error) {
	whole := make([][]byte, len(d.planes))
	for range d.unitRows {
		if err := d.next(); err != nil {
			return nil, err
		}
		for i, p := range d.planes {
			whole[i] = append(whole[i], p.pix...)
		}
	}
	if err := d.ends(0xd9); err != nil {
		return nil, err
	}
	r := std.Rect(0, 0, d.width, d.height)
	if len(d.planes) == 1 {
		return &std.Gray{Pix: whole[0], Stride: d.planes[0].stride, Rect: r}, nil
	}
	ratio := map[[2]int]std.YCbCrSubsampleRatio{
		{1, 1}: std.YCbCrSubsampleRatio444, {2, 1}: std.YCbCrSubsampleRatio422,
		{2, 2}: std.YCbCrSubsampleRatio420, {1, 2}: std.YCbCrSubsampleRatio440,
	}[[2]int{d.planes[1].stepX, d.planes[1].stepY}]
	return &std.YCbCr{
		Y: whole[0], Cb: whole[1], Cr: whole[2], YStride: d.planes[0].stride, CStride: d.planes[1].stride,
		SubsampleRatio: ratio, Rect: r,
	}, nil
}

// readPlain reads a file with a jpegReader.
func readPlain(file []byte) (std.Image, error) {
	d, err := newJPEGReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return d.read()
}

// furthest is the largest difference between samples of two pictures of one kind;
// -1 for pictures that can't be compared.
func furthest(a, b std.Image) int {
	if a.Bounds() != b.Bounds() {
		return -1
	}
	far := 0
	differ := func(p, q byte) { far = max(far, int(p)-int(q), int(q)-int(p)) }
	r := a.Bounds()
	switch a := a.(type) {
	case *std.Gray:
		b, ok := b.(*std.Gray)
		if !ok {
			return -1
		}
		for y := range r.Max.Y {
			for x := range r.Max.X {
				differ(a.GrayAt(x, y).Y, b.GrayAt(x, y).Y)
			}
		}
	case *std.YCbCr:
		b, ok := b.(*std.YCbCr)
		if !ok || a.SubsampleRatio != b.SubsampleRatio {
			return -1
		}
		for y := range r.Max.Y {
			for x := range r.Max.X {
				p, q := a.YCbCrAt(x, y), b.YCbCrAt(x, y)
				differ(p.Y, q.Y)
				differ(p.Cb, q.Cb)
				differ(p.Cr, q.Cr)
			}
		}
	default:
		return -1
	}
	return far
}

func drawPlain(t *rapid.T) plainForm {
	form := plainForm{
		w: rapid.IntRange(1, 90).Draw(t, "w"), h: rapid.IntRange(1, 70).Draw(t, "h"),
		quality: rapid.IntRange(20, 100).Draw(t, "quality"), restart: rapid.IntRange(0, 12).Draw(t, "restart"),
		noise: rapid.IntRange(0, 120).Draw(t, "noise"), seed: rapid.Uint64().Draw(t, "seed"),
	}
	if rapid.IntRange(0, 4).Draw(t, "colour") > 0 {
		form.across, form.down = rapid.IntRange(1, 2).Draw(t, "across"), rapid.IntRange(1, 2).Draw(t, "down")
	}
	return form
}

func TestPlainJPEGIsReadAsTheLibraryReadsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := plainJPEG(drawPlain(t))
		want, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readPlain(file)
		if err != nil {
			t.Fatal(err)
		}
		if far := furthest(got, want); far < 0 || far > 1 {
			t.Fatalf("%T %v is %d from %T %v", got, got.Bounds(), far, want, want.Bounds())
		}
	})
}

// TestDamagedPlainJPEGIsLeftToTheLibrary: whatever is done to a file, the reader takes
// it only if the library does.
func TestDamagedPlainJPEGIsLeftToTheLibrary(t *testing.T) {
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		file := plainJPEG(drawPlain(t))
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			at := rapid.IntRange(0, len(file)-1).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "what") {
			case 0:
				file = file[:max(at, 1)]
			case 1:
				file[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			case 2:
				file[at] = 0xff
			default:
				file = insert(file, at, rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "more"))
			}
		}
		if sameVerdict(t, file) {
			taken++
		}
	})
	if taken == 0 {
		t.Error("every damaged file was left to the library: nothing was compared")
	}
}

// TestGreyOfAnySampling: of one plane it says nothing, but not all of it may be said.
func TestGreyOfAnySampling(t *testing.T) {
	for hv := range 256 {
		file := plainJPEG(plainForm{w: 20, h: 9, quality: 80, noise: 9, seed: 1})
		file[bytes.Index(file, []byte{0xff, 0xc0})+11] = byte(hv)
		usual := hv == 0x11 || hv == 0x12 || hv == 0x21 || hv == 0x22
		if taken := sameVerdict(t, file); taken != usual {
			t.Errorf("%02x: taken %v", hv, taken)
		}
	}
}

// sameVerdict reports whether a file was taken, and sees that the library takes it
// too, for a picture of the same kind. How loud a noise comes of coefficients that
// no picture has is not compared.
func sameVerdict(t interface{ Fatalf(string, ...any) }, file []byte) bool {
	got, err := readPlain(file)
	if err != nil {
		return false
	}
	want, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatalf("was read, though image/jpeg says %v", err)
	}
	if _, colours := want.(*std.RGBA); !colours && furthest(got, want) < 0 { // of those, probeJPEG does not ask
		t.Fatalf("is a %T of %v, not a %T of %v", got, got.Bounds(), want, want.Bounds())
	}
	return true
}

func FuzzPlainJPEG(f *testing.F) {
	for _, form := range []plainForm{
		{w: 20, h: 20, quality: 80, across: 2, down: 2, noise: 20},
		{w: 9, h: 30, quality: 95, across: 2, down: 1, restart: 2, noise: 3},
		{w: 30, h: 9, quality: 50, noise: 60},
	} {
		f.Add(plainJPEG(form))
	}
	f.Add(progressive(2, 2, 1, "", flat(1)))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := newJPEGReader(bytes.NewReader(file))
		if err == nil && d.width*d.height < 1<<20 {
			sameVerdict(t, file)
		}
	})
}
