package image

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	std "image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// mottled is a picture with smooth parts, edges and noise.
func mottled(w, h int, seed uint64, noise int) *std.NRGBA {
	rnd := rand.New(rand.NewPCG(seed, 1))
	img := std.NewNRGBA(std.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			p := img.Pix[y*img.Stride+4*x:]
			for k := range 3 {
				v := (x*(k+1)*3/2 + y*(3-k)) % 256
				if (x/11+y/7)%5 == 0 {
					v = 255 * ((x + k) & 1)
				}
				p[k] = uint8(min(255, max(0, v+rnd.IntN(2*noise+1)-noise)))
			}
			p[3] = 255
		}
	}
	return img
}

// asPlanes is a picture as the decoder gives it.
func asPlanes(t interface{ Fatal(...any) }, img std.Image) *std.YCbCr {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, img, &jpeg.Options{Quality: 97}); err != nil {
		t.Fatal(err)
	}
	got, err := jpeg.Decode(&file)
	if err != nil {
		t.Fatal(err)
	}
	return got.(*std.YCbCr)
}

// distance is the mean square between two pictures' colours.
func distance(t interface{ Fatalf(string, ...any) }, a, b std.Image) float64 {
	if a.Bounds() != b.Bounds() {
		t.Fatalf("%v beside %v", a.Bounds(), b.Bounds())
	}
	sum, n := 0.0, 0
	r := a.Bounds()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			r1, g1, b1, _ := a.At(x, y).RGBA()
			r2, g2, b2, _ := b.At(x, y).RGBA()
			for _, d := range []int{int(r1>>8) - int(r2>>8), int(g1>>8) - int(g2>>8), int(b1>>8) - int(b2>>8)} {
				sum += float64(d * d)
				n++
			}
		}
	}
	return sum / float64(n)
}

// TestJPEGIsAsTheLibraryWouldWriteIt: the same tables to the byte, a picture that
// is as near to the original, and about as many bytes.
func TestJPEGIsAsTheLibraryWouldWriteIt(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w, h := rapid.IntRange(1, 70).Draw(r, "w"), rapid.IntRange(1, 70).Draw(r, "h")
		quality := rapid.IntRange(40, 100).Draw(r, "quality")
		img := std.Image(mottled(w, h, rapid.Uint64().Draw(r, "seed"), rapid.IntRange(0, 128).Draw(r, "noise")))
		other := img
		switch rapid.IntRange(0, 3).Draw(r, "kind") {
		case 0:
			grey := std.NewGray(img.Bounds())
			for i := range grey.Pix {
				grey.Pix[i] = img.(*std.NRGBA).Pix[4*i]
			}
			img, other = grey, grey
		case 1:
			planes := asPlanes(r, img)
			img, other = planes, planes
		case 2:
			m := img.(*std.NRGBA)
			img = &std.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
			other = img
		}
		var ours, theirs bytes.Buffer
		done, err := new(pools).encodeJPEG(&ours, img, quality)
		if !done || err != nil {
			r.Fatalf("%T: %v %v", img, done, err)
		}
		if err := jpeg.Encode(&theirs, other, &jpeg.Options{Quality: quality}); err != nil {
			r.Fatal(err)
		}
		startOfScan := []byte{0xff, 0xda}
		head, headOfTheirs := bytes.Index(ours.Bytes(), startOfScan), bytes.Index(theirs.Bytes(), startOfScan)
		if _, grey := img.(*std.Gray); !grey && !bytes.Equal(ours.Bytes()[:head], theirs.Bytes()[:headOfTheirs]) {
			r.Fatalf("the heads are\n%x\n%x", ours.Bytes()[:head], theirs.Bytes()[:headOfTheirs])
		}
		if a, b := ours.Len()-head, theirs.Len()-headOfTheirs; a > b+b/20+16 {
			r.Errorf("%d bytes of data, the library's are %d", a, b)
		}
		a, err := jpeg.Decode(bytes.NewReader(ours.Bytes()))
		if err != nil {
			r.Fatal(err)
		}
		b, err := jpeg.Decode(bytes.NewReader(theirs.Bytes()))
		if err != nil {
			r.Fatal(err)
		}
		if mine, library := distance(r, a, img), distance(r, b, img); w > 15 && h > 15 && mine > 1.1*library+3 {
			r.Errorf("the mean square of the error is %.2f, the library's %.2f", mine, library)
		}
	})
}

