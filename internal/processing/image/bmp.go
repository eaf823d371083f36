package image

import (
	"bufio"
	"encoding/binary"
	std "image"
	"image/color"
	"io"
	"math/bits"
)

// How the pixels of a BMP are stored.
const (
	bmpPlain       = 0
	bmpRuns8       = 1
	bmpRuns4       = 2
	bmpMasks       = 3
	bmpMasksOpaque = 6 // with one for opacity
)

// bmpHead is what stands before the pixels of a BMP.
type bmpHead struct {
	width, height int
	topDown       bool
	depth         int // bits for each pixel
	kind          uint32
	pixels        int64         // where they begin
	masks         [4]uint32     // red, green, blue, opacity; of 16 and 32 bits
	palette       color.Palette // of up to 8 bits, as long as they count
}

func probeBMP(src *source) (header, error) {
	head, err := readBMPHead(src)
	if err != nil {
		return header{}, explain("BMP", err)
	}
	w, h := head.width, head.height
	row := head.row()
	kept, least := area(w, h), head.pixels+row*int64(h)
	if head.palette == nil {
		kept *= 4
	}
	if head.runs() {
		least = head.pixels
	}
	return header{
		width: w, height: h,
		orientation: upright,
		memory:      kept + row,
		least:       least,
		decode: func() (frame, error) {
			img, err := head.decode(src)
			if err != nil {
				return frame{}, explain("BMP", err)
			}
			fillEmptyAlpha(img)
			return newFrame(img, w, h), nil
		},
	}, nil
}

func (h *bmpHead) runs() bool { return h.kind == bmpRuns8 || h.kind == bmpRuns4 }

// row is how many bytes a row takes that isn't in runs.
func (h *bmpHead) row() int64 { return (int64(h.width)*int64(h.depth) + 31) / 32 * 4 }

// readBMPHead reads the headers of all versions, from OS/2's of 12 bytes on.
func readBMPHead(src *source) (bmpHead, error) {
	const file, core, info, masked = 14, 12, 40, 52
	le := binary.LittleEndian
	b, err := src.bytes(0, file+4)
	if err != nil {
		return bmpHead{}, err
	}
	if string(b[:2]) != "BM" {
		return bmpHead{}, damaged("it does not begin as a BMP does")
	}
	size := int64(le.Uint32(b[14:]))
	head := bmpHead{pixels: int64(le.Uint32(b[10:])), kind: bmpPlain}
	if size != core && (size < info || size > 256) {
		return bmpHead{}, unreadable("This BMP has a header of %d bytes, which can't be read here", size)
	}
	if b, err = src.bytes(file, int(size)); err != nil {
		return bmpHead{}, err
	}
	colours, entry, after := 0, 4, file+size
	if size == core {
		head.width, head.height = int(le.Uint16(b[4:])), int(int16(le.Uint16(b[6:])))
		head.depth, entry = int(le.Uint16(b[10:])), 3
	} else {
		head.width, head.height = int(int32(le.Uint32(b[4:]))), int(int32(le.Uint32(b[8:])))
		head.depth, head.kind = int(le.Uint16(b[14:])), le.Uint32(b[16:])
		colours = int(min(le.Uint32(b[32:]), 256))
	}
	if head.height < 0 {
		head.height, head.topDown = -head.height, true
	}
	if head.width < 1 || head.height < 1 {
		return bmpHead{}, damaged("the BMP says that it is %d×%d pixels", head.width, head.height)
	}
	switch {
	case head.kind == bmpRuns8 && head.depth == 8 && !head.topDown, head.kind == bmpRuns4 && head.depth == 4 && !head.topDown:
	case head.kind == bmpPlain && (head.depth == 1 || head.depth == 2 || head.depth == 4 || head.depth == 8 || head.depth == 24):
	case head.kind == bmpPlain && head.depth == 16:
		head.masks = [4]uint32{0x7c00, 0x3e0, 0x1f, 0}
	case head.kind == bmpPlain && head.depth == 32:
		head.masks = [4]uint32{0xff0000, 0xff00, 0xff, 0}
		if size > info { // older headers mean nothing by the fourth byte
			head.masks[3] = 0xff000000
		}
	case (head.kind == bmpMasks || head.kind == bmpMasksOpaque) && (head.depth == 16 || head.depth == 32):
		n := 3
		if head.kind == bmpMasksOpaque || size > masked {
			n = 4
		}
		m := b[min(size, info):]
		if size < masked {
			if m, err = src.bytes(after, 4*n); err != nil {
				return bmpHead{}, err
			}
		}
		for i := range n {
			head.masks[i] = le.Uint32(m[4*i:])
		}
	default:
		return bmpHead{}, unreadable("This BMP of %d bits per pixel, stored in way %d, can't be read here; those of 1, 2, 4, 8, 16, 24 and 32 bits can, and those of 4 and 8 in runs",
			head.depth, head.kind)
	}
	if head.pixels < after {
		return bmpHead{}, damaged("the pixels of the BMP begin inside its header")
	}
	if head.depth > 8 {
		return head, nil
	}
	if colours == 0 || colours > 1<<head.depth {
		colours = 1 << head.depth
	}
	colours = min(colours, int(head.pixels-after)/entry)
	if b, err = src.bytes(after, colours*entry); err != nil {
		return bmpHead{}, err
	}
	head.palette = make(color.Palette, 1<<head.depth) // so that each number has a colour
	for i := range head.palette {
		c := color.RGBA{A: 0xff}
		if i < colours {
			c.B, c.G, c.R = b[i*entry], b[i*entry+1], b[i*entry+2]
		}
		head.palette[i] = c
	}
	return head, nil
}

