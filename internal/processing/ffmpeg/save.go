package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// file is a rendition that is ready to be saved: some bytes, and after them
// those of a file in scratch, or those that are in the store already.
type file struct {
	media.Rendition
	head  []byte
	body  string           // "" where there is none
	draft processing.Draft // nil where nothing is stored yet
}

// save hands every file to out, in the order given: what others refer to comes
// before them. Large bodies are gone from scratch when they are saved.
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
	if f.draft != nil {
		return f.draft.Save(ctx, f.Rendition, f.head)
	}
	if f.body == "" {
		return out.Save(ctx, f.Rendition, bytes.NewReader(f.head))
	}
	body, err := os.OpenFile(filepath.Join(scratch, f.body), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer body.Close()
	st, err := body.Stat()
	if err != nil {
		return err
	}
	return out.Save(ctx, f.Rendition, whole{
		Reader: io.MultiReader(bytes.NewReader(f.head), &spent{file: body}), size: int64(len(f.head)) + st.Size(),
	})
}

// whole is a head and a body, which say how long they are together.
type whole struct {
	io.Reader
	size int64
}

func (w whole) Size() int64 { return w.size }

// spent reads a file from its beginning and gives back to the disk what was
// read, a stretch at a time: a large rung lies in scratch and in the store for
// moments only, and what is never written back costs nothing.
type spent struct {
	file        *os.File
	read, freed int64
}

const freeEvery = 4 << 20

func (s *spent) Read(p []byte) (int, error) {
	n, err := s.file.Read(p)
	s.read += int64(n)
	if s.read-s.freed >= freeEvery {
		// Where the filesystem can't, it stays until scratch is emptied.
		_ = unix.Fallocate(int(s.file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, s.freed, s.read-s.freed)
		s.freed = s.read
	}
	return n, err
}
