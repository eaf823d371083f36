package image

import (
	"bytes"
	"context"
	"errors"
	std "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/image/webp"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// shelf is a processing.Output that keeps what it is given.
type shelf struct {
	processing.Output // what this engine has no use for

	renditions map[string]media.Rendition
	files      map[string][]byte
	percent    []int
	stored     int   // files, some of which have several names
	fail       error // what Save gives, if set
}

func newShelf() *shelf {
	return &shelf{renditions: map[string]media.Rendition{}, files: map[string][]byte{}}
}

func (s *shelf) Save(_ context.Context, r media.Rendition, from io.Reader, also ...string) error {
	if s.fail != nil {
		return s.fail
	}
	b, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	for _, name := range append([]string{r.Name}, also...) {
		if _, twice := s.files[name]; twice {
			return errors.New(name + " saved twice")
		}
		r.Name = name
		s.renditions[name], s.files[name] = r, b
	}
	s.stored++
	return nil
}

func (s *shelf) Progress(percent int) { s.percent = append(s.percent, percent) }

func input(kind media.Type, file []byte) processing.Input {
	return processing.Input{
		Media:    media.Media{Type: kind},
		Original: bytes.NewReader(file),
		Size:     int64(len(file)),
	}
}

// process runs a file through an Engine of the default profile.
func process(t testing.TB, kind media.Type, file []byte) (media.Outcome, *shelf) {
	t.Helper()
	out := newShelf()
	outcome, err := New(Config{}).Process(context.Background(), input(kind, file), out)
	if err != nil {
		t.Fatalf("Process: %v", err)
	}
	if outcome.Failure != nil || len(outcome.Renditions) != 0 {
		t.Errorf("outcome holds what is the caller's: %+v", outcome)
	}
	return outcome, out
}

// refused runs a file that must fail and checks the name of the failure.
func refused(t testing.TB, kind media.Type, file []byte, name string) *media.Failure {
	t.Helper()
	out := newShelf()
	_, err := New(Config{}).Process(context.Background(), input(kind, file), out)
	var f *media.Failure
	if !errors.As(err, &f) {
		t.Fatalf("Process: %v, want a failure", err)
	}
	if f.Name != name {
		t.Errorf("failure is %v, want %s", f, name)
	}
	if len(out.files) != 0 {
		t.Errorf("%d files were saved of a refused picture", len(out.files))
	}
	return f
}

// decoded reads a rendition, whose size and type must be as announced.
func (s *shelf) decoded(t testing.TB, name string) std.Image {
	t.Helper()
	file, ok := s.files[name]
	if !ok {
		t.Fatalf("there is no %s, only %v", name, s.renditions)
	}
	decode := map[string]func(io.Reader) (std.Image, error){".jpg": jpeg.Decode, ".png": png.Decode, ".webp": webp.Decode, ".gif": gif.Decode}
	kind := map[string]string{".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}[filepath.Ext(name)]
	img, err := decode[filepath.Ext(name)](bytes.NewReader(file))
	if err != nil {
		t.Fatalf("decode %s: %v", name, err)
	}
	r := s.renditions[name]
	want := media.Rendition{
		Role: media.RoleImage, Name: name, ContentType: kind,
		Width: img.Bounds().Dx(), Height: img.Bounds().Dy(),
	}
	if r != want {
		t.Errorf("rendition %+v, want %+v", r, want)
	}
	return img
}

// near fails unless the pixel is within slack of the colour in each channel.
func near(t testing.TB, img std.Image, x, y int, want color.NRGBA, slack int) {
	t.Helper()
	got := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
	d := func(a, b byte) int { return max(int(a)-int(b), int(b)-int(a)) }
	if d(got.R, want.R) > slack || d(got.G, want.G) > slack || d(got.B, want.B) > slack || d(got.A, want.A) > slack {
		t.Errorf("pixel %d,%d is %v, want %v ± %d", x, y, got, want, slack)
	}
}

var (
	red   = color.NRGBA{230, 20, 20, 255}
	green = color.NRGBA{20, 200, 40, 255}
	blue  = color.NRGBA{20, 40, 220, 255}
	white = color.NRGBA{240, 240, 240, 255}
)

// quarters paints red, green / blue, white.
func quarters(w, h int) *std.NRGBA {
	img := std.NewNRGBA(std.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [4]color.NRGBA{red, green, blue, white}[btoi(2*x >= w)+2*btoi(2*y >= h)]
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// isQuarters fails unless img shows quarters the right way up.
func isQuarters(t testing.TB, img std.Image, slack int) {
	t.Helper()
	b := img.Bounds()
	x0, x1, y0, y1 := b.Dx()/4, b.Dx()*3/4, b.Dy()/4, b.Dy()*3/4
	near(t, img, x0, y0, red, slack)
	near(t, img, x1, y0, green, slack)
	near(t, img, x0, y1, blue, slack)
	near(t, img, x1, y1, white, slack)
}

func jpegOf(t testing.TB, img std.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img std.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// insert puts more into a file at a place.
func insert(file []byte, at int, more []byte) []byte {
	return bytes.Join([][]byte{file[:at], more, file[at:]}, nil)
}

// ffmpeg converts img to what Go can't write, by the extension of name.
func ffmpeg(t testing.TB, img std.Image, name string, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in.png"), filepath.Join(dir, name)
	if err := os.WriteFile(from, pngOf(t, img), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append(append([]string{"-v", "error", "-nostdin", "-i", from}, args...), to)
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v\n%s", args, err, out)
	}
	b, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// allocated is how many bytes a step allocates.
func allocated(step func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	step()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}
