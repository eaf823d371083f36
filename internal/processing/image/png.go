package image

import (
	"encoding/binary"
	"hash/crc32"
	std "image"
	"image/png"
	"io"

	"magpie/internal/media"
)

// maxDeflate is the most that zlib can inflate a byte to.
const maxDeflate = 1032

// maxPNGProfile bounds a compressed profile that is looked at.
const maxPNGProfile = 2 << 20

// pngHead is what the chunks of a PNG other than its pixels say.
type pngHead struct {
	depth, colourType byte
	interlaced        bool
	exif              []byte
	profile           []byte // the iCCP chunk
}

func probePNG(src *source) (header, error) {
	config, err := png.DecodeConfig(src.all())
	if err != nil {
		return header{}, explain("PNG", err)
	}
	head := readPNGHead(src)
	w, h := config.Width, config.Height

	channels := map[byte]int64{2: 3, 4: 2, 6: 4}[head.colourType]
	channels = max(channels, 1)
	row := (int64(w)*channels*int64(head.depth) + 7) / 8

	perPixel := int64(4)
	switch {
	case head.colourType == 3:
		perPixel = 1
	case head.depth == 16:
		perPixel = 8
	}
	kept := perPixel * area(w, h)
	memory := kept
	if head.interlaced {
		memory *= 2 // each of the seven passes is an image of its own
	}
	turn := exifOrientation(head.exif)
	compressed := int64(0) // pixels, once they are read
	grey := head.colourType == 0 || head.colourType == 4
	return header{
		width: w, height: h,
		orientation: turn,
		profile:     pngProfile(head.profile),
		memory:      turn.peak(memory+2*row, kept, kept),
		least:       (row + 1) * int64(h) / maxDeflate,
		decode: func() (frame, error) {
			if img, n, err := readPlainPNG(src, head, w, h); err == nil {
				compressed = n
				m, some := img.(*std.NRGBA) // others have no opacity
				return frameOf(img, w, h, !some || m.Opaque()), nil
			}
			img, err := png.Decode(src.all())
			if err != nil {
				return frame{}, explain("PNG", err)
			}
			f := newFrame(img, w, h)
			f.grey = grey
			return f, nil
		},
		copy: &copier{".png", media.PNG, func(w io.Writer) error { return copyPNG(w, src, head, compressed) }},
	}, nil
}

// readPNGHead walks the chunks from the first to the last; EXIF may stand after
// the pixels. It stops where it can't follow them.
func readPNGHead(src io.ReaderAt) pngHead {
	var head pngHead
	var b [29]byte
	if _, err := src.ReadAt(b[:], 0); err != nil {
		return head
	}
	head.depth, head.colourType, head.interlaced = b[24], b[25], b[28] != 0
	for at := int64(8); ; {
		if _, err := src.ReadAt(b[:8], at); err != nil {
			return head
		}
		size := int64(binary.BigEndian.Uint32(b[:]))
		var into *[]byte
		limit := int64(0)
		switch string(b[4:8]) {
		case "IEND":
			return head
		case "eXIf":
			into, limit = &head.exif, maxEXIF
		case "iCCP":
			into, limit = &head.profile, maxPNGProfile
		}
		if into != nil && *into == nil && size <= limit {
			data := make([]byte, size)
			if _, err := src.ReadAt(data, at+8); err != nil {
				return head
			}
			*into = data
		}
		at += 12 + size
	}
}

// pngChunk frames data as a chunk of the given four-letter type.
func pngChunk(kind string, data []byte) []byte {
	out := append(pngChunkHead(kind, data), data...)
	return append(out, pngChunkSum(out[4:8], data)...)
}

// writePNGChunk is pngChunk for long data, which isn't copied.
func writePNGChunk(w io.Writer, kind string, data []byte) error {
	head := pngChunkHead(kind, data)
	for _, part := range [][]byte{head, data, pngChunkSum(head[4:], data)} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

func pngChunkHead(kind string, data []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), kind...)
}

func pngChunkSum(kind, data []byte) []byte {
	return binary.BigEndian.AppendUint32(nil, crc32.Update(crc32.ChecksumIEEE(kind), crc32.IEEETable, data))
}
