package image

import (
	"bytes"
	"encoding/binary"
	std "image"
	"io"

	"golang.org/x/image/webp"

	"magpie/internal/media"
)

// maxWebPChunks bounds the chunks that are walked; a long animation has a few
// thousand.
const maxWebPChunks = 1 << 17

// Bits of the first byte of a VP8X chunk.
const (
	webpAnimated = 1 << 1
	webpAlpha    = 1 << 4
	webpProfile  = 1 << 5
)

// riffChunk says where a chunk's data is.
type riffChunk struct {
	id   string
	at   int64
	size int64
}

// webpHead is what the chunks of a WebP say. For an animation, alpha and pixels
// are those of its first frame, which covers frameWidth×frameHeight of the
// canvas at left, top.
type webpHead struct {
	extended      bool // it has a VP8X chunk, which gives the canvas
	width, height int
	alpha, pixels riffChunk // pixels is a "VP8 " or "VP8L"
	animated      bool
	transparent   bool // its VP8X chunk says so, which need not be true
	left, top     int
	frameWidth    int
	frameHeight   int
	exif          []byte
	profile       []byte
}

// The decoder knows no animations and holds a file to flags that some encoders
// set wrongly, so it is given a small file of its own, made of nothing but the
// pixels of the still or of the first frame.
func probeWebP(src *source) (header, error) {
	head, err := readWebPHead(src, src.size)
	if err != nil {
		return header{}, explain("WebP", err)
	}
	lossless := head.pixels.id == "VP8L"
	config, err := webp.DecodeConfig(head.still(src, 0, 0, nil))
	if err != nil {
		return header{}, explain("WebP", err)
	}
	w, h := config.Width, config.Height
	switch {
	case head.animated:
		if w != head.frameWidth || h != head.frameHeight || head.left+w > head.width || head.top+h > head.height {
			return header{}, damaged("the first frame of the WebP does not fit its canvas")
		}
	case !head.extended:
		head.width, head.height = w, h
	case w != head.width || h != head.height:
		return header{}, damaged("the WebP says that it is %d×%d pixels and holds %d×%d", head.width, head.height, w, h)
	}
	turn := exifOrientation(head.exif)
	return header{
		width: head.width, height: head.height,
		orientation: turn,
		profile:     head.profile,
		memory:      turn.peak(head.memory(w, h), head.kept(w, h), 8*area(head.width, head.height)),
		decode: func() (frame, error) {
			img, err := webp.Decode(head.still(src, w, h, nil))
			if err != nil {
				return frame{}, explain("WebP", err)
			}
			f := newFrame(moved(img, head.left, head.top), head.width, head.height)
			f.studio = !lossless
			return f, nil
		},
		copy:  head.copier(src, w, h),
		lossy: !lossless,
	}, nil
}

// memory is the most that decoding w×h pixels holds. Lossless data is decoded
// to four bytes a pixel and may be transformed into another such image, beside
// tables of which each costs the file at least 20 bits.
func (h *webpHead) memory(w, ht int) int64 {
	const tables, mostTables, tableBits = 3 << 10, 1 << 16, 20
	vp8l := func(c riffChunk) int64 { return 9*area(w, ht) + tables*min(mostTables, c.size*8/tableBits) }
	if h.pixels.id == "VP8L" {
		return vp8l(h.pixels)
	}
	n := 2*area(w, ht) + h.pixels.size
	if h.alpha.id != "" {
		n += area(w, ht) + vp8l(h.alpha)
	}
	return n
}

// kept is the most that a decoded picture of w×h pixels takes.
func (h *webpHead) kept(w, ht int) int64 {
	if h.pixels.id == "VP8L" {
		return 4 * area(w, ht)
	}
	return 3 * area(w, ht) // halved planes, and opacity
}

// copier writes the picture again, or is nil for an animation whose first frame
// is not all of its canvas.
func (h *webpHead) copier(src *source, w, ht int) *copier {
	if w != h.width || ht != h.height {
		return nil
	}
	return &copier{".webp", media.WebP, func(to io.Writer) error {
		if _, err := io.Copy(to, h.still(src, w, ht, profileFor(h.profile, spaceRGB))); err != nil {
			return explain("WebP", err)
		}
		return nil
	}}
}

// still gives the picture as a WebP file that holds nothing else but a profile,
// if there is one. Width and height are needed only to decode, not to read the
// header.
func (h *webpHead) still(src *source, width, height int, profile []byte) io.Reader {
	var parts []io.Reader
	size := uint32(4)
	add := func(id string, n int64, data io.Reader) {
		head := binary.LittleEndian.AppendUint32([]byte(id), uint32(n))
		parts = append(parts, bytes.NewReader(head), data)
		if n%2 == 1 {
			parts = append(parts, bytes.NewReader([]byte{0}))
		}
		size += 8 + uint32(n+n%2)
	}
	alpha := h.alpha.id != "" && width > 0
	if alpha || profile != nil {
		vp8x := make([]byte, 10)
		if alpha || h.transparent && h.pixels.id == "VP8L" {
			vp8x[0] |= webpAlpha
		}
		if profile != nil {
			vp8x[0] |= webpProfile
		}
		putUint24(vp8x[4:], width-1)
		putUint24(vp8x[7:], height-1)
		add("VP8X", 10, bytes.NewReader(vp8x))
	}
	if profile != nil {
		add("ICCP", int64(len(profile)), bytes.NewReader(profile))
	}
	if alpha {
		add("ALPH", h.alpha.size, src.section(h.alpha.at, h.alpha.size))
	}
	add(h.pixels.id, h.pixels.size, src.section(h.pixels.at, h.pixels.size))
	riff := binary.LittleEndian.AppendUint32([]byte("RIFF"), size)
	return io.MultiReader(append([]io.Reader{bytes.NewReader(append(riff, "WEBP"...))}, parts...)...)
}

