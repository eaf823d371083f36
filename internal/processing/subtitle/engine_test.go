package subtitle

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// kept is an Output in memory.
type kept struct {
	processing.Output // what this engine has no use for

	saved   []media.Rendition
	bytes   []string
	percent int
	err     error
}

func (k *kept) Save(_ context.Context, r media.Rendition, from io.Reader, _ ...string) error {
	b, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	k.saved = append(k.saved, r)
	k.bytes = append(k.bytes, string(b))
	return k.err
}

func (k *kept) Progress(percent int) { k.percent = percent }

func input(text string, t media.Type) processing.Input {
	return processing.Input{Media: media.Media{Type: t}, Original: strings.NewReader(text), Size: int64(len(text))}
}

func TestEngine(t *testing.T) {
	var out kept
	text := "1\r\n00:00:01,000 --> 00:00:09,500\r\nHello <font color=red>there</font>\r\n\r\n2\r\n00:00:03,000 --> 00:00:04,000\r\nBye"
	outcome, err := Engine{}.Process(t.Context(), input(text, media.SRT), &out)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(media.Outcome{Duration: 9500 * time.Millisecond}, outcome); diff != "" {
		t.Error(diff)
	}
	want := []media.Rendition{{Role: media.RoleText, Name: "subtitles.vtt", ContentType: "text/vtt; charset=utf-8"}}
	if diff := cmp.Diff(want, out.saved); diff != "" {
		t.Error(diff)
	}
	vtt := "WEBVTT\n\n00:00:01.000 --> 00:00:09.500\nHello there\n\n00:00:03.000 --> 00:00:04.000\nBye\n"
	if diff := cmp.Diff([]string{vtt}, out.bytes); diff != "" {
		t.Error(diff)
	}
	if out.percent != 100 {
		t.Errorf("ended at %d percent", out.percent)
	}
}

func TestEngineFileAtFault(t *testing.T) {
	for text, want := range map[string]string{
		"WEBVTT\n\n00:02.000 --> 00:01.000\n": "The subtitles cannot be read: line 3: the cue ends (00:00:01.000) before it begins (00:00:02.000).",
		"WEBVTT\n":                            "The subtitles cannot be read: the file has no cues.",
		"\xFF\xFEW\x00":                       "The subtitles cannot be read: the file is in UTF-16; save it as UTF-8.",
	} {
		var out kept
		_, err := Engine{}.Process(t.Context(), input(text, media.VTT), &out)
		var failure *media.Failure
		if !errors.As(err, &failure) || failure.Name != media.InvalidMedia || failure.Code != 1 || failure.Message != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
		if len(out.saved) > 0 {
			t.Errorf("%q: saved %v", text, out.saved)
		}
	}
}

type brokenReader struct{ err error }

func (r brokenReader) ReadAt([]byte, int64) (int, error) { return 0, r.err }

// Faults of the surroundings are not the file's, and are tried again.
func TestEngineOtherFaults(t *testing.T) {
	broken := errors.New("the store is gone")
	good := input("WEBVTT\n\n00:01.000 --> 00:02.000\n", media.VTT)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	unreadable := good
	unreadable.Original = brokenReader{broken}
	tests := map[string]struct {
		ctx  context.Context
		in   processing.Input
		out  *kept
		want error
	}{
		"reading": {t.Context(), unreadable, &kept{}, broken},
		"saving":  {t.Context(), good, &kept{err: broken}, broken},
		"ended":   {ended, good, &kept{}, context.Canceled},
	}
	for name, test := range tests {
		_, err := Engine{}.Process(test.ctx, test.in, test.out)
		var failure *media.Failure
		if !errors.Is(err, test.want) || errors.As(err, &failure) {
			t.Errorf("%s: error %v, want %v", name, err, test.want)
		}
	}
}
