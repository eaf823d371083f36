package image

import (
	"bytes"
	std "image"
	"testing"

	"magpie/internal/media"
)

// Progressive files have tables and notes between their scans.
func TestOrigJPEGOfManyScans(t *testing.T) {
	for name, file := range map[string][]byte{
		"grey":   progressive(40, 20, 3, "", func(x, y int) int { return 30 + 3*x + 2*y }),
		"colour": progressive(40, 20, 2, "", func(x, _ int) int { return 60 + 4*x }, flat(120), flat(140)),
		"RGB":    progressive(20, 20, 1, "Adobe\x00\x64\x00\x00\x00\x00\x00", flat(230), flat(30), flat(120)),
		"YCCK":   progressive(20, 20, 0, "Adobe\x00\x64\x00\x00\x00\x00\x02", flat(100), flat(110), flat(120), flat(128)),
	} {
		at := bytes.LastIndex(file, []byte{0xff, 0xda})
		noted := insert(file, at, append(segment(0xfe, "SECRET"), segment(0xe9, "SECRET")...))
		_, out := process(t, media.JPEG, append(noted, 0xff, 0xd8, 0xff))
		want, err := decoder(media.JPEG)(bytes.NewReader(file))
		if err != nil {
			t.Fatal(name, err)
		}
		samePixels(t, name, out.decoded(t, "orig.jpg"), want)
		if bytes.Contains(out.files["orig.jpg"], []byte("SECRET")) {
			t.Errorf("%s: a note is kept", name)
		}
		if name != "grey" && name != "colour" {
			continue
		}
		if got := out.files["orig.jpg"]; !bytes.Equal(got, file) {
			t.Errorf("%s: %d bytes, want the %d that are the picture", name, len(got), len(file))
		}
	}
}

// Restart markers stay where they are.
func TestOrigJPEGWithRestarts(t *testing.T) {
	img := photo(300, 200)
	file := ffmpeg(t, img, "x.jpg", "-c:v", "mjpeg", "-q:v", "3", "-slices", "4", "-threads", "4")
	if !bytes.Contains(file, []byte{0xff, 0xdd}) {
		t.Fatal("ffmpeg wrote no restart interval")
	}
	_, out := process(t, media.JPEG, file)
	want, err := decoder(media.JPEG)(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	samePixels(t, "orig.jpg", out.decoded(t, "orig.jpg"), want)
	if n, m := bytes.Count(out.files["orig.jpg"], []byte{0xff, 0xd1}), bytes.Count(file, []byte{0xff, 0xd1}); n == 0 || n != m {
		t.Errorf("%d restarts of one number, want %d", n, m)
	}
}

// The density stays, in a segment of the one length that has no picture in it.
func TestOrigJPEGDensity(t *testing.T) {
	file := insert(jpegOf(t, std.NewGray(std.Rect(0, 0, 9, 9))), 2, segment(0xe0, "JFIF\x00\x01\x01\x01\x01\x2c\x01\x2c\x01\x01abc"))
	_, out := process(t, media.JPEG, file)
	if want := append([]byte{0xff, 0xd8}, segment(0xe0, "JFIF\x00\x01\x02\x01\x01\x2c\x01\x2c\x00\x00")...); !bytes.HasPrefix(out.files["orig.jpg"], want) {
		t.Errorf("it begins with %x", out.files["orig.jpg"][:30])
	}
}
