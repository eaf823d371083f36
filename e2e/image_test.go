package e2e

import (
	"bytes"
	"compress/zlib"
	endian "encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// What images say about person and place, and how the blocks that say it begin.
const secretPerson = "Canary J. Photographer"

var secretMarks = []string{secretPerson, "Exif\x00\x00", "eXIf", "EXIF", "http://ns.adobe.com/xap", "XMP", "tEXt", "iTXt", "Photoshop 3.0"}

// quarters is the picture of the image tests: red and green above, blue and
// white below, so that its corners tell which way it lies.
func quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, corner(x >= w/2, y >= h/2))
		}
	}
	return m
}

func corner(right, below bool) color.RGBA {
	switch {
	case right && below:
		return color.RGBA{255, 255, 255, 255}
	case right:
		return color.RGBA{0, 255, 0, 255}
	case below:
		return color.RGBA{0, 0, 255, 255}
	}
	return color.RGBA{255, 0, 0, 255}
}

// checkQuarters looks at the middle of each quarter.
func checkQuarters(t *testing.T, m image.Image) {
	t.Helper()
	b := m.Bounds()
	for _, below := range []bool{false, true} {
		for _, right := range []bool{false, true} {
			x, y := b.Min.X+b.Dx()/4, b.Min.Y+b.Dy()/4
			if right {
				x += b.Dx() / 2
			}
			if below {
				y += b.Dy() / 2
			}
			got, want := color.RGBAModel.Convert(m.At(x, y)).(color.RGBA), corner(right, below)
			if difference([]byte{got.R, got.G, got.B}, []byte{want.R, want.G, want.B}) > 12 {
				t.Errorf("at %d,%d of %d×%d it is %v, want %v", x, y, b.Dx(), b.Dy(), got, want)
			}
		}
	}
}

// jpegSegment is one marker segment.
func jpegSegment(marker byte, payload string) []byte {
	return append(endian.BigEndian.AppendUint16([]byte{0xFF, marker}, uint16(len(payload)+2)), payload...)
}

// exif is a block of Exif data: which way is up, who took it, and where.
func exif(orientation int) string {
	le := endian.LittleEndian
	entry := func(b []byte, tag, kind uint16, count, value uint32) []byte {
		b = le.AppendUint16(le.AppendUint16(b, tag), kind)
		return le.AppendUint32(le.AppendUint32(b, count), value)
	}
	artist := secretPerson + "\x00"
	const ifd0, gps = 8, 8 + 2 + 3*12 + 4
	const words = gps + 2 + 2*12 + 4
	b := le.AppendUint32([]byte("II*\x00"), ifd0)
	b = le.AppendUint16(b, 3)
	b = entry(b, 0x0112, 3, 1, uint32(orientation))
	b = entry(b, 0x013B, 2, uint32(len(artist)), words)
	b = entry(b, 0x8825, 4, 1, gps)
	b = le.AppendUint32(b, 0)
	b = le.AppendUint16(b, 2)
	b = entry(b, 1, 2, 2, uint32('N'))
	b = entry(b, 2, 5, 3, words+uint32(len(artist)))
	b = le.AppendUint32(b, 0)
	b = append(b, artist...)
	for _, n := range []uint32{48, 1, 51, 1, 27, 1} {
		b = le.AppendUint32(b, n)
	}
	return string(b)
}

const xmp = `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="48,51.45N" creator="` + secretPerson + `"/></x:xmpmeta>`

// iccProfile is a profile of a screen with nothing in it but its name.
var iccProfile = func() []byte {
	p := make([]byte, 128, 200)
	copy(p[12:], "mntrRGB XYZ ")
	copy(p[36:], "acsp")
	p = endian.BigEndian.AppendUint32(p, 1)
	p = append(p, "desc"...)
	p = endian.BigEndian.AppendUint32(p, 144)
	p = endian.BigEndian.AppendUint32(p, 24)
	p = append(p, "desc\x00\x00\x00\x00\x00\x00\x00\x0bcanary icc\x00\x00"...)
	endian.BigEndian.PutUint32(p, uint32(len(p)))
	return p
}()

// withSegments puts marker segments at the beginning of a JPEG.
func withSegments(file []byte, segments ...[]byte) []byte {
	return append(append([]byte{0xFF, 0xD8}, bytes.Join(segments, nil)...), file[2:]...)
}

