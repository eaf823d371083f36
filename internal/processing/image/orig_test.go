package image

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	std "image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"

	"magpie/internal/media"
)

const secretXMP = "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>SECRET</x:xmpmeta>"

// laden gives a file of each type with what people don't know is in it, and
// something else behind its end.
func laden(t testing.TB) map[media.Type][]byte {
	img := quarters(90, 50)
	exif := exifBlock(1, binary.BigEndian)
	files := map[media.Type][]byte{
		media.JPEG: insert(jpegOf(t, img), 2, bytes.Join([][]byte{
			segment(0xe0, "JFIF\x00\x01\x01\x01\x00\x48\x00\x48\x02\x01SECRET"), // the picture of a picture
			segment(0xe0, "JFXX\x00\x10SECRET"), segment(0xe1, exifMark+exif), segment(0xe1, secretXMP), segment(0xe2, "MPF\x00SECRET"),
			jpegProfileSegments(profile(spaceRGB, 70_000)), segment(0xed, "Photoshop 3.0\x008BIM SECRET"), segment(0xfe, "SECRET"),
			{0xff, 0xff},
			segment(0xef, "SECRET"),
		}, nil)),
		media.PNG: insert(pngOf(t, img), pngHeaderSize, bytes.Join([][]byte{
			pngChunk("eXIf", []byte(exif)), pngChunk("tEXt", []byte("Comment\x00SECRET")), pngChunk("zTXt", []byte("Comment\x00\x00SECRET")),
			pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00SECRET")), pngChunk("tIME", []byte("SECRET!")),
			pngChunk("prVt", []byte("SECRET")), pngChunk("pHYs", []byte("SECRET too long")), pngChunk("pHYs", []byte("\x00\x00\x0b\x13\x00\x00\x0b\x13\x01")),
			pngChunk("gAMA", []byte("\x00\x00\xb1\x8f")), pngChunk("gAMA", []byte("GPS!")), pngProfileChunk(profile(spaceRGB, 300)),
			pngChunk("acTL", []byte("\x00\x00\x00\x02SECR")),
		}, nil)),
		media.GIF:  gifOf(t, 90, 50, oneColour(img.Rect, red), oneColour(std.Rect(4, 4, 20, 30), blue)),
		media.WebP: ffmpeg(t, img, "x.webp", "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"),
		media.BMP:  bmpOf(t, img),
		media.TIFF: tiffOf(t, img, tiff.Deflate),
	}
	file := files[media.GIF]
	at := 13 + 3<<(file[10]&7+1)
	if file[10]&0x80 == 0 {
		at = 13
	}
	files[media.GIF] = insert(file, at, []byte("!\xfe\x06SECRET\x00"+"!\xff\x0bXMP DataXMP\x06SECRET\x00"+"!\xff\x0bNETSCAPE2.0\x03\x01\x07\x00\x00"+"!\x01\x0cSECRETSECRET\x06SECRET\x00"))
	files[media.WebP] = riff("VP8X", vp8x(0x3c, 90, 50), "ICCP", string(profile(spaceRGB, 300)), "NOTE", "SECRET", "VP8L", chunkOf(t, files[media.WebP], "VP8L"),
		"EXIF", exif, "XMP ", "SECRET")
	for kind := range files {
		files[kind] = append(files[kind], "PK\x03\x04 SECRET archive with EXIF"...)
	}
	return files
}

// decoder is another reading of a file than the engine's own.
func decoder(kind media.Type) func(io.Reader) (std.Image, error) {
	return map[media.Type]func(io.Reader) (std.Image, error){
		media.JPEG: jpeg.Decode, media.PNG: png.Decode, media.GIF: gif.Decode, media.WebP: webp.Decode, media.BMP: bmp.Decode, media.TIFF: tiff.Decode,
	}[kind]
}