// moved puts a decoded image at another place of its canvas.
func moved(img std.Image, left, top int) std.Image {
	by := std.Pt(left, top)
	switch m := img.(type) {
	case *std.YCbCr:
		m.Rect = m.Rect.Add(by)
	case *std.NYCbCrA:
		m.Rect = m.Rect.Add(by)
	case *std.NRGBA:
		m.Rect = m.Rect.Add(by)
	}
	return img
}

// readWebPHead walks the chunks of a file.
func readWebPHead(src io.ReaderAt, size int64) (webpHead, error) {
	var head webpHead
	var b [12]byte
	if _, err := src.ReadAt(b[:], 0); err != nil {
		return head, err
	}
	if string(b[:4]) != "RIFF" || string(b[8:]) != "WEBP" {
		return head, damaged("it does not begin as a WebP does")
	}
	end := min(size, 8+int64(binary.LittleEndian.Uint32(b[4:])))
	for n, at := 0, int64(12); at+8 <= end && n < maxWebPChunks; n++ {
		c, err := chunkAt(src, at)
		if err != nil {
			return head, err
		}
		if err := head.take(src, c, size); err != nil {
			return head, err
		}
		at = c.at + c.size + c.size%2
	}
	if head.pixels.id == "" {
		if end == size {
			return head, cutShort()
		}
		return head, damaged("the WebP holds no picture")
	}
	return head, nil
}

func chunkAt(src io.ReaderAt, at int64) (riffChunk, error) {
	var b [8]byte
	if _, err := src.ReadAt(b[:], at); err != nil {
		return riffChunk{}, err
	}
	return riffChunk{id: string(b[:4]), at: at + 8, size: int64(binary.LittleEndian.Uint32(b[4:]))}, nil
}

// take keeps what is of use in a chunk. The first of each kind counts.
func (h *webpHead) take(src io.ReaderAt, c riffChunk, size int64) error {
	whole := c.size <= size-c.at
	read := func(into *[]byte, limit int64) error {
		if *into != nil || c.size > limit || !whole {
			return nil
		}
		data := make([]byte, c.size)
		if _, err := src.ReadAt(data, c.at); err != nil {
			return err
		}
		*into = data
		return nil
	}
	switch c.id {
	case "EXIF":
		return read(&h.exif, maxEXIF)
	case "ICCP":
		return read(&h.profile, maxProfile)
	case "VP8X":
		var b [10]byte
		if _, err := src.ReadAt(b[:], c.at); err != nil {
			return err
		}
		h.extended = true
		h.animated = b[0]&webpAnimated != 0
		h.transparent = b[0]&webpAlpha != 0
		h.width, h.height = uint24(b[4:])+1, uint24(b[7:])+1
	case "ANMF":
		if !h.animated || h.pixels.id != "" {
			return nil
		}
		return h.takeFrame(src, c, size)
	case "ALPH", "VP8 ", "VP8L":
		if h.animated {
			return nil
		}
		return h.takePixels(c, whole)
	}
	return nil
}

// takeFrame reads the first frame of an animation.
func (h *webpHead) takeFrame(src io.ReaderAt, c riffChunk, size int64) error {
	const place = 16 // bytes that say where the frame goes and for how long
	var b [place]byte
	if _, err := src.ReadAt(b[:], c.at); err != nil {
		return err
	}
	h.left, h.top = 2*uint24(b[0:]), 2*uint24(b[3:])
	h.frameWidth, h.frameHeight = uint24(b[6:])+1, uint24(b[9:])+1
	end := min(size, c.at+c.size)
	for n, at := 0, c.at+place; at+8 <= end && n < maxWebPChunks && h.pixels.id == ""; n++ {
		inner, err := chunkAt(src, at)
		if err != nil {
			return err
		}
		switch inner.id {
		case "ALPH", "VP8 ", "VP8L":
			if err := h.takePixels(inner, inner.size <= end-inner.at); err != nil {
				return err
			}
		}
		at = inner.at + inner.size + inner.size%2
	}
	return nil
}

func (h *webpHead) takePixels(c riffChunk, whole bool) error {
	switch {
	case h.pixels.id != "":
		return nil
	case !whole:
		return cutShort()
	case c.id == "ALPH":
		h.alpha = c
	default:
		h.pixels = c
		if c.id == "VP8L" {
			h.alpha = riffChunk{} // it brings its own
		}
	}
	return nil
}

func uint24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

func putUint24(b []byte, n int) { b[0], b[1], b[2] = byte(n), byte(n>>8), byte(n>>16) }
