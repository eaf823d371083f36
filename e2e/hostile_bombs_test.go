package e2e

import (
	"archive/zip"
	"bytes"
	"compress/lzw"
	endian "encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestBombs uploads small files that become large, or never end, when they are
// opened.
func TestBombs(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t)
	for _, v := range bombs(t) {
		o.try(v)
	}
	o.end()
	if o.refused < 15 {
		t.Errorf("only %d were refused", o.refused)
	}
}

func bombs(t *testing.T) []hostile {
	const png, tif, webp, gif, bmp = "image/png", "image/tiff", "image/webp", "image/gif", "image/bmp"
	all := []hostile{
		{"PNG of 20,000×20,000 in 400 KB", png, "tweet_image", flatPNG(20_000, 20_000)},
		{"PNG of 7,000×7,000", png, "tweet_image", flatPNG(7_000, 7_000)},
		{"PNG of 1×100,000", png, "tweet_image", flatPNG(1, 100_000)},
		{"PNG with more behind its picture than in it", png, "tweet_image", fatPNG()},
		{"TIFF of 60,000×60,000 in one strip", tif, "tweet_image", tiffOf(60_000, 60_000, 1, 60_000)},
		{"TIFF of 4,294,967,295 strips", tif, "tweet_image", tiffOf(1000, 1000, 0xFFFFFFFF, 1)},
		{"TIFF of 4,294,967,295 wide", tif, "tweet_image", tiffOf(0xFFFFFFFF, 0xFFFFFFFF, 1, 1)},
		{"TIFF with rows of nothing", tif, "tweet_image", tiffOf(100, 100, 1, 0)},
		{"WebP of 16,384×16,384", webp, "tweet_image", riff("VP8L", []byte{0x2F, 0xFF, 0xFF, 0xFF, 0x0F, 0, 0, 0, 0, 0})},
		{"WebP with a canvas of 16,777,216", webp, "tweet_image", riff("VP8X", []byte{0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})},
		{"WebP that says 4 GiB", webp, "tweet_image", []byte("RIFF\xFF\xFF\xFF\xFFWEBPVP8 \xFF\xFF\xFF\xFF\x30\x01\x00\x9d\x01\x2a\xff\x3f\xff\x3f")},
		{"BMP of 2,147,483,647", bmp, "tweet_image", []byte("BM\x00\x10\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xFF\xFF\xFF\x7F\xFF\xFF\xFF\x7F\x01\x00\x18\x00" + strings.Repeat("\x00", 4000))},
		{"BMP that stands on its head", bmp, "tweet_image", []byte("BM\x00\x10\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x80\x01\x00\x18\x00" + strings.Repeat("\x00", 4000))},
		{"GIF of 100,000 pictures", gif, "tweet_gif", frames(16, 16, 100_000, 1)},
		{"GIF of 100,000 pictures, as a still", gif, "tweet_image", frames(16, 16, 100_000, 1)},
		{"GIF of 30 pictures of 4,000×4,000 in 2 KB", gif, "tweet_gif", frames(4000, 4000, 30, 10)},
		{"GIF of pictures that stay for eleven minutes", gif, "tweet_gif", frames(16, 16, 100, 65_535)},
		{"GIF without an end", gif, "tweet_gif", bytes.TrimSuffix(frames(16, 16, 5, 10), []byte{0x3B})},
		{"GIF that goes on with padding", gif, "tweet_gif", append(bytes.TrimSuffix(frames(16, 16, 5, 10), []byte{0x3B}), make([]byte, 8<<20)...)},
		{"GIF with eight MiB of comments", gif, "tweet_gif", commented(8 << 20)},
		{"GIF whose pictures lie outside", gif, "tweet_gif", outside()},
		{"JPEG of 65,535×65,535", "image/jpeg", "tweet_image", bytes.Replace(sampleJPEG(), []byte{0xFF, 0xC0, 0, 17, 8, 0, 64, 0, 48}, []byte{0xFF, 0xC0, 0, 17, 8, 0xFF, 0xFF, 0xFF, 0xFF}, 1)},
		{"JPEG of a million scans", "image/jpeg", "tweet_image", scans(1_000_000)},

		{"subtitles of a million cues", "text/srt", "subtitles", cues(1_000_000)},
		{"one cue of eight MiB", "text/vtt", "subtitles", []byte("WEBVTT\n\n00:00.000 --> 00:01.000\n" + strings.Repeat("a", 8<<20) + "\n")},
		{"tags a million deep", "text/vtt", "subtitles", []byte("WEBVTT\n\n00:00.000 --> 00:01.000\n" + strings.Repeat("<i>", 1_000_000) + "\n")},
		{"a time of a million digits", "text/srt", "subtitles", []byte("1\n" + strings.Repeat("9", 1_000_000) + ":00:00,000 --> 00:00:01,000\nx\n")},

		{"GLB of arrays a million deep", "model/gltf-binary", "", glb(`{"asset":{"version":"2.0"},"extras":`+strings.Repeat("[", 1_000_000)+strings.Repeat("]", 1_000_000)+`}`, make([]byte, 4))},
		{"GLB of a million nodes in a ring", "model/gltf-binary", "", glb(ring(1_000_000), make([]byte, 4))},
		{"GLB that says 10¹⁸ points", "model/gltf-binary", "", bytes.Replace(triangleGLB(), []byte(`"count":3`), []byte(`"count":3e18`), 1)},
		{"GLB that says 4 GiB", "model/gltf-binary", "", append([]byte("glTF\x02\x00\x00\x00\xFF\xFF\xFF\xFF\xF0\xFF\xFF\xFFJSON"), randomBytes(3, 4000)...)},
		{"USDZ with a compressed member of 1 GiB", "model/vnd.usdz+zip", "", zipBomb(t)},
		{"USDZ of 100,000 members", "model/vnd.usdz+zip", "", crowd(t, 100_000)},
		{"USDZ whose directory says 65,535 members", "model/vnd.usdz+zip", "", lied(usdz(t, 64, zip.Store, layer))},
	}
	const playlist = "#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"
	for _, kind := range []string{gif, "image/jpeg", png, webp, tif, bmp, "text/vtt", "text/srt", "model/gltf-binary", "model/vnd.usdz+zip", "video/webm", "video/mp2t"} {
		category := "tweet_image"
		switch {
		case strings.HasPrefix(kind, "text/"):
			category = "subtitles"
		case strings.HasPrefix(kind, "model/"):
			category = ""
		case strings.HasPrefix(kind, "video/"):
			category = "tweet_video"
		}
		all = append(all,
			hostile{"a playlist as " + kind, kind, category, []byte(playlist)},
			hostile{"a list of files as " + kind, kind, category, []byte("ffconcat version 1.0\nfile '/etc/passwd'\n")})
	}
	return all
}