func samePixels(t testing.TB, what string, got, want std.Image) {
	t.Helper()
	if got.Bounds().Size() != want.Bounds().Size() {
		t.Fatalf("%s: %v, want %v", what, got.Bounds(), want.Bounds())
	}
	b, c := got.Bounds().Min, want.Bounds().Min
	for y := range got.Bounds().Dy() {
		for x := range got.Bounds().Dx() {
			g := color.NRGBA64Model.Convert(got.At(b.X+x, b.Y+y))
			if w := color.NRGBA64Model.Convert(want.At(c.X+x, c.Y+y)); g != w {
				t.Fatalf("%s: pixel %d,%d is %v, want %v", what, x, y, g, w)
			}
		}
	}
}

func TestOrigHoldsThePictureAlone(t *testing.T) {
	for kind, file := range laden(t) {
		_, out := process(t, kind, file)
		name := map[media.Type]string{media.JPEG: "orig.jpg", media.GIF: "orig.gif", media.WebP: "orig.webp"}[kind]
		if name == "" {
			name = "orig.png"
		}
		got := out.decoded(t, name)
		nothingPrivate(t, name, out.files[name])
		plain := file
		if kind == media.WebP {
			plain = riff("VP8L", chunkOf(t, file, "VP8L"))
		}
		want, err := decoder(kind)(bytes.NewReader(plain))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		samePixels(t, name, got, want)
		again, more := process(t, map[string]media.Type{"orig.jpg": media.JPEG, "orig.png": media.PNG, "orig.gif": media.GIF, "orig.webp": media.WebP}[name], out.files[name])
		if again.Width != 90 || again.Height != 50 || !bytes.Equal(more.files[name], out.files[name]) && kind != media.BMP && kind != media.TIFF {
			t.Errorf("%s: the orig of an orig is another file", name)
		}
	}
}

func TestOrigKeepsTheProfile(t *testing.T) {
	files := laden(t)
	_, out := process(t, media.JPEG, files[media.JPEG])
	if got := jpegProfileOf(out.files["orig.jpg"]); !bytes.Equal(got, profile(spaceRGB, 70_000)) {
		t.Errorf("orig.jpg: %d bytes", len(got))
	}
	_, out = process(t, media.PNG, files[media.PNG])
	if got := pngProfile(readPNGHead(bytes.NewReader(out.files["orig.png"])).profile); !bytes.Equal(got, profile(spaceRGB, 300)) {
		t.Errorf("orig.png: %d bytes", len(got))
	}
	if !bytes.Contains(out.files["orig.png"], []byte("gAMA\x00\x00\xb1\x8f")) || !bytes.Contains(out.files["orig.png"], []byte("pHYs\x00\x00\x0b\x13")) {
		t.Error("orig.png has lost its gamma or the shape of its pixels")
	}
	_, out = process(t, media.WebP, files[media.WebP])
	if got := chunkOf(t, out.files["orig.webp"], "ICCP"); got != string(profile(spaceRGB, 300)) {
		t.Errorf("orig.webp: %d bytes", len(got))
	}

	cmyk := progressive(20, 20, 0, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(20), flat(200), flat(220), flat(255))
	_, out = process(t, media.JPEG, insert(cmyk, 2, jpegProfileSegments(profile("CMYK", 50))))
	if got := jpegProfileOf(out.files["orig.jpg"]); !bytes.Equal(got, profile("CMYK", 50)) {
		t.Errorf("orig.jpg of CMYK: %d bytes", len(got))
	}
	if m, ok := out.decoded(t, "orig.jpg").(*std.CMYK); !ok {
		t.Errorf("orig.jpg of CMYK is a %T", m)
	}
	near(t, out.decoded(t, "orig.jpg"), 50, 50, color.NRGBA{20, 200, 220, 255}, 4)
	_, out = process(t, media.JPEG, insert(jpegOf(t, quarters(20, 20)), 2, jpegProfileSegments(profile(spaceGrey, 50))))
	if bytes.Contains(out.files["orig.jpg"], []byte("ICC_PROFILE")) {
		t.Error("a profile of another space is kept")
	}
}

