package subtitle

import (
	"bytes"
	"context"
	"errors"
	"io"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// Engine makes WebVTT of subtitle files. Its zero value is ready and may be
// used from many goroutines.
type Engine struct{}

var _ processing.Engine = Engine{}

// Process reads the original, an SRT or WebVTT file, and saves one rendition,
// subtitles.vtt. The Outcome's duration is the end of the last cue. A file
// that cannot be read as subtitles is a *media.Failure naming the line.
func (Engine) Process(ctx context.Context, in processing.Input, out processing.Output) (media.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return media.Outcome{}, err
	}
	track, err := Parse(io.NewSectionReader(in.Original, 0, in.Size), in.Media.Type)
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return media.Outcome{}, media.NewFailure(media.InvalidMedia, "The subtitles cannot be read: "+syntax.Error()+".")
	} else if err != nil {
		return media.Outcome{}, err
	}
	out.Progress(50)
	if err := ctx.Err(); err != nil {
		return media.Outcome{}, err
	}
	var vtt bytes.Buffer
	if err := track.WriteVTT(&vtt); err != nil {
		return media.Outcome{}, err
	}
	r := media.Rendition{Role: media.RoleText, Name: "subtitles.vtt", ContentType: "text/vtt; charset=utf-8"}
	if err := out.Save(ctx, r, &vtt); err != nil {
		return media.Outcome{}, err
	}
	out.Progress(100)
	return media.Outcome{Duration: track.End()}, nil
}