// flatPNG is a grey picture of one colour.
func flatPNG(w, h int) []byte {
	head := endian.BigEndian.AppendUint32(endian.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	return slices.Concat([]byte("\x89PNG\r\n\x1A\n"), pngChunk("IHDR", string(head)+"\x08\x00\x00\x00\x00"),
		pngChunk("IDAT", deflated(make([]byte, (w+1)*h))), pngChunk("IEND", ""))
}

// fatPNG is a small picture whose data go on for 64 MiB when unpacked.
func fatPNG() []byte {
	return slices.Concat([]byte("\x89PNG\r\n\x1A\n"), pngChunk("IHDR", "\x00\x00\x00\x10\x00\x00\x00\x10\x08\x00\x00\x00\x00"),
		pngChunk("IDAT", deflated(make([]byte, 64<<20))), pngChunk("IEND", ""))
}

// tiffOf is a header that promises a packed grey picture.
func tiffOf(w, h, strips, rows uint32) []byte {
	le := endian.LittleEndian
	entries := [][3]uint32{
		{256, 4, w}, {257, 4, h}, {258, 3, 8}, {259, 3, 32773}, {262, 3, 1}, {273, 4, 8}, {277, 3, 1}, {278, 4, rows}, {279, 4, 1000},
	}
	b := le.AppendUint16([]byte("II*\x00\x08\x00\x00\x00"), uint16(len(entries)))
	for _, e := range entries {
		count := uint32(1)
		if e[0] == 273 || e[0] == 279 {
			count = strips
		}
		b = le.AppendUint16(le.AppendUint16(b, uint16(e[0])), uint16(e[1]))
		b = le.AppendUint32(le.AppendUint32(b, count), e[2])
	}
	return append(b, bytes.Repeat([]byte{0x81, 0x00}, 2000)...)
}

// riff is a WebP of one chunk.
func riff(kind string, data []byte) []byte {
	le := endian.LittleEndian
	body := append(le.AppendUint32([]byte("WEBP"+kind), uint32(len(data))), data...)
	body = append(body, make([]byte, 2000)...)
	return append(le.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// frames is a GIF of pictures of one colour.
func frames(w, h, n, delay int) []byte {
	le := endian.LittleEndian
	size := le.AppendUint16(le.AppendUint16(nil, uint16(w)), uint16(h))
	b := slices.Concat([]byte("GIF89a"), size, []byte{0x80, 0, 0, 255, 0, 0, 0, 0, 255})
	b = append(b, "!\xFF\x0BNETSCAPE2.0\x03\x01\x00\x00\x00"...) // for ever
	// Only the first pixels: what is missing stays as it is.
	pixels := encoded(func(b *bytes.Buffer) error {
		z := lzw.NewWriter(b, lzw.LSB, 2)
		if _, err := z.Write(make([]byte, 16)); err != nil {
			return err
		}
		return z.Close()
	})
	one := slices.Concat([]byte("!\xF9\x04\x00"), le.AppendUint16(nil, uint16(delay)), []byte("\x00\x00,\x00\x00\x00\x00"), size,
		[]byte{0, 2, byte(len(pixels))}, pixels, []byte{0})
	return append(append(b, bytes.Repeat(one, n)...), 0x3B)
}

// commented is a GIF with a long comment in front of its pictures.
func commented(n int) []byte {
	b := frames(16, 16, 5, 10)
	const head = 6 + 7 + 6
	block := append([]byte{255}, bytes.Repeat([]byte("x"), 255)...)
	return slices.Concat(b[:head], []byte("!\xFE"), bytes.Repeat(block, n/256), []byte{0}, b[head:])
}

// outside is a GIF whose pictures are larger than its canvas and beside it.
func outside() []byte {
	return bytes.ReplaceAll(frames(16, 16, 5, 10), []byte(",\x00\x00\x00\x00\x10\x00\x10\x00"), []byte(",\xF0\xFF\xF0\xFF\xFF\xFF\xFF\xFF"))
}

// scans is a progressive JPEG that has the same scan over and over.
func scans(n int) []byte {
	head := progressive(2, 2)
	end := bytes.LastIndex(head, []byte{0xFF, 0xDA})
	scan := head[end : len(head)-2]
	return slices.Concat(head[:end], bytes.Repeat(scan, min(n, (12<<20)/len(scan))), []byte{0xFF, 0xD9})
}

func cues(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		s := i / 100
		fmt.Fprintf(&b, "%d\n%02d:%02d:%02d,%03d --> %02d:%02d:%02d,%03d\nA line\n\n",
			i+1, s/3600, s/60%60, s%60, i%100*10, s/3600, s/60%60, s%60, i%100*10+5)
	}
	return b.Bytes()
}

// ring is a scene of nodes each of which has the next for a child, and the last
// the first.
func ring(n int) string {
	var b strings.Builder
	b.WriteString(`{"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[`)
	for i := range n {
		fmt.Fprintf(&b, `{"children":[%d]},`, (i+1)%n)
	}
	return strings.TrimSuffix(b.String(), ",") + "]}"
}

// zipBomb is an archive whose layer is compressed, and a gigabyte.
func zipBomb(t *testing.T) []byte {
	t.Helper()
	return encoded(func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		w, err := z.Create("scene.usda")
		if err != nil {
			return err
		}
		block := make([]byte, 1<<20)
		for range 1 << 10 {
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// crowd is an archive of empty layers.
func crowd(t *testing.T, n int) []byte {
	t.Helper()
	return encoded(func(b *bytes.Buffer) error {
		z := zip.NewWriter(b)
		for i := range n {
			if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprintf("%d.usda", i)}); err != nil {
				return err
			}
		}
		return z.Close()
	})
}

// lied is an archive whose end counts far more members than there are.
func lied(file []byte) []byte {
	b := bytes.Clone(file)
	end := bytes.LastIndex(b, []byte("PK\x05\x06"))
	copy(b[end+8:], "\xFF\xFF\xFF\xFF")
	return b
}
