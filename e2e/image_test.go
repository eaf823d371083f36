package e2e

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"io"
	"net/http"
	"path"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
	_ "golang.org/x/image/webp" // for image.Decode
)

// What images say about person and place, and how the blocks that say it begin.
const secretPerson = "Canary J. Photographer"

var secretMarks = []string{secretPerson, "Exif\x00\x00", "eXIf", "EXIF", "http://ns.adobe.com/xap", "XMP", "tEXt", "iTXt", "Photoshop 3.0"}

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
			c := client{t: t, url: s.url, token: secret}
			up := c.upload(v.declared, "tweet_image", v.file, 1<<20)
			info, _ := up["image"].(map[string]any)
			if info["w"] != float64(v.w) || info["h"] != float64(v.h) || info["image_type"] != v.is || up["processing_info"] != nil {
				t.Errorf("finalize says %v, want a ready %s of %d×%d", up, v.is, v.w, v.h)
			}
			m := c.lookup(up["media_key"].(string))
			if m["type"] != "photo" || m["width"] != float64(v.w) || m["height"] != float64(v.h) {
				t.Errorf("lookup says %v", m)
			}
			if hash, _ := c.call("GET", "/2/media/"+m["media_key"].(string)+"?media.fields=placeholder", nil).data()["placeholder"].(string); len(hash) < 8 || len(hash) > 40 || m["placeholder"] != nil {
				t.Errorf("placeholder %q where it is asked for, and %v where it isn't", hash, m["placeholder"])
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
			c.checkWhole(v, url)
			c.as("").call("GET", url+"?name=huge", nil).refused(http.StatusNotFound, "huge", "orig")
			c.as("").call("GET", url+"?format=bmp", nil).refused(http.StatusNotFound, "large", "bmp", path.Ext(url)[1:])
			if sum(c.original(up["id"].(string)).body) != sum(v.file) {
				t.Error("the original is not what was sent")
			}
		})
	}
}

// checkWhole opens an image at its full size, in all of X's ways to ask for it.
func (c client) checkWhole(v still, url string) {
	c.t.Helper()
	kind := v.is
	if kind == "image/bmp" || kind == "image/tiff" {
		kind = "image/png"
	}
	a := c.opened(url+"?name=orig", kind)
	shown, format, err := image.Decode(bytes.NewReader(a.body))
	if err != nil || "image/"+format != kind || shown.Bounds() != image.Rect(0, 0, v.w, v.h) {
		c.t.Fatalf("orig is a %s: %v", format, err)
	}
	if !v.plain && kind != "image/webp" { // of which the test's decoder takes 16–235 for 0–255
		checkQuarters(c.t, shown)
	}
	if has := bytes.Contains(v.file, iccProfile) || bytes.Contains(v.file, []byte("iCCP")); has != keepsProfile(a.body) {
		c.t.Errorf("orig: profile in the original: %v, in orig: %v", has, !has)
	}
	slug := strings.TrimSuffix(url, "/large"+path.Ext(url))
	for _, other := range []string{slug + "?format=jpg&name=4096x4096", slug + ".jpg:orig", url + ":orig", strings.TrimSuffix(url, path.Ext(url)) + "?format=jpg&name=orig", strings.TrimSuffix(url, "large"+path.Ext(url)) + "orig" + path.Ext(url) + "?name=orig"} {
		if b := c.opened(other, kind); sum(b.body) != sum(a.body) {
			c.t.Errorf("%s opens another file than ?name=orig", other)
		}
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
		for _, name := range []string{"large", "thumb", "orig"} {
			shown, _, err := image.Decode(bytes.NewReader(c.opened(url+"?name="+name, "image/jpeg").body))
			if err != nil {
				t.Fatal(err)
			}
			checkQuarters(t, shown)
		}
	}
}
