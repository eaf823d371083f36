package ffmpeg

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// memory is an Output that keeps everything.
type memory struct {
	mu       sync.Mutex
	order    []string
	files    map[string][]byte
	records  map[string]media.Rendition
	progress []int
	onReport func(int) // called outside the lock; may be nil
	saveErr  error
	drafts   []*draft
	onWrite  func() // called before a draft takes something; may be nil
	writeErr error  // what a draft then gives
}

func (m *memory) Save(_ context.Context, r media.Rendition, from io.Reader, _ ...string) error {
	data, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saveErr != nil {
		return m.saveErr
	}
	if m.files == nil {
		m.files, m.records = map[string][]byte{}, map[string]media.Rendition{}
	}
	if _, ok := m.files[r.Name]; ok {
		return errors.New("name saved twice: " + r.Name)
	}
	m.order = append(m.order, r.Name)
	m.files[r.Name], m.records[r.Name] = data, r
	return nil
}

// draft is a Draft of memory's.
type draft struct {
	m     *memory
	head  int64
	body  bytes.Buffer
	ended bool
}

func (m *memory) Begin(_ context.Context, _ string, _, head int64) (processing.Draft, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	d := &draft{m: m, head: head}
	m.drafts = append(m.drafts, d)
	return d, nil
}

func (d *draft) Write(p []byte) (int, error) {
	if d.m.onWrite != nil {
		d.m.onWrite()
	}
	if d.ended || d.m.writeErr != nil {
		return 0, errors.Join(errors.New("the draft was ended or is full"), d.m.writeErr)
	}
	return d.body.Write(p)
}

func (d *draft) Save(ctx context.Context, r media.Rendition, head []byte) error {
	if d.ended || int64(len(head)) != d.head {
		return errors.New("the draft was ended, or its head has another length")
	}
	d.ended = true
	return d.m.Save(ctx, r, io.MultiReader(bytes.NewReader(head), &d.body))
}

func (d *draft) Abort() { d.ended = true }

func (m *memory) Progress(percent int) {
	m.mu.Lock()
	m.progress = append(m.progress, percent)
	m.mu.Unlock()
	if m.onReport != nil {
		m.onReport(percent)
	}
}

// names lists what was saved, sorted.
func (m *memory) names() []string {
	return slices.Sorted(slices.Values(m.order))
}

// newEngine makes an engine with default limits, changed by change.
func newEngine(t *testing.T, change ...func(*Config)) *Engine {
	t.Helper()
	c := Config{}
	for _, f := range change {
		f(&c)
	}
	e, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// generate runs ffmpeg with args, which end in the name of a file to make, and
// gives the file's bytes.
func generate(t *testing.T, args ...string) []byte {
	t.Helper()
	return generateFrom(t, nil, args...)
}

// generateFrom is generate with a file named source beside it.
func generateFrom(t *testing.T, source []byte, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "source"), source, 0o600); err != nil {
		t.Fatal(err)
	}
	name := args[len(args)-1]
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y", "-threads", "2"}, args...)...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("generate %v: %v\n%s", args, err, text)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Options for sources: fast, and with B-frames and GOPs of the encoder's choice.
var (
	x264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"}
	aac  = []string{"-c:a", "aac", "-b:a", "64k"}
)

func picture(spec string) []string { return []string{"-f", "lavfi", "-i", "testsrc2=" + spec} }
func tone(spec string) []string    { return []string{"-f", "lavfi", "-i", "sine=" + spec} }

// serve serves data as a worker's loopback source does.
func serve(t *testing.T, data []byte) string {
	t.Helper()
	return serveFunc(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
}

func serveFunc(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL + "/original"
}

func inputOf(t *testing.T, typ media.Type, c media.Category, data []byte) processing.Input {
	t.Helper()
	return processing.Input{
		Media:    media.Media{ID: 1, Type: typ, Category: c},
		Original: bytes.NewReader(data), Size: int64(len(data)),
		URL: serve(t, data), Scratch: t.TempDir(),
	}
}

// process runs data through e as a video.
func process(t *testing.T, e *Engine, typ media.Type, data []byte) (media.Outcome, *memory, error) {
	t.Helper()
	var m memory
	o, err := e.Process(t.Context(), inputOf(t, typ, media.TweetVideo, data), &m)
	return o, &m, err
}

// mustProcess is process where nothing may go wrong.
func mustProcess(t *testing.T, typ media.Type, data []byte) (media.Outcome, *memory) {
	t.Helper()
	o, m, err := process(t, newEngine(t), typ, data)
	if err != nil {
		t.Fatal(err)
	}
	return o, m
}

// wantFailure checks that err is a failure of the file, by name, with words in
// it, and that nothing of the surroundings is in its message.
func wantFailure(t *testing.T, err error, name, words string) {
	t.Helper()
	var f *media.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v, want a failure", err)
	}
	if f.Name != name || !strings.Contains(f.Message, words) {
		t.Errorf("failure %q: %q, want %q with %q", f.Name, f.Message, name, words)
	}
	if !strings.HasSuffix(f.Message, ".") {
		t.Errorf("message %q is no sentence", f.Message)
	}
	for _, leak := range []string{"http:", "127.0.0.1", "/tmp", "0x", "@"} {
		if strings.Contains(f.Message, leak) {
			t.Errorf("message %q holds %q", f.Message, leak)
		}
	}
}

