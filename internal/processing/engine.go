package processing

import (
	"context"
	"errors"
	"io"

	"magpie/internal/media"
)

// Engine turns originals of some kinds into renditions. ffmpeg, image,
// model and subtitle are the engines; cmd/magpie hands them to the Worker.
type Engine interface {
	// Process probes, checks, plans and renders one original, and saves every
	// rendition through out before it returns. The Outcome holds width, height
	// and duration of the original; its Renditions are filled in from out by
	// the caller.
	//
	// A *media.Failure in the error's chain means that the file is at fault:
	// it is shown to the uploader and not tried again. Any other error is a
	// fault of the surroundings and is tried again. When ctx ends, Process
	// returns soon, leaving no child process behind.
	//
	// ErrLong, where in.Quick asks for it, and a *Suspicion are neither.
	Process(ctx context.Context, in Input, out Output) (media.Outcome, error)
}

// ErrLong is an engine's word that a media takes long to process.
var ErrLong = errors.New("takes long to process")

// Suspicion is an attempt that went wrong for the sake of its file, maybe. The
// media fails with it after the second in a row that is strong, or when it is
// given up.
type Suspicion struct {
	Failure *media.Failure
	Strong  bool // nothing around it seems to have gone wrong
	Cause   error
}

func (s *Suspicion) Error() string { return s.Cause.Error() }

func (s *Suspicion) Unwrap() error { return s.Cause }

// Input is one original, as an engine gets it.
type Input struct {
	Media media.Media // Type is what the bytes are, not what was declared

	// Original reads the exact upload at any offset. It may be used from many
	// goroutines while Process runs.
	Original io.ReaderAt
	Size     int64

	// URL serves the same bytes with ranges to child processes, on a loopback
	// port, until Process returns. Videos and GIFs have one.
	URL string

	// Again means that the media is shown already, and that nobody waits: all
	// is to be made. Otherwise an engine may make what is quickly made and say
	// in the outcome that there is More.
	Again bool

	// Quick means that what is quickly made waits for this. An engine that
	// finds that the media takes long stops before it begins, with ErrLong and
	// the Duration in the outcome.
	Quick bool

	// Scratch is an empty folder of this attempt's own, removed afterwards.
	// Videos and GIFs have one.
	Scratch string
}

// Draft is a rendition on its way. It is used by one goroutine. Save and Abort
// end it; Abort after either does nothing, so that it can be deferred. One that
// is not ended when Process returns is dropped.
type Draft interface {
	// Write appends, from behind the head.
	io.Writer

	// Save puts head, as many bytes as were left open, before what was written,
	// and does as Output.Save.
	Save(ctx context.Context, r media.Rendition, head []byte) error

	// Abort drops the bytes.
	Abort()
}

// Output takes what an engine makes. Its methods may be used from many
// goroutines while Process runs.
type Output interface {
	// Save stores one rendition, reading from to its end. It is durable before
	// the outcome is published; a fault that shows after Save has returned fails
	// the attempt. The rendition's Blob is ignored. also are further names for
	// the same file, which is stored once; names are unique within an attempt.
	// Renditions are published in the order in which they were saved. A reader that
	// knows how much it has (Len() int or Size() int64) saves room. ctx must last
	// until Process returns.
	Save(ctx context.Context, r media.Rendition, from io.Reader, also ...string) error

	// Begin starts the rendition called name, which is stored while it is made, and
	// whose first head bytes, 1 to MaxHead, are known last. hint is how many bytes
	// are expected in all, 0 where nobody knows. ctx must last until Draft.Save.
	Begin(ctx context.Context, name string, hint, head int64) (Draft, error)

	// Progress reports how much of the work is done, 0–100. Calls may come as
	// often as they like; going backwards is ignored.
	Progress(percent int)
}
