package image

import (
	"bufio"
	"encoding/binary"
	"io"
)

// jfifMark and adobeMark begin the two segments that say how a JPEG's
// components are to be read.
const (
	jfifMark  = "JFIF\x00"
	adobeMark = "Adobe"
)

// copyJPEG writes a JPEG again that was decoded to its end: its tables, its
// frame and its scans, and before them the density, the colour profile and what
// tells one colour model from another. Every other segment stays behind, and so
// does everything after the end of the image.
func copyJPEG(w io.Writer, src *source, head jpegHead) error {
	b := bufio.NewWriterSize(w, 32<<10)
	_, _ = b.Write([]byte{0xff, 0xd8}) // its errors come back from Flush
	if head.density != nil {
		jpegSegment(b, 0xe0, append([]byte(jfifMark+"\x01\x02"), append(head.density[:5:5], 0, 0)...))
	}
	if p := profileFor(head.profile.bytes(), head.space()); p != nil {
		_, _ = b.Write(jpegProfileSegments(p))
	}
	if head.adobe && !(head.density != nil && head.components == 3) { // with JFIF, three are YCbCr anyway
		jpegSegment(b, 0xee, append([]byte(adobeMark+"\x00\x64\x00\x00\x00\x00"), head.transform))
	}
	r := bufio.NewReaderSize(src.all(), 64<<10)
	if err := copySegments(b, r); err != nil {
		return err
	}
	return b.Flush()
}

func jpegSegment(w io.Writer, marker byte, payload []byte) {
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(payload)+2))
	_, _ = w.Write(append(head, payload...))
}

// copySegments copies from behind the start of the image up to its end.
func copySegments(w *bufio.Writer, r *bufio.Reader) error {
	if _, err := r.Discard(2); err != nil {
		return explain("JPEG", err)
	}
	marker, err := nextMarker(r)
	for ; err == nil; marker, err = nextMarker(r) {
		for err == nil && marker == 0xda {
			if err = copySegment(w, r, marker); err == nil {
				marker, err = copyScan(w, r)
			}
		}
		switch {
		case err != nil:
			return explain("JPEG", err)
		case marker == 0xd9:
			_, err := w.Write([]byte{0xff, 0xd9})
			return err
		case marker == 1, marker >= 0xd0 && marker <= 0xd8: // no length follows
		case marker >= 0xc0 && marker <= 0xc2, marker == 0xc4, marker == 0xdb, marker == 0xdd:
			err = copySegment(w, r, marker)
		default:
			err = skipSegment(r)
		}
		if err != nil {
			return explain("JPEG", err)
		}
	}
	return explain("JPEG", err)
}

// nextMarker passes over fill and stray bytes, as decoders do.
func nextMarker(r *bufio.Reader) (byte, error) {
	for last := byte(0); ; {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if last == 0xff && b != 0 && b != 0xff {
			return b, nil
		}
		last = b
	}
}

func segmentLength(r *bufio.Reader) (int64, error) {
	var b [2]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, err
	}
	n := int64(binary.BigEndian.Uint16(b[:]))
	if n < 2 {
		return 0, damaged("a segment of the JPEG has %d bytes", n)
	}
	return n - 2, nil
}

func skipSegment(r *bufio.Reader) error {
	n, err := segmentLength(r)
	if err == nil {
		_, err = r.Discard(int(n))
	}
	return err
}

func copySegment(w *bufio.Writer, r *bufio.Reader, marker byte) error {
	n, err := segmentLength(r)
	if err != nil {
		return err
	}
	_, _ = w.Write(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(n+2)))
	_, err = io.CopyN(w, r, n)
	return err
}

// copyScan copies coded data with its restarts, and gives the marker that ends
// it.
func copyScan(w *bufio.Writer, r *bufio.Reader) (byte, error) {
	for {
		data, err := r.ReadSlice(0xff)
		switch {
		case err == nil:
			data = data[:len(data)-1]
		case err != bufio.ErrBufferFull:
			return 0, err
		}
		if _, err := w.Write(data); err != nil {
			return 0, err
		}
		if err != nil {
			continue
		}
		next, err := r.ReadByte()
		for err == nil && next == 0xff { // fill bytes
			next, err = r.ReadByte()
		}
		if err != nil {
			return 0, err
		}
		if next != 0 && (next < 0xd0 || next > 0xd7) {
			return next, nil
		}
		_ = w.WriteByte(0xff)
		_ = w.WriteByte(next)
	}
}
