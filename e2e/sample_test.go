package e2e

import (
	"bytes"
	"encoding/base64"
	endian "encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The samples are small files of each kind, for tests to which the kind matters
// more than what is shown. Each is made once in a run.

// randomBytes gives n bytes that no compression shortens, the same for a seed.
func randomBytes(seed byte, n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b) // never fails
	return b
}

// anyBytes is a file of n bytes that is taken whatever most of them are: a 3D
// model whose only buffer nobody refers to. n is a multiple of 4, at least 100.
func anyBytes(seed byte, n int) []byte {
	return modelHead(randomBytes(seed, n), n)
}

// modelHead writes over the beginning of a file of size bytes what makes a GLB
// of it.
func modelHead(b []byte, size int) []byte {
	const jsonAt, jsonSize = 20, 68
	le := endian.LittleEndian
	bin := size - jsonAt - jsonSize - 8
	if size%4 != 0 || bin < 4 {
		panic(fmt.Sprintf("%d bytes are no multiple of 4 or fewer than 100", size))
	}
	text := fmt.Sprintf(`{"asset":{"version":"2.0"},"buffers":[{"byteLength":%d}]}`, bin)
	head := le.AppendUint32([]byte("glTF\x02\x00\x00\x00"), uint32(size))
	head = append(le.AppendUint32(head, jsonSize), "JSON"...)
	head = append(head, text+strings.Repeat(" ", jsonSize-len(text))...)
	head = append(le.AppendUint32(head, uint32(bin)), "BIN\x00"...)
	copy(b, head)
	return b
}

const anyBytesType = "model/gltf-binary"

func samplePicture(w, h int) *image.Paletted {
	p := image.NewPaletted(image.Rect(0, 0, w, h), palette.Plan9)
	for y := range h {
		for x := range w {
			p.Set(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x ^ y) * 8), 255})
		}
	}
	return p
}

func encoded(encode func(*bytes.Buffer) error) []byte {
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// samplePNG is 64×48 pixels.
var samplePNG = sync.OnceValue(func() []byte {
	return encoded(func(b *bytes.Buffer) error { return png.Encode(b, samplePicture(64, 48)) })
})

// sampleJPEG is 48×64 pixels.
var sampleJPEG = sync.OnceValue(func() []byte {
	return encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, samplePicture(48, 64), nil) })
})

// sampleGIF moves: 32×32 pixels, five pictures.
var sampleGIF = sync.OnceValue(func() []byte {
	return encoded(func(b *bytes.Buffer) error {
		g := &gif.GIF{}
		for i := range 5 {
			p := samplePicture(32, 32)
			for x := range 32 {
				p.Set(x, i*6, color.White)
			}
			g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
		}
		return gif.EncodeAll(b, g)
	})
})

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

const (
	sampleSRT = "1\n00:00:00,000 --> 00:00:01,500\nGood morning\n\n2\n00:00:02,000 --> 00:00:03,000\nand good night\n"
	sampleVTT = "WEBVTT\n\n00:00.000 --> 00:01.500\nGood morning\n"
)

// sampleMP4 is a second of 160×120 pixels with sound.
func sampleMP4(t *testing.T) []byte {
	t.Helper()
	return sampleVideo(t, "160x120", "1")
}

var sampleVideos struct {
	sync.Mutex
	made map[string][]byte
}

// sampleVideo is an MP4 of a size and a number of seconds.
func sampleVideo(t *testing.T, size, seconds string) []byte {
	t.Helper()
	sampleVideos.Lock()
	defer sampleVideos.Unlock()
	name := size + "-" + seconds
	if b := sampleVideos.made[name]; b != nil {
		return b
	}
	file := filepath.Join(t.TempDir(), "sample.mp4")
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error",
		"-f", "lavfi", "-i", "testsrc2=rate=25:size="+size, "-f", "lavfi", "-i", "sine=440",
		"-t", seconds, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if sampleVideos.made == nil {
		sampleVideos.made = map[string][]byte{}
	}
	sampleVideos.made[name] = b
	return b
}