// What is turned keeps every pixel, where the format allows it, and its depth.
func TestOrigIsTurned(t *testing.T) {
	for o := 1; o <= 8; o++ {
		want := std.NewNRGBA64(std.Rect(0, 0, 9, 6))
		for i := range want.Pix {
			want.Pix[i] = byte(i*37 + i/7)
		}
		is := std.NewNRGBA64(std.Rect(0, 0, 6, 9))
		if o < 5 {
			is = std.NewNRGBA64(want.Rect)
		}
		for y := range is.Rect.Dy() {
			for x := range is.Rect.Dx() {
				at := uprightAt(o, x, y, 9, 6)
				is.SetNRGBA64(x, y, want.NRGBA64At(at.X, at.Y))
			}
		}
		file := insert(pngOf(t, is), pngHeaderSize, pngChunk("eXIf", []byte(exifBlock(o, binary.BigEndian))))
		_, out := process(t, media.PNG, file)
		got := out.decoded(t, "orig.png")
		if _, deep := got.(*std.NRGBA64); !deep {
			t.Errorf("orientation %d: orig.png is a %T", o, got)
		}
		samePixels(t, "orig.png", got, want)
		nothingPrivate(t, "orig.png", out.files["orig.png"])
	}
}

// uprightAt gives where a stored pixel belongs in a picture of w×h, by EXIF's
// words.
func uprightAt(o, col, row, w, h int) std.Point {
	marks := std.NewNRGBA(std.Rect(0, 0, w, h))
	for i := range w * h {
		marks.SetNRGBA(i%w, i/w, color.NRGBA{byte(i), 0, 0, 255})
	}
	i := int(stored(marks, o).NRGBAAt(col, row).R)
	return std.Pt(i%w, i/w)
}

func TestTurnedPixels(t *testing.T) {
	for _, img := range []draw.Image{
		std.NewGray(std.Rect(0, 0, 5, 3)), std.NewGray16(std.Rect(0, 0, 5, 3)), std.NewRGBA(std.Rect(0, 0, 5, 3)), std.NewNRGBA(std.Rect(0, 0, 5, 3)),
		std.NewRGBA64(std.Rect(0, 0, 5, 3)), std.NewNRGBA64(std.Rect(0, 0, 5, 3)),
		std.NewPaletted(std.Rect(0, 0, 5, 3), color.Palette{red, green, blue, white}),
	} {
		for y := range 3 {
			for x := range 5 {
				img.Set(x, y, [4]color.NRGBA{red, green, blue, white}[(x*x+y)%4])
			}
		}
		for o := orientation(1); o <= 8; o++ {
			w, h := o.upright(5, 3)
			got := turnedPixels(img, o)
			if got.Bounds() != std.Rect(0, 0, w, h) {
				t.Fatalf("%T, %d: %v", img, o, got.Bounds())
			}
			for y := range 3 {
				for x := range 5 {
					p := uprightAt(int(o), x, y, w, h)
					if got.At(p.X, p.Y) != img.At(x, y) {
						t.Errorf("%T, orientation %d: %v is %v, want %v", img, o, p, got.At(p.X, p.Y), img.At(x, y))
					}
				}
			}
		}
	}
}

