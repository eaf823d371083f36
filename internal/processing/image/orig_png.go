package image

import (
	"encoding/binary"
	"io"
)

// pngKept gives the lengths that a chunk beside the pixels may have, for those
// that change how they look: colours, transparency, and the shape of a pixel.
func pngKept(kind string) (least, most int) {
	switch kind {
	case "PLTE":
		return 3, 768
	case "tRNS":
		return 1, 256
	case "gAMA", "cICP":
		return 4, 4
	case "cHRM":
		return 32, 32
	case "sRGB":
		return 1, 1
	case "sBIT":
		return 1, 4
	case "pHYs":
		return 9, 9
	case "mDCV":
		return 24, 24
	case "cLLI":
		return 8, 8
	}
	return 1, 0
}

// copyPNG writes a PNG again that was decoded to its end: header, colours and
// pixels. Texts, times, EXIF, further pictures of an animation and unknown
// chunks stay behind, and so does what follows the pixels' own end, which is after
// so many bytes as they are compressed, 0 where that isn't known.
func copyPNG(w io.Writer, src *source, head pngHead, compressed int64) error {
	m := src.pools.png()
	defer src.pools.donePNG(m)
	m.w.Reset(w)
	m.r.Reset(src.all())
	b, r := m.w, m.r
	start := make([]byte, pngHeaderSize)
	if _, err := io.ReadFull(r, start); err != nil {
		return explain("PNG", err)
	}
	_, _ = b.Write(start[:8]) // its errors come back from Flush
	_, _ = b.Write(pngChunk("IHDR", start[16:29]))
	space := spaceRGB
	if head.colourType == 0 || head.colourType == 4 {
		space = spaceGrey
	}
	profile := profileFor(pngProfile(head.profile), space)
	if profile != nil {
		_, _ = b.Write(pngProfileChunk(profile))
	}
	seen := map[string]bool{"sRGB": profile != nil} // the two exclude each other
	for {
		var header [8]byte
		if _, err := io.ReadFull(r, header[:]); err != nil {
			return explain("PNG", err)
		}
		n, kind := int64(binary.BigEndian.Uint32(header[:])), string(header[4:])
		switch least, most := pngKept(kind); {
		case kind == "IDAT":
			if err := m.copyPixels(n, compressed); err != nil {
				return explain("PNG", err)
			}
			_, _ = b.Write(pngChunk("IEND", nil))
			return b.Flush()
		case kind == "IEND":
			return damaged("the PNG holds no pixels")
		case int64(least) <= n && n <= int64(most) && !seen[kind]:
			seen[kind] = true
			data := make([]byte, n)
			if _, err := io.ReadFull(r, data); err != nil {
				return explain("PNG", err)
			}
			_, _ = b.Write(pngChunk(kind, data))
			n = 0
		}
		if _, err := io.CopyN(io.Discard, r, n+4); err != nil {
			return explain("PNG", err)
		}
	}
}

// copyPixels copies the compressed pixels from behind the header of the first
// IDAT, of n bytes, and stops where they end, wherever their chunks do. To know where,
// it inflates them once more, unless it is told.
func (m *pngMemory) copyPixels(n, compressed int64) error {
	in := newIDATs(m.r, n, m.piece[:], m.w)
	if compressed > 0 {
		return in.copy(compressed)
	}
	pixels, err := m.inflate(in)
	if err == nil {
		_, err = io.Copy(io.Discard, pixels)
	}
	if err == nil {
		err = in.flush()
	}
	return err
}
