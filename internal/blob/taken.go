package blob

import "io"

// Taken is a file that was taken in and isn't kept under a name yet: what can be
// made of it is made meanwhile.
type Taken struct {
	// ReaderAt is the file, for any number of goroutines until Read is called.
	io.ReaderAt

	// Read says that nothing more is read, so that it can be kept. It may be called
	// twice.
	Read func()

	// Begun waits until the file's upload is on record, before which nothing that
	// belongs to it may be kept, or gives why it never will be.
	Begun func() error
}
