package hybrid

import (
	"errors"
	"io"
)

// File is what a fragmented MP4 becomes: Header, and after it the fragmented
// file as it is. Places are those in the whole.
type File struct {
	Header    []byte
	Size      int64 // of the whole
	Init      Range // the initialization section
	Fragments []Fragment
	Tracks    []Track

	tracks []*track // with places in the fragmented file
}

// Track is what the index says of one track.
type Track struct {
	Handler       string // vide for pictures, soun for sound
	Samples       int
	Seconds       float64 // shown, an encoder's run-up left out
	Skipped       float64 // seconds at the start that an edit list leaves out, such as that run-up
	Width, Height int     // of pictures
	Turned        bool    // a player would turn or stretch the pictures
}

// Range is some bytes of the file.
type Range struct{ Offset, Length int64 }

// Fragment is a piece of the file. Unless it is Open it can be played from its
// beginning: it starts with a picture that needs no other, and none that follows
// is shown before that.
type Fragment struct {
	Range
	Seconds float64 // of the first track
	Open    bool
	Key     int64 // bytes to the end of its first picture, if decoding can begin there; else 0
}

// ErrEmpty says that a file holds not one fragment: nothing came to be written.
var ErrEmpty = errors.New("no fragment")

// Wrap reads a fragmented MP4 of size bytes and works out what has to come
// before it. A file that is not as the package says gives an error; nothing is
// guessed. One without fragments, or without anything, gives ErrEmpty. Where
// room is not 0 the Header is that long, filled up with a free box; one that
// does not fit gives ErrRoom.
func Wrap(r io.ReaderAt, size, room int64) (File, error) {
	var x index
	for at := int64(0); at < size; {
		b, err := nextBox(r, at, size)
		if err != nil {
			return File{}, err
		}
		at = b.end()
		var data []byte
		if b.read() {
			if data, err = content(r, b); err != nil {
				return File{}, err
			}
		}
		if err := x.add(b, data); err != nil {
			return File{}, err
		}
	}
	return x.finish(size, room)
}