// Turning takes no more memory than was asked for.
func TestTurningIsAccountedFor(t *testing.T) {
	img := quarters(1000, 700)
	exif := exifBlock(6, binary.BigEndian)
	clear := quarters(1000, 700)
	clear.Pix[3] = 7
	cmyk := progressive(125, 88, 1, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(1), flat(2), flat(3), flat(4))
	for name, c := range map[string]struct {
		kind media.Type
		file []byte
	}{
		"JPEG":      {media.JPEG, insert(jpegOf(t, img), 2, segment(0xe1, exifMark+exif))},
		"CMYK":      {media.JPEG, insert(cmyk, 2, segment(0xe1, exifMark+exif))},
		"PNG":       {media.PNG, insert(pngOf(t, clear), pngHeaderSize, pngChunk("eXIf", []byte(exif)))},
		"WebP":      {media.WebP, riff("VP8X", vp8x(0x18, 1000, 700), "ALPH", chunkOf(t, ffmpeg(t, clear, "x.webp", "-c:v", "libwebp", "-pix_fmt", "yuva420p"), "ALPH"), "VP8 ", chunkOf(t, ffmpeg(t, clear, "x.webp", "-c:v", "libwebp", "-pix_fmt", "yuva420p"), "VP8 "), "EXIF", exif)},
		"VP8L":      {media.WebP, riff("VP8X", vp8x(0x18, 1000, 700), "VP8L", chunkOf(t, ffmpeg(t, clear, "x.webp", "-c:v", "libwebp", "-lossless", "1", "-pix_fmt", "bgra"), "VP8L"), "EXIF", exif)},
		"grey JPEG": {media.JPEG, insert(jpegOf(t, std.NewGray(std.Rect(0, 0, 1000, 700))), 2, segment(0xe1, exifMark+exif))},
	} {
		head, err := probe(newSource(context.Background(), bytes.NewReader(c.file), int64(len(c.file))), c.kind)
		if err != nil || head.orientation != 6 {
			t.Fatal(name, head.orientation, err)
		}
		var f frame
		kept := allocated(func() { f, err = head.decode() })
		if err != nil {
			t.Fatal(name, err)
		}
		turning := allocated(func() { turned(f, head.orientation) })
		held := int64(len(pixelsOf(f.img)))
		if turning+held > head.memory+128<<10 {
			t.Errorf("%s: %d bytes while turning beside %d, the estimate is %d (decoding took %d)", name, turning, held, head.memory, kept)
		}
	}
}

// pixelsOf is about all that an image keeps.
func pixelsOf(img std.Image) []byte {
	switch m := img.(type) {
	case *std.YCbCr:
		return append(append(bytes.Clone(m.Y), m.Cb...), m.Cr...)
	case *std.NYCbCrA:
		return append(append(append(bytes.Clone(m.Y), m.Cb...), m.Cr...), m.A...)
	case *std.NRGBA:
		return m.Pix
	case *std.CMYK:
		return m.Pix
	case *std.Gray:
		return m.Pix
	}
	return nil
}

// A store that ends early ends the writer, too; one that fails is not the file's
// fault.
func TestOrigIsNotWanted(t *testing.T) {
	for kind, file := range laden(t) {
		out := &early{newShelf()}
		_, err := New(Config{}).Process(context.Background(), input(kind, file), out)
		var f *media.Failure
		if !errors.Is(err, errEarly) || errors.As(err, &f) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

type early struct{ *shelf }

var errEarly = errors.New("the disk went away")

func (*early) Save(_ context.Context, _ media.Rendition, from io.Reader, _ ...string) error {
	_, _ = from.Read(make([]byte, 10))
	return errEarly
}

// Whatever was done to a file, an orig that is made of it can be decoded and
// gives itself again.
func FuzzOrig(f *testing.F) {
	kinds := []media.Type{media.JPEG, media.PNG, media.WebP, media.GIF, media.BMP, media.TIFF}
	for kind, file := range laden(f) {
		for i, k := range kinds {
			if k == kind {
				f.Add(byte(i), file)
			}
		}
	}
	f.Add(byte(0), progressive(6, 5, 2, "", flat(99), flat(120), flat(140)))
	e := New(Config{Limits: pictures(1 << 16)})
	f.Fuzz(func(t *testing.T, k byte, file []byte) {
		kind := kinds[int(k)%len(kinds)]
		out := newShelf()
		_, err := e.Process(context.Background(), input(kind, file), out)
		var failure *media.Failure
		if err != nil {
			if !errors.As(err, &failure) {
				t.Fatal(err)
			}
			return
		}
		for name, own := range map[string]media.Type{"orig.jpg": media.JPEG, "orig.png": media.PNG, "orig.webp": media.WebP, "orig.gif": media.GIF} {
			if b := out.files[name]; b != nil {
				if _, err := e.Process(context.Background(), input(own, b), newShelf()); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
	})
}
