package ffmpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"magpie/internal/media"
)

func TestCheckEdits(t *testing.T) {
	t.Parallel()
	box := func(kind string, parts ...[]byte) []byte {
		body := bytes.Join(parts, nil)
		return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), kind...), body...)
	}
	list := func(claimed, there int) []byte {
		head := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(claimed))
		return box("moov", box("mvhd", make([]byte, 100)), box("trak", box("tkhd"), box("edts", box("elst", head, make([]byte, 12*there)))))
	}
	wide := func(b []byte) []byte {
		return slices.Concat([]byte("\x00\x00\x00\x01moov"), binary.BigEndian.AppendUint64(nil, uint64(len(b)+8)), b[8:])
	}
	ftyp := box("ftyp", []byte("isom\x00\x00\x02\x00"))
	for name, c := range map[string]struct {
		file []byte
		want string // "" is taken
	}{
		"none":                 {slices.Concat(ftyp, box("moov", box("trak"))), ""},
		"the most":             {slices.Concat(ftyp, list(maxEdits, maxEdits)), ""},
		"more":                 {slices.Concat(ftyp, list(maxEdits+1, maxEdits+1)), "list of 10001 edits; 10000 are the most"},
		"behind the media":     {slices.Concat(ftyp, box("mdat", make([]byte, 5000)), list(maxEdits+1, maxEdits+1)), "10001 edits"},
		"in a wide box":        {slices.Concat(ftyp, wide(list(maxEdits+1, maxEdits+1))), "10001 edits"},
		"only claimed":         {slices.Concat(ftyp, list(1<<31, 3)), ""},
		"in a second index":    {slices.Concat(ftyp, list(1, 1), list(maxEdits+1, maxEdits+1)), ""},
		"cut":                  {list(20_000, 20_000)[:140], ""},
		"nothing":              {nil, ""},
		"noise":                {bytes.Repeat([]byte{0xFF}, 1000), ""},
		"of no size":           {[]byte("\x00\x00\x00\x04moov"), ""},
		"of a negative size":   {[]byte("\x00\x00\x00\x01moov\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), ""},
		"behind ten thousands": {slices.Concat(bytes.Repeat(box("free"), maxBoxes), list(1, 1)), "not within its first 10000 parts"},
	} {
		err := checkEdits(bytes.NewReader(c.file), int64(len(c.file)))
		var f *media.Failure
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &f) || !bytes.Contains([]byte(f.Message), []byte(c.want))):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	broken := io.NewSectionReader(readerAt{iotest.ErrReader(errors.ErrUnsupported)}, 0, 100)
	if err := checkEdits(broken, 100); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("a fault of the store is %v", err)
	}
}

// readerAt reads from wherever r is.
type readerAt struct{ r io.Reader }

func (r readerAt) ReadAt(p []byte, _ int64) (int, error) { return r.r.Read(p) }