// wantFault checks that err is a fault of the surroundings, to be tried again.
func wantFault(t *testing.T, err error) {
	t.Helper()
	var f *media.Failure
	if err == nil || errors.As(err, &f) {
		t.Fatalf("error %v, want one that is no failure of the file", err)
	}
}

// facts is what ffprobe says of a rendition.
type facts struct {
	Format struct {
		Duration string            `json:"duration"`
		Tags     map[string]string `json:"tags"`
	} `json:"format"`
	Streams []struct {
		Type       string            `json:"codec_type"`
		Codec      string            `json:"codec_name"`
		Profile    string            `json:"profile"`
		Width      int               `json:"width"`
		Height     int               `json:"height"`
		PixFmt     string            `json:"pix_fmt"`
		PixelRatio string            `json:"sample_aspect_ratio"`
		Rate       string            `json:"r_frame_rate"`
		AvgRate    string            `json:"avg_frame_rate"`
		ColorSpace string            `json:"color_space"`
		ColorRange string            `json:"color_range"`
		Transfer   string            `json:"color_transfer"`
		StartTime  string            `json:"start_time"`
		Duration   string            `json:"duration"`
		Frames     string            `json:"nb_read_packets"`
		Channels   int               `json:"channels"`
		SampleRate string            `json:"sample_rate"`
		FieldOrder string            `json:"field_order"`
		Tags       map[string]string `json:"tags"`
		SideData   []any             `json:"side_data_list"`
	} `json:"streams"`
	Packets []struct {
		Time     string `json:"pts_time"`
		Duration string `json:"duration_time"`
		Flags    string `json:"flags"`
	} `json:"packets"`
	Chapters []any `json:"chapters"`
}

// inspect asks ffprobe about a rendition; video packets are listed.
func inspect(t *testing.T, data []byte) facts {
	t.Helper()
	path := filepath.Join(t.TempDir(), "r.mp4")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return inspectFile(t, path)
}

func inspectFile(t *testing.T, path string) facts {
	t.Helper()
	var f facts
	read := func(args ...string) {
		cmd := exec.Command("ffprobe", append(append([]string{"-v", "error", "-of", "json"}, args...), path)...)
		text, err := cmd.Output()
		if err != nil {
			t.Fatalf("inspect: %v", err)
		}
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
	}
	read("-show_format", "-show_streams", "-show_chapters", "-count_packets")
	read("-select_streams", "v:0", "-show_packets")
	return f
}

// pixel decodes the picture at a time and gives the colour at a place.
func pixel(t *testing.T, data []byte, at string, x, y int) [3]byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "in"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("ffmpeg", "-v", "error", "-ss", at, "-i", "in", "-frames:v", "1",
		"-vf", "format=rgb24,crop=1:1:"+itoa(x)+":"+itoa(y)+":exact=1", "-f", "rawvideo", "-")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil || len(out) < 3 {
		t.Fatalf("pixel: %v, %d bytes", err, len(out))
	}
	return [3]byte(out[:3])
}

// children lists the running processes that this one started.
func children(t *testing.T) []string {
	t.Helper()
	var out []string
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range stats {
		data, err := os.ReadFile(s)
		if err != nil {
			continue
		}
		// pid (name) state ppid
		rest := string(data[bytes.LastIndexByte(data, ')')+1:])
		if f := strings.Fields(rest); len(f) > 1 && f[1] == itoa(os.Getpid()) {
			out = append(out, string(data))
		}
	}
	return out
}
