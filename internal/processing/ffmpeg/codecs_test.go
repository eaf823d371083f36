package ffmpeg

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func box(kind, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + kind + body
}

func TestCodecString(t *testing.T) {
	config := box("moov", box("trak", "....avcC\x01\x64\x00\x1f\xff"))
	for _, c := range []struct{ name, data, want string }{
		{"index in front", box("ftyp", "isom") + config + box("mdat", "xx"), "avc1.64001F"},
		{"64-bit size", "\x00\x00\x00\x01free\x00\x00\x00\x00\x00\x00\x00\x12xx" + config, "avc1.64001F"},
		{"index behind", box("mdat", "xx") + config, ""},
		{"no configuration", box("moov", "avcC"), ""},
		{"size of nothing", "\x00\x00\x00\x00moov" + config, ""},
		{"empty", "", ""},
		{"cut", config[:6], ""},
	} {
		path := filepath.Join(t.TempDir(), "x.mp4")
		if err := os.WriteFile(path, []byte(c.data), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := codecString(path)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
		if err != nil && !strings.Contains(err.Error(), "no H.264 configuration") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