// photograph is a JPEG with all that cameras and editors write into one.
func photograph(m image.Image, orientation int) []byte {
	file := encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, m, &jpeg.Options{Quality: 95}) })
	return withSegments(file,
		jpegSegment(0xE1, "Exif\x00\x00"+exif(orientation)), jpegSegment(0xE1, "http://ns.adobe.com/xap/1.0/\x00"+xmp),
		jpegSegment(0xE2, "ICC_PROFILE\x00\x01\x01"+string(iccProfile)),
		jpegSegment(0xED, "Photoshop 3.0\x00"+secretPerson), jpegSegment(0xFE, secretPerson))
}

// pngChunk is one chunk of a PNG.
func pngChunk(kind, data string) []byte {
	b := endian.BigEndian.AppendUint32(nil, uint32(len(data)))
	b = append(append(b, kind...), data...)
	return endian.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
}

// pngOf is a PNG with more chunks behind its header.
func pngOf(m image.Image, more ...[]byte) []byte {
	const header = 8 + 12 + 13
	file := encoded(func(b *bytes.Buffer) error { return png.Encode(b, m) })
	return bytes.Join([][]byte{file[:header], bytes.Join(more, nil), file[header:]}, nil)
}

func deflated(b []byte) string {
	return string(encoded(func(out *bytes.Buffer) error {
		z := zlib.NewWriter(out)
		_, _ = z.Write(b)
		return z.Close()
	}))
}

