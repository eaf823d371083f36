package hybrid

import (
	"encoding/binary"
	"fmt"
	"io"
)

// maxBox bounds a box that is read whole: the index of a fragmented file is
// some kilobytes, and a fragment's header has 16 bytes a sample.
const maxBox = 16 << 20

// box is one box of a file: where it begins, and where its content does.
type box struct {
	kind          string
	offset        int64
	header, total int64
}

func (b box) end() int64 { return b.offset + b.total }

// nextBox reads the header of the box at offset, which must end within size.
func nextBox(r io.ReaderAt, offset, size int64) (box, error) {
	var h [16]byte
	if _, err := r.ReadAt(h[:8], offset); err != nil {
		return box{}, fmt.Errorf("box at %d: %w", offset, err)
	}
	b := box{kind: string(h[4:8]), offset: offset, header: 8, total: int64(binary.BigEndian.Uint32(h[:]))}
	if b.total == 1 {
		if _, err := r.ReadAt(h[8:], offset+8); err != nil {
			return box{}, fmt.Errorf("box at %d: %w", offset, err)
		}
		b.header, b.total = 16, int64(binary.BigEndian.Uint64(h[8:]))
	}
	if b.total < b.header || b.total > size-offset {
		return box{}, fmt.Errorf("box %q at %d has %d bytes of %d", b.kind, offset, b.total, size-offset)
	}
	return b, nil
}

// content reads a whole box without its header.
func content(r io.ReaderAt, b box) ([]byte, error) {
	if b.total > maxBox {
		return nil, fmt.Errorf("box %q has %d bytes", b.kind, b.total)
	}
	data := make([]byte, b.total-b.header)
	if _, err := r.ReadAt(data, b.offset+b.header); err != nil {
		return nil, fmt.Errorf("box %q: %w", b.kind, err)
	}
	return data, nil
}

// child is a box within another that was read.
type child struct {
	kind string
	data []byte // without the header
}

// children splits what a container holds.
func children(data []byte) ([]child, error) {
	var out []child
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, fmt.Errorf("%d bytes after the last box", len(data))
		}
		n := binary.BigEndian.Uint32(data)
		if n < 8 || int64(n) > int64(len(data)) {
			return nil, fmt.Errorf("box %q has %d bytes of %d", data[4:8], n, len(data))
		}
		out = append(out, child{string(data[4:8]), data[8:n]})
		data = data[n:]
	}
	return out, nil
}

// find gives the content of the one box at a path of kinds.
func find(data []byte, path ...string) ([]byte, error) {
	for _, kind := range path {
		list, err := children(data)
		if err != nil {
			return nil, err
		}
		found := false
		for _, c := range list {
			if c.kind == kind {
				data, found = c.data, true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no %s", kind)
		}
	}
	return data, nil
}

// boxOf puts a header before content.
func boxOf(kind string, parts ...[]byte) []byte {
	n := 8
	for _, p := range parts {
		n += len(p)
	}
	out := make([]byte, 0, n)
	out = binary.BigEndian.AppendUint32(out, uint32(n))
	out = append(out, kind...)
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// reader takes numbers off the front of a box's content.
type reader struct {
	data  []byte
	short bool // something was asked for that was not there
}

func (r *reader) take(n int) []byte {
	if n > len(r.data) {
		r.short, r.data = true, nil
		return make([]byte, n)
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }
func (r *reader) u64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }

// full reads the version and flags that begin a full box.
func (r *reader) full() (version byte, flags uint32) {
	v := r.u32()
	return byte(v >> 24), v & 0xffffff
}
