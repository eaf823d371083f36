package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// file is a rendition that is ready to be saved: some bytes, and after them
// those of a file in scratch, if it has one.
type file struct {
	media.Rendition
	head []byte
	body string
}

// save hands every file to out, in the order given: what others refer to comes
// before them.
func save(ctx context.Context, files []file, scratch string, out processing.Output) error {
	for i, f := range files {
		if err := f.save(ctx, scratch, out); err != nil {
			return fmt.Errorf("save %s: %w", f.Name, err)
		}
		out.Progress(renderShare + 1 + (100-renderShare-1)*(i+1)/len(files))
	}
	return nil
}

func (f file) save(ctx context.Context, scratch string, out processing.Output) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if f.body == "" {
		return out.Save(ctx, f.Rendition, bytes.NewReader(f.head))
	}
	body, err := os.Open(filepath.Join(scratch, f.body))
	if err != nil {
		return err
	}
	defer body.Close()
	return out.Save(ctx, f.Rendition, io.MultiReader(bytes.NewReader(f.head), body))
}