func (h *bmpHead) decode(src *source) (std.Image, error) {
	r := bufio.NewReaderSize(src.section(h.pixels, src.size-h.pixels), 64<<10)
	bounds := std.Rect(0, 0, h.width, h.height)
	if h.palette != nil {
		img := std.NewPaletted(bounds, h.palette)
		if h.runs() {
			return img, h.readRuns(r, img)
		}
		return img, h.eachRow(r, func(y int, row []byte) {
			shift, mask := 8-h.depth, byte(1<<h.depth-1)
			for x := range h.width {
				bit := x * h.depth
				img.Pix[y*img.Stride+x] = row[bit/8] >> (shift - bit%8) & mask
			}
		})
	}
	img := std.NewNRGBA(bounds)
	step := h.depth / 8
	return img, h.eachRow(r, func(y int, row []byte) {
		for x, out := 0, img.Pix[y*img.Stride:]; x < h.width; x, out = x+1, out[4:] {
			p := row[x*step:]
			switch {
			case step == 3:
				out[0], out[1], out[2], out[3] = p[2], p[1], p[0], 0xff
			case step == 2:
				h.unmask(out, uint32(p[0])|uint32(p[1])<<8)
			default:
				h.unmask(out, binary.LittleEndian.Uint32(p))
			}
		}
	})
}

// eachRow reads the rows in the order in which they are stored.
func (h *bmpHead) eachRow(r io.Reader, use func(y int, row []byte)) error {
	row := make([]byte, h.row())
	for i := range h.height {
		if _, err := io.ReadFull(r, row); err != nil {
			return err
		}
		y := h.height - 1 - i
		if h.topDown {
			y = i
		}
		use(y, row)
	}
	return nil
}

// unmask takes a pixel apart. Without a mask for it, it is opaque.
func (h *bmpHead) unmask(out []byte, v uint32) {
	out[3] = 0xff
	for i, mask := range h.masks {
		if mask == 0 {
			continue
		}
		shift := bits.TrailingZeros32(mask)
		most := uint64(mask >> shift)
		out[i] = byte((uint64(v&mask>>shift)*255 + most/2) / most)
	}
}

// readRuns reads pixels in runs. What it is not told stays the first colour, and
// what lies beside the picture is passed over.
func (h *bmpHead) readRuns(r *bufio.Reader, img *std.Paletted) error {
	x, y := 0, h.height-1
	put := func(v byte) {
		if x < h.width && y >= 0 {
			img.Pix[y*img.Stride+x] = v
		}
		x++
	}
	half := func(b byte, i int) byte { // of pixel i of those in a byte
		if h.kind == bmpRuns8 {
			return b
		}
		return b >> (4 - i%2*4) & 15
	}
	var b [2]byte
	for y >= 0 {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return err
		}
		switch n := int(b[1]); {
		case b[0] > 0:
			for i := range int(b[0]) {
				put(half(b[1], i))
			}
		case n == 0: // the row ends
			x, y = 0, y-1
		case n == 1: // the picture ends
			return nil
		case n == 2: // right and up
			if _, err := io.ReadFull(r, b[:]); err != nil {
				return err
			}
			x, y = x+int(b[0]), y-int(b[1])
		default: // n pixels of their own, padded to two bytes
			size := n
			if h.kind == bmpRuns4 {
				size = (n + 1) / 2
			}
			var own [256]byte
			if _, err := io.ReadFull(r, own[:(size+1)&^1]); err != nil {
				return err
			}
			for i := range n {
				at := i
				if h.kind == bmpRuns4 {
					at = i / 2
				}
				put(half(own[at], i))
			}
		}
	}
	return nil
}

// fillEmptyAlpha makes an image opaque whose every pixel is fully transparent:
// many programs write 32-bit BMPs and leave the fourth byte zero.
func fillEmptyAlpha(img std.Image) {
	m, ok := img.(*std.NRGBA)
	if !ok {
		return
	}
	for i := 3; i < len(m.Pix); i += 4 {
		if m.Pix[i] != 0 {
			return
		}
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 0xff
	}
}
