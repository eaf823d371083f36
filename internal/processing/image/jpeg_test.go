package image

import (
	"bytes"
	"context"
	"encoding/binary"
	std "image"
	"image/color"
	"image/jpeg"
	"math/bits"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// segment frames a JPEG marker segment.
func segment(marker byte, payload string) []byte {
	out := []byte{0xff, marker}
	out = binary.BigEndian.AppendUint16(out, uint16(len(payload)+2))
	return append(out, payload...)
}

// progressive writes a progressive JPEG of flat 8×8 blocks, cols×rows of them,
// with a component for each level function. Go has no encoder that writes
// progressive or CMYK files. After the scan of levels come more scans that
// refine nothing, each a few bytes long.
func progressive(cols, rows, more int, adobe string, levels ...func(x, y int) int) []byte {
	file := []byte{0xff, 0xd8}
	if adobe != "" {
		file = append(file, segment(0xee, adobe)...)
	}
	file = append(file, segment(0xdb, "\x00"+strings.Repeat("\x08", 64))...)
	frame := []byte{8, 0, 0, 0, 0, byte(len(levels))}
	binary.BigEndian.PutUint16(frame[1:], uint16(8*rows))
	binary.BigEndian.PutUint16(frame[3:], uint16(8*cols))
	scan := []byte{byte(len(levels))}
	for i := range levels {
		frame = append(frame, byte(i+1), 0x11, 0)
		scan = append(scan, byte(i+1), 0)
	}
	file = append(file, segment(0xc2, string(frame))...)

	// DC: twelve categories of four bits each. AC: fifteen runs of empty blocks.
	counts := func(n byte) string { return string([]byte{0, 0, 0, n}) + strings.Repeat("\x00", 12) }
	var dc, ac []byte
	for i := range 12 {
		dc = append(dc, byte(i))
	}
	for i := range 15 {
		ac = append(ac, byte(i<<4))
	}
	file = append(file, segment(0xc4, "\x00"+counts(12)+string(dc))...)
	file = append(file, segment(0xc4, "\x10"+counts(15)+string(ac))...)

	file = append(file, segment(0xda, string(scan)+"\x00\x00\x00")...)
	var w bitWriter
	last := make([]int, len(levels))
	for y := range rows {
		for x := range cols {
			for i, level := range levels {
				dc := level(x, y) - 128 // the quantizer of 8 undoes the transform's
				diff := dc - last[i]
				last[i] = dc
				n := bits.Len(uint(max(diff, -diff)))
				w.put(n, 4)
				if diff < 0 {
					diff += 1<<n - 1
				}
				w.put(diff, n)
			}
		}
	}
	file = append(file, w.done()...)
	for range more {
		file = append(file, segment(0xda, "\x01\x01\x00\x01\x3f\x00")...)
		var w bitWriter
		for left := cols * rows; left > 0; {
			n := min(14, bits.Len(uint(left))-1)
			run := min(left, 1<<(n+1)-1)
			w.put(n, 4)
			w.put(run-1<<n, n)
			left -= run
		}
		file = append(file, w.done()...)
	}
	return append(file, 0xff, 0xd9)
}

// bitWriter writes entropy-coded JPEG data.
type bitWriter struct {
	out  []byte
	acc  uint32
	have int
}

func (w *bitWriter) put(v, n int) {
	for i := n - 1; i >= 0; i-- {
		w.acc = w.acc<<1 | uint32(v>>i&1)
		if w.have++; w.have == 8 {
			w.out = append(w.out, byte(w.acc))
			if byte(w.acc) == 0xff {
				w.out = append(w.out, 0)
			}
			w.acc, w.have = 0, 0
		}
	}
}

func (w *bitWriter) done() []byte {
	for w.have != 0 {
		w.put(1, 1)
	}
	return w.out
}

func flat(v int) func(int, int) int { return func(int, int) int { return v } }

func TestJPEGColours(t *testing.T) {
	outcome, out := process(t, media.JPEG, jpegOf(t, quarters(900, 500)))
	if outcome.Width != 900 || outcome.Height != 500 {
		t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
	}
	for _, name := range []string{"large.jpg", "medium.jpg", "small.jpg", "thumb.jpg"} {
		isQuarters(t, out.decoded(t, name), 6)
	}
}

func TestJPEGGreyStaysGrey(t *testing.T) {
	img := std.NewGray(std.Rect(0, 0, 300, 200))
	for i := range img.Pix {
		img.Pix[i] = byte(i % 300 * 255 / 300)
	}
	_, out := process(t, media.JPEG, jpegOf(t, img))
	for name := range out.files {
		if m, ok := out.decoded(t, name).(*std.Gray); !ok {
			t.Errorf("%s is a %T", name, m)
		}
	}
	near(t, out.decoded(t, "large.jpg"), 150, 100, color.NRGBA{127, 127, 127, 255}, 4)
}

func TestJPEGProgressive(t *testing.T) {
	level := func(x, y int) int { return 60 + 100*btoi(x >= 20) + 40*btoi(y >= 10) }
	file := progressive(40, 20, 3, "", level)
	for _, kind := range []media.Type{media.JPEG, media.PJPEG} {
		outcome, out := process(t, kind, file)
		if outcome.Width != 320 || outcome.Height != 160 {
			t.Errorf("outcome is %d×%d", outcome.Width, outcome.Height)
		}
		img := out.decoded(t, "large.jpg")
		near(t, img, 40, 40, color.NRGBA{60, 60, 60, 255}, 2)
		near(t, img, 300, 40, color.NRGBA{160, 160, 160, 255}, 2)
		near(t, img, 300, 140, color.NRGBA{200, 200, 200, 255}, 2)
	}
}

func TestJPEGOfFourChannels(t *testing.T) {
	// As Adobe writes it, all four inverted: 255 is no ink.
	cmyk := progressive(20, 20, 0, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(20), flat(200), flat(220), flat(255))
	_, out := process(t, media.JPEG, cmyk)
	near(t, out.decoded(t, "large.jpg"), 50, 50, color.NRGBA{20, 200, 220, 255}, 4)

	y, cb, cr := color.RGBToYCbCr(235, 55, 35) // the ink, that is, of 20, 200, 220
	ycck := progressive(20, 20, 0, "Adobe\x00\x64\x00\x00\x00\x00\x02", flat(int(y)), flat(int(cb)), flat(int(cr)), flat(128))
	_, out = process(t, media.JPEG, ycck)
	near(t, out.decoded(t, "large.jpg"), 50, 50, color.NRGBA{10, 100, 110, 255}, 4)

	unmarked := progressive(20, 20, 0, "", flat(20), flat(200), flat(220), flat(255))
	refused(t, media.JPEG, unmarked, media.UnsupportedMedia)
}

func TestJPEGOfRGBChannels(t *testing.T) {
	file := progressive(20, 20, 0, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(230), flat(30), flat(120))
	_, out := process(t, media.JPEG, file)
	near(t, out.decoded(t, "large.jpg"), 50, 50, color.NRGBA{230, 30, 120, 255}, 4)
}

func TestJPEGScansAreBounded(t *testing.T) {
	process(t, media.JPEG, progressive(10, 10, maxScans-1, "", flat(90)))
	f := refused(t, media.JPEG, progressive(10, 10, maxScans, "", flat(90)), media.UnsupportedMedia)
	if !strings.Contains(f.Message, "scans") {
		t.Errorf("message is %q", f.Message)
	}
}

// What looks like scans in other segments, such as a nested thumbnail, is none.
func TestJPEGScansAreCountedFromTheFirst(t *testing.T) {
	nested := segment(0xed, strings.Repeat("\xff\xda", 2*maxScans))
	process(t, media.JPEG, insert(jpegOf(t, quarters(40, 40)), 2, nested))
}

func TestJPEGTooShortForItsSize(t *testing.T) {
	file := jpegOf(t, quarters(16, 16))
	at := bytes.Index(file, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(file[at+5:], 9000)
	binary.BigEndian.PutUint16(file[at+7:], 9000)
	f := refused(t, media.JPEG, file, media.InvalidMedia)
	if !strings.Contains(f.Message, "ends before") {
		t.Errorf("message is %q", f.Message)
	}
}

func TestJPEGMemoryCoversTheDecoder(t *testing.T) {
	for name, file := range map[string][]byte{
		"baseline":    jpegOf(t, quarters(1000, 700)),
		"progressive": progressive(125, 88, 1, "", flat(80), flat(90), flat(100)),
		"cmyk":        progressive(125, 88, 1, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(1), flat(2), flat(3), flat(4)),
	} {
		head, err := probe(newSource(context.Background(), bytes.NewReader(file), int64(len(file))), media.JPEG)
		if err != nil {
			t.Fatal(err)
		}
		got := allocated(func() {
			if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
				t.Error(err)
			}
		})
		if got > head.memory+64<<10 || head.memory > 2*got {
			t.Errorf("%s: decoding takes %d bytes, the estimate is %d", name, got, head.memory)
		}
	}
}

func FuzzJPEGHead(f *testing.F) {
	f.Add(jpegOf(f, quarters(16, 16)))
	f.Add(progressive(2, 2, 1, "Adobe\x00\x64\x00\x00\x00\x00\x02", flat(1), flat(2), flat(3), flat(4)))
	f.Add(insert(jpegOf(f, quarters(16, 16)), 2, segment(0xe1, exifMark+exifBlock(6, binary.BigEndian))))
	f.Add([]byte{0xff, 0xd8, 0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x00, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		head := readJPEGHead(bytes.NewReader(file))
		if head.samples < 0 || head.samples > 1<<20 || head.firstScan > int64(len(file)) {
			t.Errorf("samples %v, first scan %d of %d bytes", head.samples, head.firstScan, len(file))
		}
		if p := head.profile.bytes(); len(p) > maxInkProfile || len(p) > len(file) {
			t.Errorf("a profile of %d bytes", len(p))
		}
	})
}

var _ processing.Output = (*shelf)(nil)
