package ffmpeg

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// save hands every file to out, in the order given: what others refer to comes
// before them.
func save(ctx context.Context, files []media.Rendition, scratch string, out processing.Output) error {
	for i, r := range files {
		if err := saveFile(ctx, r, filepath.Join(scratch, r.Name), out); err != nil {
			return fmt.Errorf("save %s: %w", r.Name, err)
		}
		out.Progress(renderShare + 1 + (100-renderShare-1)*(i+1)/len(files))
	}
	return nil
}

func saveFile(ctx context.Context, r media.Rendition, path string, out processing.Output) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return out.Save(ctx, r, f)
}
