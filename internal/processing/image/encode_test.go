package image

import (
	"bytes"
	"encoding/binary"
	"testing"

	"magpie/internal/media"
)

// nothingPrivate fails if a file holds what must stay behind.
func nothingPrivate(t *testing.T, name string, file []byte) {
	t.Helper()
	for _, word := range []string{"Exif", "eXIf", "EXIF", "GPS", "SECRET", "xmp", "XMP", "ns.adobe", "tEXt", "iTXt", "zTXt", "tIME", "Photoshop", "Adobe"} {
		if bytes.Contains(file, []byte(word)) {
			t.Errorf("%s holds %q", name, word)
		}
	}
}

func TestMetadataStaysBehind(t *testing.T) {
	var more []byte
	more = append(more, segment(0xe1, exifMark+exifBlock(1, binary.BigEndian))...)
	more = append(more, segment(0xe1, "http://ns.adobe.com/xap/1.0/\x00<x:xmpmeta>SECRET</x:xmpmeta>")...)
	more = append(more, segment(0xed, "Photoshop 3.0\x008BIM SECRET")...)
	more = append(more, segment(0xfe, "SECRET comment")...)
	file := insert(jpegOf(t, quarters(300, 200)), 2, more)
	_, out := process(t, media.JPEG, append(file, "SECRET after the end"...))
	for name, b := range out.files {
		nothingPrivate(t, name, b)
	}

	img := quarters(300, 200)
	img.Pix[3] = 0
	more = pngChunk("eXIf", []byte(exifBlock(1, binary.BigEndian)))
	more = append(more, pngChunk("tEXt", []byte("Comment\x00SECRET"))...)
	more = append(more, pngChunk("iTXt", []byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00SECRET"))...)
	more = append(more, pngChunk("tIME", []byte("\x07\xe9\x01\x01\x01\x01\x01"))...)
	_, out = process(t, media.PNG, insert(pngOf(t, img), pngHeaderSize, more))
	for name, b := range out.files {
		out.decoded(t, name)
		nothingPrivate(t, name, b)
	}
}