// TestJPEGOfExtremes: the largest numbers that a block can hold have codes.
func TestJPEGOfExtremes(t *testing.T) {
	for shift := range 8 {
		grey := std.NewGray(std.Rect(0, 0, 64, 64))
		for i := range grey.Pix {
			grey.Pix[i] = uint8(255 * ((i%64>>(shift&3) ^ i/64>>(shift>>1)) & 1))
		}
		var file bytes.Buffer
		if _, err := new(pools).encodeJPEG(&file, grey, 100); err != nil {
			t.Fatal(err)
		}
		got, err := jpeg.Decode(&file)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(t, got, grey); d > 1 {
			t.Errorf("pattern %d: the mean square of the error is %.2f", shift, d)
		}
	}
}

type refuser struct{ after int }

var errRefused = errors.New("refused")

func (r *refuser) Write(p []byte) (int, error) {
	if r.after -= len(p); r.after < 0 {
		return 0, errRefused
	}
	return len(p), nil
}

func TestJPEGTellsOfAFailedWrite(t *testing.T) {
	img := mottled(600, 500, 1, 120)
	for _, after := range []int{0, 100, 40 << 10} {
		if done, err := new(pools).encodeJPEG(&refuser{after}, img, 95); !done || !errors.Is(err, errRefused) {
			t.Errorf("after %d bytes: %v %v", after, done, err)
		}
	}
	if done, err := new(pools).encodeJPEG(io.Discard, std.NewCMYK(std.Rect(0, 0, 2, 2)), 95); done || err != nil {
		t.Errorf("inks: %v %v", done, err)
	}
}

// TestJPEGStaysTheSame: a picture that is processed again, or on another machine,
// gives the same bytes.
func TestJPEGStaysTheSame(t *testing.T) {
	for _, c := range []struct {
		w, h, quality, noise int
		want                 string // of the file in greys, planes and colours, the first bytes of its SHA-256
	}{
		{145, 149, 85, 128, "3a9b9dc2e3df 153d8fc91621 ed1ff46dc379"},
		{145, 149, 85, 8, "a9d820b85c61 8729fb3ebad1 0bba917737c4"},
		{1, 1, 85, 0, "3222bcbb5eab e262e93f11d7 6db04355bdba"},
		{67, 31, 100, 255, "c471a802adc0 c26d8e8aab2b a2ad704fc0f1"},
		{300, 200, 30, 40, "13da7e7352ab bcfd89952c1f 5350292d27a3"},
		{640, 480, 95, 3, "c264f48ba5dd 6da9b6481ebd 01e4cd3df543"},
	} {
		img := mottled(c.w, c.h, 7, c.noise)
		grey := std.NewGray(img.Rect)
		planes := std.NewYCbCr(img.Rect, std.YCbCrSubsampleRatio420)
		for i := range grey.Pix {
			p := img.Pix[4*i:]
			grey.Pix[i], planes.Y[i] = p[0], p[1]
			at := planes.COffset(i%c.w, i/c.w)
			planes.Cb[at], planes.Cr[at] = p[2], p[0]
		}
		got := ""
		for _, m := range []std.Image{grey, planes, img} {
			var file bytes.Buffer
			if _, err := new(pools).encodeJPEG(&file, m, c.quality); err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(file.Bytes())
			got += fmt.Sprintf(" %x", sum[:6])
		}
		if got = got[1:]; got != c.want {
			t.Errorf("%d×%d, noise %d at %d: %s, want %s", c.w, c.h, c.noise, c.quality, got, c.want)
		}
	}
}

func BenchmarkJPEG(b *testing.B) {
	img := asPlanes(b, mottled(1200, 900, 1, 8))
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var p pools
		for b.Loop() {
			if _, err := p.encodeJPEG(io.Discard, img, 85); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := jpeg.Encode(io.Discard, img, &jpeg.Options{Quality: 85}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