// webpOf has ffmpeg encode a PNG, and puts Exif, XMP and a profile around it.
func webpOf(t *testing.T, w, h int) []byte {
	t.Helper()
	source := written(t, "quarters.png", pngOf(quarters(w, h)))
	simple := film(t, "webp", "-i", source, "-c:v", "libwebp", "-quality", "95")
	chunk := func(kind, data string) []byte {
		b := append(endian.LittleEndian.AppendUint32([]byte(kind), uint32(len(data))), data...)
		return append(b, make([]byte, len(data)%2)...)
	}
	size := []byte{byte(w - 1), byte((w - 1) >> 8), 0, byte(h - 1), byte((h - 1) >> 8), 0}
	const profileAndExifAndXMP = 0x20 | 0x08 | 0x04
	body := bytes.Join([][]byte{
		[]byte("WEBP"), chunk("VP8X", string(append([]byte{profileAndExifAndXMP, 0, 0, 0}, size...))),
		chunk("ICCP", string(iccProfile)), simple[12:], chunk("EXIF", exif(1)), chunk("XMP ", xmp),
	}, nil)
	return append(endian.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// progressive is a grey JPEG of 8×8 blocks, cols×rows of them, dark on the left
// and light on the right, in one progressive scan. Go and ffmpeg write none.
func progressive(cols, rows int) []byte {
	frame := []byte{8, 0, byte(8 * rows), 0, byte(8 * cols), 1, 1, 0x11, 0}
	file := bytes.Join([][]byte{
		{0xFF, 0xD8},
		jpegSegment(0xDB, "\x00"+strings.Repeat("\x08", 64)), jpegSegment(0xC2, string(frame)),
		// Two codes of one bit: 0 for "as before", 10 for a difference of 7 bits.
		jpegSegment(0xC4, "\x00\x01\x01"+strings.Repeat("\x00", 14)+"\x00\x07"), jpegSegment(0xDA, "\x01\x01\x00\x00\x00\x00"),
	}, nil)
	bits := ""
	for range rows {
		for x := range cols {
			switch {
			case x == 0 && len(bits) == 0: // 128 - 64
				bits += "10" + fmt.Sprintf("%07b", 127-64)
			case x == 0: // back to dark
				bits += "10" + fmt.Sprintf("%07b", 127-100)
			case x == cols/2: // to light
				bits += "10" + fmt.Sprintf("%07b", 100)
			default:
				bits += "0"
			}
		}
	}
	bits += strings.Repeat("1", (8-len(bits)%8)%8)
	for ; len(bits) > 0; bits = bits[8:] {
		var b byte
		_, _ = fmt.Sscanf(bits[:8], "%08b", &b)
		if file = append(file, b); b == 0xFF {
			file = append(file, 0)
		}
	}
	return append(file, 0xFF, 0xD9)
}

type still struct {
	name, declared, is string // declared type, and the type that the bytes have
	file               []byte
	w, h               int
	rendered           string // type of the renditions
	sizes              string // of large, medium, small and thumb
	plain              bool   // of another picture than quarters
}

func stills(t *testing.T) []still {
	palette := image.NewPaletted(image.Rect(0, 0, 300, 200), color.Palette{corner(false, false), corner(true, false), corner(false, true), corner(true, true)})
	deep := image.NewNRGBA64(image.Rect(0, 0, 300, 200))
	clear := image.NewNRGBA(image.Rect(0, 0, 300, 200))
	for y := range 200 {
		for x := range 300 {
			c := corner(x >= 150, y >= 100)
			palette.Set(x, y, c)
			deep.Set(x, y, c)
			if x > 20 { // the rest stays transparent
				clear.Set(x, y, c)
			}
		}
	}
	one := encoded(func(b *bytes.Buffer) error { return gif.Encode(b, palette, nil) })
	commented := bytes.Join([][]byte{one[:bytes.IndexByte(one[13:], ',')+13], {'!', 0xFE, byte(len(secretPerson))}, []byte(secretPerson), {0}, one[bytes.IndexByte(one[13:], ',')+13:]}, nil)
	const jpg, small = "image/jpeg", "300x200 300x200 300x200 150x150"
	text := [][]byte{pngChunk("tEXt", "Author\x00"+secretPerson), pngChunk("eXIf", exif(1)), pngChunk("iTXt", "XML:com.adobe.xmp\x00\x00\x00\x00\x00"+xmp)}
	profile := pngChunk("iCCP", "canary\x00\x00"+deflated(iccProfile))
	return []still{
		{"jpeg", jpg, jpg, photograph(quarters(2400, 1600), 1), 2400, 1600, jpg, "2048x1365 1200x800 680x453 150x150", false},
		{"tall jpeg", jpg, jpg, photograph(quarters(100, 1400), 1), 100, 1400, jpg, "100x1400 86x1200 49x680 100x150", false},
		{"progressive jpeg", "image/pjpeg", jpg, progressive(25, 15), 200, 120, jpg, "200x120 200x120 200x120 150x120", true},
		{"png", "image/png", "image/png", pngOf(quarters(300, 200), append(text, profile)...), 300, 200, jpg, small, false},
		{"png with alpha", "image/png", "image/png", pngOf(clear, append(text, profile)...), 300, 200, "image/png", small, false},
		{"png of 16 bits", "image/png", "image/png", pngOf(deep), 300, 200, jpg, small, false},
		{"png with palette", "image/png", "image/png", pngOf(palette), 300, 200, jpg, small, false},
		{"png as jpeg", jpg, "image/png", pngOf(quarters(300, 200)), 300, 200, jpg, small, false},
		{"webp", "image/webp", "image/webp", webpOf(t, 300, 200), 300, 200, jpg, small, false},
		{"bmp", "image/bmp", "image/bmp", encoded(func(b *bytes.Buffer) error { return bmp.Encode(b, quarters(300, 200)) }), 300, 200, jpg, small, false},
		{"tiff", "image/tiff", "image/tiff", encoded(func(b *bytes.Buffer) error {
			return tiff.Encode(b, quarters(300, 200), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}), 300, 200, jpg, small, false},
		{"still gif", "image/gif", "image/gif", commented, 300, 200, jpg, small, false},
		{"one pixel", "image/png", "image/png", pngOf(quarters(1, 1)), 1, 1, jpg, "1x1 1x1 1x1 1x1", true},
	}
}

// TestImages uploads an image of each kind and opens all its sizes.
func TestImages(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, v := range stills(t) {
		t.Run(v.name, func(t *testing.T) {
			c := client{t, s.url, secret}
			up := c.upload(v.declared, "tweet_image", v.file, 1<<20)
			info, _ := up["image"].(map[string]any)
			if info["w"] != float64(v.w) || info["h"] != float64(v.h) || info["image_type"] != v.is || up["processing_info"] != nil {
				t.Errorf("finalize says %v, want a ready %s of %d×%d", up, v.is, v.w, v.h)
			}
			m := c.lookup(up["media_key"].(string))
			if m["type"] != "photo" || m["width"] != float64(v.w) || m["height"] != float64(v.h) {
				t.Errorf("lookup says %v", m)
			}
			url := m["url"].(string)
			var sizes []string
			for _, name := range []string{"large", "medium", "small", "thumb"} {
				a := c.opened(url+"?name="+name, v.rendered)
				shown, format, err := image.Decode(bytes.NewReader(a.body))
				if err != nil || "image/"+format != v.rendered {
					t.Fatalf("%s is %s: %v", name, format, err)
				}
				sizes = append(sizes, fmt.Sprintf("%dx%d", shown.Bounds().Dx(), shown.Bounds().Dy()))
				if !v.plain {
					checkQuarters(t, shown)
				}
				if has := bytes.Contains(v.file, iccProfile) || bytes.Contains(v.file, []byte("iCCP")); has != keepsProfile(a.body) {
					t.Errorf("%s: profile in the original: %v, in the size: %v", name, has, !has)
				}
			}
			if got := strings.Join(sizes, " "); got != v.sizes {
				t.Errorf("sizes are %s, want %s", got, v.sizes)
			}
			if plain, large := c.opened(url, v.rendered), c.opened(url+"?name=large", v.rendered); sum(plain.body) != sum(large.body) {
				t.Error("the url does not open the large size")
			}
			c.as("").call("GET", url+"?name=huge", nil).refused(http.StatusNotFound)
			if sum(c.original(up["id"].(string)).body) != sum(v.file) {
				t.Error("the original is not what was sent")
			}
		})
	}
}

// opened fetches an image as a viewer does and looks for what it must not tell.
func (c client) opened(url, kind string) answer {
	c.t.Helper()
	a := public(c, url)
	if got := a.header.Get("Content-Type"); got != kind {
		c.t.Errorf("%s is %s, want %s", url, got, kind)
	}
	if got := a.header.Get("X-Content-Type-Options"); got != "nosniff" {
		c.t.Errorf("%s: X-Content-Type-Options: %q", url, got)
	}
	for _, mark := range secretMarks {
		if bytes.Contains(a.body, []byte(mark)) {
			c.t.Errorf("%s holds %q", url, mark)
		}
	}
	return a
}

// keepsProfile reports whether a rendition carries iccProfile.
func keepsProfile(file []byte) bool {
	if at := bytes.Index(file, []byte("iCCP")); at > 0 {
		_, rest, _ := bytes.Cut(file[at:], []byte("\x00\x00"))
		z, err := zlib.NewReader(bytes.NewReader(rest))
		if err != nil {
			return false
		}
		profile, _ := io.ReadAll(io.LimitReader(z, 1<<20))
		return bytes.Equal(profile, iccProfile)
	}
	return bytes.Contains(file, iccProfile)
}

// lying is m as a camera stores it that was held the way orientation says.
func lying(m *image.RGBA, orientation int) image.Image {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			right, below := w-1-x, h-1-y
			upright := [9][2]int{{}, {x, y}, {right, y}, {right, below}, {x, below}, {y, x}, {below, x}, {below, right}, {y, right}}[orientation]
			out.Set(x, y, m.At(upright[0], upright[1]))
		}
	}
	return out
}

// TestImagesAreTurnedUpright sends the same picture, held in all eight ways.
func TestImagesAreTurnedUpright(t *testing.T) {
	t.Parallel()
	c := start(t).client()
	for orientation := 1; orientation <= 8; orientation++ {
		file := photograph(lying(quarters(300, 200), orientation), orientation)
		up := c.upload("image/jpeg", "tweet_image", file, len(file))
		if info := up["image"].(map[string]any); info["w"] != 300.0 || info["h"] != 200.0 {
			t.Errorf("orientation %d: finalize says %v", orientation, info)
		}
		url := c.lookup(up["media_key"].(string))["url"].(string)
		for _, name := range []string{"large", "thumb"} {
			shown, _, err := image.Decode(bytes.NewReader(c.opened(url+"?name="+name, "image/jpeg").body))
			if err != nil {
				t.Fatal(err)
			}
			checkQuarters(t, shown)
		}
	}
}
