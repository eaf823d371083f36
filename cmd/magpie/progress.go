package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"
)

// progress shows how far an upload is: by bars on a terminal, and by one line
// for each step elsewhere, where bars would fill a log.
type progress struct {
	bars  *mpb.Progress
	lines io.Writer
}

// newProgress shows progress on w until stop is called.
func newProgress(ctx context.Context, w io.Writer) *progress {
	if f, ok := w.(*os.File); ok {
		if _, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS); err == nil {
			return &progress{bars: mpb.NewWithContext(ctx, mpb.WithOutput(w), mpb.WithAutoRefresh()), lines: io.Discard}
		}
	}
	return &progress{bars: mpb.NewWithContext(ctx, mpb.WithOutput(nil)), lines: w}
}

// sending begins the bar of the bytes.
func (p *progress) sending(total int64) *mpb.Bar {
	fmt.Fprintln(p.lines, "sending", size(total))
	return p.bars.AddBar(total, mpb.PrependDecorators(decor.Name("sending    "), decor.CountersKibiByte("% .1f / % .1f")),
		mpb.AppendDecorators(decor.Percentage()))
}

// processing begins the bar of the server's work, in percent.
func (p *progress) processing() *mpb.Bar {
	fmt.Fprintln(p.lines, "processing")
	return p.bars.AddBar(100, mpb.PrependDecorators(decor.Name("processing ")), mpb.AppendDecorators(decor.Percentage()))
}

// stop leaves the bars as they are.
func (p *progress) stop() { p.bars.Shutdown() }
