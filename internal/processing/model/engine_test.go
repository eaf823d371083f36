package model

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// The files in testdata were written by three.js: its GLTFExporter and its
// USDZExporter, of two boxes with materials, one below the other.
func TestFilesOfAnotherProgram(t *testing.T) {
	glb, err := os.ReadFile("testdata/three.glb")
	if err != nil {
		t.Fatal(err)
	}
	if got := taken(t, "three.glb", glb, media.GLB); !bytes.Equal(got, glb) {
		t.Error("three.glb is served otherwise than it came")
	}
	usdz, err := os.ReadFile("testdata/three.usdz")
	if err != nil {
		t.Fatal(err)
	}
	sameMembers(t, "three.usdz", usdz, taken(t, "three.usdz", usdz, media.USDZ))
}

type full struct{ shelf }

var errFull = errors.New("no room")

func (*full) Save(_ context.Context, _ media.Rendition, from io.Reader, _ ...string) error {
	_, _ = io.Copy(io.Discard, from)
	return errFull
}

func TestProcessErrors(t *testing.T) {
	file := scene()
	in := processing.Input{Media: media.Media{Type: media.GLB}, Original: bytes.NewReader(file), Size: int64(len(file))}
	var f *media.Failure
	_, err := New(slog.New(slog.DiscardHandler)).Process(t.Context(), in, &full{})
	if !errors.Is(err, errFull) || errors.As(err, &f) || !strings.Contains(err.Error(), "save model.glb") {
		t.Errorf("without room: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(slog.New(slog.DiscardHandler)).Process(ctx, in, &shelf{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after its end: %v", err)
	}
}

func TestCountsAreLogged(t *testing.T) {
	var log bytes.Buffer
	file := usdzOf(props(), "", "")
	in := processing.Input{Media: media.Media{ID: 5, Type: media.USDZ}, Original: bytes.NewReader(file), Size: int64(len(file))}
	if _, err := New(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))).Process(t.Context(), in, &shelf{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), `\"images\":4,\"members\":10,\"layers\":2,\"sounds\":4}`) {
		t.Error(log.String())
	}
}
