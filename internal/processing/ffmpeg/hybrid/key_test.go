package hybrid

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The picture that stands for the beginning is a movie by itself. It is not one of
// those with nothing on them.
func TestKeyPicture(t *testing.T) {
	t.Parallel()
	dark := []string{"-f", "lavfi", "-i", "color=black:s=320x180:r=30:d=2", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2", "-filter_complex", "concat"}
	for name, c := range map[string]struct {
		source []string
		frame  string
	}{
		"at once": {lavfi("testsrc2=s=320x180:r=30:d=2"), "0"},
		"later":   {dark, "60"},
		"never":   {lavfi("color=black:s=320x180:r=30:d=2"), "0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := movie(t, "in.mp4", slices.Concat(c.source, high, []string{"-sc_threshold", "0"})...)
			m, err := look(data)
			if err != nil {
				t.Fatal(err)
			}
			key, err := m.KeyPicture()
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			whole, one := filepath.Join(dir, "whole.mp4"), filepath.Join(dir, "one.mp4")
			if err := errors.Join(os.WriteFile(whole, data, 0o600), os.WriteFile(one, key, 0o600)); err != nil {
				t.Fatal(err)
			}
			want := tool(t, "ffmpeg", "-v", "error", "-i", whole, "-vf", "select='eq(n,"+c.frame+")'", "-frames:v", "1", "-f", "md5", "-")
			got := tool(t, "ffmpeg", "-v", "error", "-i", one, "-f", "md5", "-")
			if got != want {
				t.Errorf("%s is not %s", got, want)
			}
			if frames := tool(t, "ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=nb_read_frames,start_time", "-of", "csv=p=0", one); frames != "0.000000,1\n" {
				t.Errorf("%q", frames)
			}
		})
	}
}
