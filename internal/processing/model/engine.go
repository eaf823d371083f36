package model

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// Engine checks 3D models. It may be used from many goroutines.
type Engine struct {
	log *slog.Logger
}

var _ processing.Engine = (*Engine)(nil)

// New makes an Engine. What it counts in a model goes to log as well, at debug.
func New(log *slog.Logger) *Engine { return &Engine{log: log} }

// found is a checked model: what of it is served, and what was counted.
type found struct {
	rendition media.Rendition
	content   io.Reader
	size      int64 // bytes of content
	facts     media.ModelFacts
}

// Process checks a GLB or a USDZ and saves it as model.glb or model.usdz. A
// file that breaks its format, or reaches outside itself, is a *media.Failure
// that says what and where. The Outcome holds nothing but facts: a model has
// neither width nor duration.
//
// It reads only in.Media, in.Original and in.Size.
func (e *Engine) Process(ctx context.Context, in processing.Input, out processing.Output) (media.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return media.Outcome{}, err
	}
	m, err := examine(source{in.Original, in.Size}, in.Media.Type)
	if err != nil {
		return media.Outcome{}, err
	}
	m.facts.Bytes = m.size
	counts, err := json.Marshal(m.facts)
	if err != nil {
		return media.Outcome{}, fmt.Errorf("write what was counted: %w", err)
	}
	e.log.DebugContext(ctx, "model checked", "media", in.Media.ID, "type", in.Media.Type, "facts", string(counts))
	out.Progress(30)
	if err := out.Save(ctx, m.rendition, &reporter{r: m.content, size: m.size, out: out}); err != nil {
		return media.Outcome{}, fmt.Errorf("save %s: %w", m.rendition.Name, err)
	}
	out.Progress(100)
	return media.Outcome{Facts: media.Facts{Model: &m.facts}}, nil
}

func examine(src source, kind media.Type) (found, error) {
	switch kind {
	case media.GLB:
		return examineGLB(src)
	case media.USDZ:
		return examineUSDZ(src)
	}
	return found{}, refused("%s is not a type of 3D model that can be read here; %s and %s are", kind, media.GLB, media.USDZ)
}

// reporter tells how much of the model has been read.
type reporter struct {
	r    io.Reader
	read int64
	size int64
	out  processing.Output
}

func (r *reporter) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.read += int64(n)
	if r.size > 0 {
		r.out.Progress(30 + int(69*r.read/r.size))
	}
	return n, err
}
