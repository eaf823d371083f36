package ffmpeg

import "testing"

func TestCodecString(t *testing.T) {
	for _, c := range []struct{ index, want string }{
		{"moov....trak....avcC\x01\x64\x00\x1f\xff", "avc1.64001F"},
		{"avcC\x01\x42\xe0\x0d", "avc1.42E00D"},
		{"avcC\x01\x64\x00", ""},
		{"avcC\x02\x64\x00\x1f", ""},
		{"", ""},
	} {
		if got, err := codecString([]byte(c.index)); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q: %q, %v, want %q", c.index, got, err, c.want)
		}
	}
}
