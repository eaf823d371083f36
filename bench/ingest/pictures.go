package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"

	"magpie/bench/picture"
)

// smallPNGs are pictures of 145×149 pixels in about 64 KiB, no two alike, with a
// text that has to go.
func smallPNGs(p payload) ([][]byte, error) {
	const n, w, h = 64, 145, 149
	var out [][]byte
	for i := range n {
		img := image.NewNRGBA(image.Rect(0, 0, w, h))
		noise := p[i*w*h*3:]
		for k := range w * h {
			copy(img.Pix[k*4:], noise[k*3:k*3+3])
			img.Pix[k*4+3] = 255
		}
		var file bytes.Buffer
		if err := png.Encode(&file, img); err != nil {
			return nil, err
		}
		out = append(out, withText(file.Bytes(), fmt.Sprintf("Comment\x00picture %d, taken nowhere", i)))
	}
	return out, nil
}

// withText gives a PNG with a chunk of text behind its header (PNG, 11.3.3.2).
func withText(file []byte, text string) []byte {
	const head = 8 + 25 // the signature and IHDR
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(text)))
	chunk = append(append(chunk, "tEXt"...), text...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(append([]byte(nil), file[:head]...), chunk...), file[head:]...)
}

// largerJPEGs are made-up photographs of 1200×900 pixels, no two alike.
func largerJPEGs() ([][]byte, error) {
	var out [][]byte
	for i := range uint32(16) {
		var file bytes.Buffer
		if err := jpeg.Encode(&file, picture.Landscape(1200, 900, i*1000), &jpeg.Options{Quality: 90}); err != nil {
			return nil, err
		}
		out = append(out, file.Bytes())
	}
	return out, nil
}
