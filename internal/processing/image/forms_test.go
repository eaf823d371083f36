package image

import (
	"bytes"
	"encoding/binary"
	std "image"
	"image/color"
	"image/draw"
	"strings"
	"testing"

	"golang.org/x/image/tiff"

	"magpie/internal/media"
)

// TestTIFFShowsItsFirstPage: later pages are not looked at.
func TestTIFFShowsItsFirstPage(t *testing.T) {
	le := binary.LittleEndian
	file := withTags(tiffOf(t, quarters(90, 40), tiff.Deflate), nil)
	at := int(le.Uint32(file[4:]))
	end := at + 2 + 12*int(le.Uint16(file[at:]))
	le.PutUint32(file[end:], uint32(len(file))) // the next page
	second := bytes.Clone(file[at:end])
	for e := second[2:]; len(e) >= 12; e = e[12:] {
		if tag := le.Uint16(e); tag == 256 || tag == 257 {
			le.PutUint16(e[8:], 60000)
		}
	}
	file = append(append(file, second...), 0, 0, 0, 0)
	outcome, out := process(t, media.TIFF, file)
	if outcome.Width != 90 || outcome.Height != 40 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	isQuarters(t, out.decoded(t, "orig.png"), 2)
}

// TestTIFFOfOtherSorts is of what is refused, with words that name it.
func TestTIFFOfOtherSorts(t *testing.T) {
	file := tiffOf(t, quarters(90, 40), tiff.Uncompressed)
	for words, tags := range map[string]map[uint16]string{
		"compressed as JPEG": {tagCompression: "\x07\x00\x00\x00"},
		"YCbCr":              {tagPhotometric: "\x06\x00\x00\x00"},
	} {
		if f := refused(t, media.TIFF, withTags(file, tags), media.UnsupportedMedia); !strings.Contains(f.Message, words) {
			t.Errorf("%q lacks %q", f.Message, words)
		}
	}
}

// TestAPNGShowsItsStill: an animated PNG is shown, orig included, by the picture
// that programs show which know no animation.
func TestAPNGShowsItsStill(t *testing.T) {
	control := make([]byte, 26) // of a frame: number, size, place, time
	binary.BigEndian.PutUint32(control[4:], 60)
	binary.BigEndian.PutUint32(control[8:], 40)
	next := bytes.Clone(control)
	next[3] = 1
	other := pngOf(t, oneColour(std.Rect(0, 0, 60, 40), blue))
	from := bytes.Index(other, []byte("IDAT"))
	data := other[from+4:][:binary.BigEndian.Uint32(other[from-4:])]

	file := pngOf(t, quarters(60, 40))
	file = insert(file, len(file)-12, append(pngChunk("fcTL", next), pngChunk("fdAT", append([]byte{0, 0, 0, 2}, data...))...))
	file = insert(file, pngHeaderSize, append(pngChunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), pngChunk("fcTL", control)...))
	_, out := process(t, media.PNG, file)
	for name, f := range out.files {
		isQuarters(t, out.decoded(t, name), 8)
		for _, chunk := range []string{"acTL", "fcTL", "fdAT"} {
			if bytes.Contains(f, []byte(chunk)) {
				t.Errorf("%s holds %s", name, chunk)
			}
		}
	}
}

// TestPNGPaletteOfFewBits: palettes of 1, 2 and 4 bits with opacities, also
// interlaced.
func TestPNGPaletteOfFewBits(t *testing.T) {
	clear := color.NRGBA{}
	half := color.NRGBA{20, 200, 40, 128}
	for _, palette := range []color.Palette{{clear, red}, {red, half, blue, clear}, {red, half, blue, clear, white}} {
		img := std.NewPaletted(std.Rect(0, 0, 50, 30), palette)
		for i := range img.Pix {
			img.Pix[i] = byte(i % 50 * len(palette) / 50)
		}
		file := pngOf(t, img)
		if depth := map[int]byte{2: 1, 4: 2, 5: 4}[len(palette)]; file[24] != depth || !bytes.Contains(file, []byte("tRNS")) {
			t.Fatalf("%d bits", file[24])
		}
		_, out := process(t, media.PNG, file)
		for _, name := range []string{"large.png", "orig.png"} {
			for i, c := range palette {
				near(t, out.decoded(t, name), (2*i+1)*50/(2*len(palette)), 15, c.(color.NRGBA), 1)
			}
		}
	}
	deep := std.NewNRGBA64(std.Rect(0, 0, 50, 30))
	draw.Draw(deep, deep.Rect, quarters(50, 30), std.Point{}, draw.Src)
	deep.SetNRGBA64(0, 0, color.NRGBA64{})
	file := ffmpeg(t, deep, "x.png", "-flags", "ildct", "-pix_fmt", "rgba64be")
	if file[24] != 16 || file[28] != 1 {
		t.Fatalf("%d bits, interlacing %d", file[24], file[28])
	}
	_, out := process(t, media.PNG, file)
	isQuarters(t, out.decoded(t, "large.png"), 1)
	near(t, out.decoded(t, "large.png"), 0, 0, clear, 0)
}

// TestColoursOfWideProfilesStay: the numbers of a picture in Display P3 or in
// grey of a profile's are not changed, and the profile says what they mean.
func TestColoursOfWideProfilesStay(t *testing.T) {
	wide, grey := profile(spaceRGB, 404), profile(spaceGrey, 90)
	_, out := process(t, media.PNG, insert(pngOf(t, quarters(90, 60)), pngHeaderSize, pngProfileChunk(wide)))
	for _, name := range []string{"large.jpg", "thumb.jpg", "orig.png"} {
		isQuarters(t, out.decoded(t, name), 6)
	}
	if !bytes.Equal(jpegProfileOf(out.files["large.jpg"]), wide) {
		t.Error("large.jpg lost its profile")
	}

	ramp := std.NewGray(std.Rect(0, 0, 256, 64))
	for i := range ramp.Pix {
		ramp.Pix[i] = byte(i)
	}
	_, out = process(t, media.JPEG, insert(jpegOf(t, ramp), 2, jpegProfileSegments(grey)))
	for _, name := range []string{"large.jpg", "orig.jpg"} {
		img, ok := out.decoded(t, name).(*std.Gray)
		if !ok || !bytes.Equal(jpegProfileOf(out.files[name]), grey) {
			t.Fatalf("%s: grey %v, %d bytes of profile", name, ok, len(jpegProfileOf(out.files[name])))
		}
		for _, x := range []int{3, 80, 128, 250} {
			v := uint8(x)
			near(t, img, x, 32, color.NRGBA{v, v, v, 255}, 3)
		}
	}
}
