package image

import (
	"bytes"
	"encoding/binary"
	"image/color"
	"image/jpeg"
	"io"

	"magpie/internal/media"
)

// maxScans bounds the scans of a progressive JPEG. Encoders write about ten;
// each costs a pass over all pixels however few bytes it has, so that a small
// file of thousands would keep a processor busy for hours.
const maxScans = 200

// jpegHead is what stands before the first scan of a JPEG.
type jpegHead struct {
	exif        []byte
	profile     jpegProfile
	samples     float64 // stored samples for each pixel; 0 without a frame header
	progressive bool
	firstScan   int64 // where it begins
	components  int
	density     []byte // of a JFIF segment; nil without one
	adobe       bool   // an Adobe segment tells the colour model
	transform   byte   // what it says
}

func probeJPEG(src *source) (header, error) {
	config, err := jpeg.DecodeConfig(src.all())
	if err != nil {
		return header{}, explain("JPEG", err)
	}
	head := readJPEGHead(src)
	w, h := config.Width, config.Height

	// A decoder pads each plane to whole blocks of up to 32 pixels.
	padded := area((w+31)&^31, (h+31)&^31)
	kept := int64(head.samples * float64(padded))
	memory := kept
	if head.progressive {
		memory *= 5 // a 32-bit coefficient is kept for each sample
	}
	turning := 3*area(w, h) + 4*int64(w+h) // planes of halved colour, before rows and columns change places and after
	switch config.ColorModel {
	case color.RGBAModel, color.CMYKModel: // put together from planes at the end
		kept = 4 * area(w, h)
		memory += kept
		turning = 8 * area(w, h)
	}
	turn := exifOrientation(head.exif)
	plain := !head.progressive && (config.ColorModel == color.YCbCrModel || config.ColorModel == color.GrayModel)
	profile, inked := head.profile.bytes(), config.ColorModel == color.CMYKModel
	if inked { // the sizes have other colours
		profile = nil
	}
	return header{
		width: w, height: h,
		orientation: turn,
		profile:     profile,
		memory:      turn.peak(memory, kept, turning),
		least:       area((w+7)/8, (h+7)/8) / 8, // a bit for each block, at the very least
		decode: func() (frame, error) {
			if plain && turn == upright { // else orig needs every pixel
				if f, ok := shrinkJPEG(src, w, h); ok {
					return f, nil
				}
			}
			img, err := jpeg.Decode(&scanLimiter{r: src.all(), skip: head.firstScan})
			if err != nil {
				return frame{}, explain("JPEG", err)
			}
			f := newFrame(img, w, h)
			if inked {
				f.inks = newInks(head.profile.bytes())
			}
			return f, nil
		},
		copy:  &copier{".jpg", media.JPEG, func(w io.Writer) error { return copyJPEG(w, src, head) }},
		lossy: true,
	}, nil
}

// readJPEGHead walks the segments before the first scan. It stops where it
// can't follow them: what is wrong with the file is the decoder's to say.
func readJPEGHead(src io.ReaderAt) jpegHead {
	var head jpegHead
	var b [4]byte
	for at := int64(2); ; {
		if _, err := src.ReadAt(b[:2], at); err != nil {
			return head
		}
		marker := b[1]
		switch {
		case b[0] != 0xff, marker == 0xff: // stray or fill byte
			at++
			continue
		case marker == 0, marker == 1, marker >= 0xd0 && marker <= 0xd8: // no length follows
			at += 2
			continue
		case marker == 0xd9, marker == 0xda: // end of image, start of scan
			head.firstScan = at
			return head
		}
		if _, err := src.ReadAt(b[:], at); err != nil {
			return head
		}
		size := int(binary.BigEndian.Uint16(b[2:])) - 2
		if size < 0 {
			return head
		}
		switch marker {
		case 0xc0, 0xc1, 0xc2, 0xe0, 0xe1, 0xe2, 0xee:
			payload := make([]byte, size)
			if _, err := src.ReadAt(payload, at+4); err != nil {
				return head
			}
			head.take(marker, payload)
		}
		at += 4 + int64(size)
	}
}

// take keeps what is of use in a segment.
func (h *jpegHead) take(marker byte, payload []byte) {
	switch marker {
	case 0xe1:
		if h.exif == nil && bytes.HasPrefix(payload, []byte("Exif\x00\x00")) {
			h.exif = payload
		}
	case 0xe2:
		h.profile.add(payload)
	case 0xe0:
		if len(payload) >= len(jfifMark)+2+5 && bytes.HasPrefix(payload, []byte(jfifMark)) {
			h.density = payload[len(jfifMark)+2:][:5]
		}
	case 0xee:
		if len(payload) >= len(adobeMark)+7 && bytes.HasPrefix(payload, []byte(adobeMark)) {
			h.adobe, h.transform = true, payload[len(adobeMark)+6]
		}
	default: // a frame header
		h.components = 0
		if len(payload) >= 6 {
			h.components = int(payload[5])
		}
		h.progressive = marker == 0xc2
		h.samples = frameSamples(payload)
	}
}

// space is the colour space of the samples, as a profile names it.
func (h *jpegHead) space() colourSpace {
	switch h.components {
	case 1:
		return spaceGrey
	case 4:
		return spaceCMYK
	}
	return spaceRGB
}

// frameSamples tells from a frame header how many samples are stored for each
// pixel: 3 for full colour, 1.5 where the two chroma planes are halved both
// ways.
func frameSamples(payload []byte) float64 {
	if len(payload) < 9 {
		return 1
	}
	factors := func(i int) float64 { hv := payload[7+3*i]; return float64(hv>>4) * float64(hv&15) }
	n := (len(payload) - 6) / 3
	if n == 1 || factors(0) == 0 {
		return float64(n)
	}
	sum := 0.0
	for i := range n {
		sum += factors(i) / factors(0)
	}
	return sum
}

// scanLimiter reads a JPEG and fails at its scan number maxScans+1.
type scanLimiter struct {
	r     io.Reader
	skip  int64 // bytes before the first scan, where other images may be nested
	last  byte
	scans int
}

func (l *scanLimiter) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	rest := p[:n]
	if skipped := min(l.skip, int64(n)); skipped > 0 {
		l.skip -= skipped
		rest = rest[skipped:]
	}
	for len(rest) > 0 {
		i := bytes.IndexByte(rest, 0xda)
		if i < 0 {
			l.last = rest[len(rest)-1]
			break
		}
		if i > 0 {
			l.last = rest[i-1]
		}
		if l.last == 0xff {
			l.scans++
		}
		l.last = 0xda
		rest = rest[i+1:]
	}
	if l.scans > maxScans {
		return 0, media.NewFailure(media.UnsupportedMedia, "This JPEG has more than 200 scans, the most that is accepted.")
	}
	return n, err
}
