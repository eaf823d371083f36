package model

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/processing"
)

// shelf is a processing.Output that keeps what it is given.
type shelf struct {
	processing.Output // what this engine has no use for

	rendition media.Rendition
	file      []byte
	saved     int
	outcome   media.Outcome
	percent   []int
}

func (s *shelf) Save(_ context.Context, r media.Rendition, from io.Reader, _ ...string) error {
	b, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	s.rendition, s.file = r, b
	s.saved++
	return nil
}

func (s *shelf) Progress(percent int) { s.percent = append(s.percent, percent) }

// process runs a file through the engine.
func process(file []byte, kind media.Type) (*shelf, error) {
	out := &shelf{}
	in := processing.Input{Media: media.Media{Type: kind}, Original: bytes.NewReader(file), Size: int64(len(file))}
	var err error
	out.outcome, err = New(slog.New(slog.DiscardHandler)).Process(context.Background(), in, out)
	return out, err
}

// taken runs a file that must be taken, and gives what is served of it.
func taken(t testing.TB, what string, file []byte, kind media.Type) []byte {
	t.Helper()
	out, err := process(file, kind)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	} else if out.saved != 1 || out.rendition.ContentType != string(kind) || out.rendition.Role != media.RoleModel {
		t.Errorf("%s: %d files, %+v", what, out.saved, out.rendition)
	} else if f := out.outcome.Facts.Model; f == nil || f.Bytes != int64(len(out.file)) {
		t.Errorf("%s: %d bytes, and facts are %+v", what, len(out.file), f)
	}
	return out.file
}

// turnedAway runs a file that must not be, and checks name and words.
func turnedAway(t testing.TB, what string, file []byte, kind media.Type, name, words string) {
	t.Helper()
	out, err := process(file, kind)
	var f *media.Failure
	if !errors.As(err, &f) || f.Name != name || !strings.Contains(f.Message, words) || !strings.HasSuffix(f.Message, ".") || len(f.Message) > 500 {
		t.Errorf("%s: %v; want %s: …%s….", what, err, name, words)
	}
	if out.saved != 0 {
		t.Errorf("%s: it is served all the same", what)
	}
}

// glbOf frames chunks of type and bytes in turn.
func glbOf(chunks ...string) []byte {
	file := []byte("glTF\x02\x00\x00\x00\x00\x00\x00\x00")
	for i := 0; i+1 < len(chunks); i += 2 {
		file = binary.LittleEndian.AppendUint32(file, uint32(len(chunks[i+1])))
		file = append(append(file, chunks[i]...), chunks[i+1]...)
	}
	binary.LittleEndian.PutUint32(file[8:], uint32(len(file)))
	return file
}

// padded fills a text up to a multiple of 4.
func padded(s string, with string) string {
	return s + strings.Repeat(with, (4-len(s)%4)%4)
}

// entry is one member of a USDZ to be, with what may be wrong about it.
type entry struct {
	name, data    string
	extra         string // in the local header, before its padding
	local         string // name in the local header, if another
	flags, method uint16
	mode          uint32 // unix mode
	crc, size     uint32 // added to the right ones, in the local header alone
	stored        uint32 // added to the stored size in both
	shift         int    // of the data, from its right place
	gap           string // behind the data
	central       string // extra in the list
	comment       string
}

// usdzOf writes an archive. tail stands between members and list, end behind
// all.
func usdzOf(entries []entry, tail, end string) []byte {
	le := binary.LittleEndian
	var file, list []byte
	for _, e := range entries {
		at := len(file)
		local := e.name
		if e.local != "" {
			local = e.local
		}
		extra := e.extra
		pad := (64 - (at+localSize+len(local)+len(extra)+4)%64) % 64
		extra += string(le.AppendUint16([]byte("\x86\x19"), uint16(pad+e.shift))) + strings.Repeat("\x00", pad+e.shift)
		crc := crc32.ChecksumIEEE([]byte(e.data))
		file = append(append(file, localSign...), 10, 0)
		file = le.AppendUint16(le.AppendUint16(file, e.flags), e.method)
		file = append(file, 1, 2, 3, 4) // some time
		file = le.AppendUint32(le.AppendUint32(le.AppendUint32(file, crc+e.crc), uint32(len(e.data))+e.stored), uint32(len(e.data))+e.size)
		file = le.AppendUint16(le.AppendUint16(file, uint16(len(local))), uint16(len(extra)))
		file = append(append(append(append(file, local...), extra...), e.data...), e.gap...)

		list = append(append(list, centralSign...), 20, 3, 10, 0)
		list = le.AppendUint16(le.AppendUint16(list, e.flags), e.method)
		list = append(list, 1, 2, 3, 4)
		list = le.AppendUint32(le.AppendUint32(le.AppendUint32(list, crc), uint32(len(e.data))+e.stored), uint32(len(e.data)))
		list = le.AppendUint16(le.AppendUint16(list, uint16(len(e.name))), uint16(len(e.central)))
		list = le.AppendUint16(list, uint16(len(e.comment)))
		list = le.AppendUint32(append(list, 0, 0, 0, 0), e.mode<<16)
		list = append(append(append(le.AppendUint32(list, uint32(at)), e.name...), e.central...), e.comment...)
	}
	file = append(file, tail...)
	at := len(file)
	file = append(append(append(file, list...), endSign...), 0, 0, 0, 0)
	file = le.AppendUint16(le.AppendUint16(file, uint16(len(entries))), uint16(len(entries)))
	file = le.AppendUint32(le.AppendUint32(file, uint32(len(list))), uint32(at))
	return append(append(file, 0, 0), end...)
}
