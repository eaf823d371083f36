package e2e

import (
	"bytes"
	endian "encoding/binary"
	"fmt"
	"slices"
	"testing"
)

// TestBoxes uploads MP4s whose index lies: about how long its tables are, how
// deep its boxes, how large the rest, and how long it lasts; every fourth, and in
// the long campaign each, as QuickTime too.
func TestBoxes(t *testing.T) {
	t.Parallel()
	o := newOrdeal(t)
	for i, v := range lyingBoxes(t) {
		o.try(hostile{v.name, "video/mp4", "tweet_video", v.file})
		if !soak() && i%4 != 1 {
			continue
		}
		o.try(hostile{
			v.name + ", as QuickTime", "video/quicktime", "tweet_video",
			append([]byte("\x00\x00\x00\x14ftypqt  \x00\x00\x00\x00qt  "), v.file[endian.BigEndian.Uint32(v.file):]...),
		})
	}
	o.end()
	if o.refused < 20 {
		t.Errorf("only %d were refused", o.refused)
	}
}

func lyingBoxes(t *testing.T) []hostile {
	// Its index is behind the media, so that they stay where it says.
	good := film(t, "mp4", slices.Concat(picture("160x120", 1), sound(1), h264(), []string{"-c:a", "aac"})...)
	var all []hostile
	add := func(name string, file []byte) { all = append(all, hostile{name: name, file: file}) }

	// 10⁶ entries, and tables that only say that they have so many. A word is
	// four bytes of an entry.
	for _, table := range []struct {
		kind  string
		words []uint32
	}{
		{"stts", []uint32{1, 512}},
		{"ctts", []uint32{1, 1024}},
		{"stsc", []uint32{1, 1, 1}},
		{"stco", []uint32{48}},
		{"stss", []uint32{1}},
		{"elst", []uint32{1, 0, 1 << 16}},
		{"stsz", []uint32{100}},
	} {
		const many = 1_000_000
		head := make([]byte, 4)
		if table.kind == "stsz" {
			head = make([]byte, 8)
		}
		var entry []byte
		for _, w := range table.words {
			entry = endian.BigEndian.AppendUint32(entry, w)
		}
		body := slices.Concat(head, endian.BigEndian.AppendUint32(nil, many), bytes.Repeat(entry, many))
		add("a million entries in "+table.kind, remade(good, table.kind, body))
		add("4,294,967,295 entries claimed in "+table.kind, remade(good, table.kind, slices.Concat(head, []byte("\xFF\xFF\xFF\xFF"), entry)))
		add("an entry of ones in "+table.kind, remade(good, table.kind,
			slices.Concat(head, []byte{0, 0, 0, 1}, bytes.Repeat([]byte{0xFF}, len(entry)))))
		add("an empty "+table.kind, remade(good, table.kind, nil))
	}

	// Times. Version 0: dates, time scale, duration.
	times := func(scale, duration string) []byte {
		return []byte("\x00\x00\x00\x00" + "\x00\x00\x00\x00\x00\x00\x00\x00" + scale + duration)
	}
	const thousand, none, ones = "\x00\x00\x03\xE8", "\x00\x00\x00\x00", "\xFF\xFF\xFF\xFF"
	for name, v := range map[string][2]string{
		"no time scale":       {none, thousand},
		"no duration":         {thousand, none},
		"a negative duration": {thousand, "\xFF\xFF\xFC\x18"},
		"a negative scale":    {"\xFF\xFF\xFC\x18", thousand},
		"136 years":           {"\x00\x00\x00\x01", ones},
		"nothing at all":      {none, none},
	} {
		for _, kind := range []string{"mvhd", "mdhd"} {
			add(name+" in "+kind, patched(good, kind, times(v[0], v[1])))
		}
	}
	add("negative and endless in version 1", patched(good, "mdhd", []byte("\x01\x00\x00\x00"+none+none+none+none+"\x00\x00\x00\x01"+"\x80\x00\x00\x00\x00\x00\x00\x00")))
	add("pictures of 65,535×65,535", patched(good, "avc1", append(make([]byte, 24), "\xFF\xFF\xFF\xFF"...)))
	add("pictures of no size", patched(good, "avc1", make([]byte, 28)))

	// Boxes in boxes, and sizes.
	index, _ := indexOf(good)
	ftyp := good[:endian.BigEndian.Uint32(good)]
	for _, kind := range []string{"moov", "trak", "udta", "meta"} {
		add("boxes 100,000 deep: "+kind, slices.Concat(ftyp, nested(kind, 100_000)))
	}
	for name, size := range map[string]string{
		"up to the end":    "\x00\x00\x00\x00moov",
		"of four bytes":    "\x00\x00\x00\x04moov",
		"of 4 GiB":         "\xFF\xFF\xFF\xFFmoov",
		"of 16 EiB":        "\x00\x00\x00\x01moov\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
		"of 8 EiB":         "\x00\x00\x00\x01moov\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
		"of nothing, wide": "\x00\x00\x00\x01moov\x00\x00\x00\x00\x00\x00\x00\x00",
	} {
		add("an index "+name, slices.Concat(good[:index], []byte(size), good[index+8:]))
	}
	add("a million empty boxes", slices.Concat(ftyp, bytes.Repeat([]byte("\x00\x00\x00\x08free"), 1_000_000), good[len(ftyp):]))
	add("ten thousand tracks", tracks(good, 10_000))
	return all
}

// nested is a box in a box in a box. Each says that it reaches to the end.
func nested(kind string, deep int) []byte {
	b := make([]byte, 0, 8*deep)
	for i := deep; i > 0; i-- {
		b = append(endian.BigEndian.AppendUint32(b, uint32(8*i)), kind...)
	}
	return b
}

// indexOf gives the places of a good file's index.
func indexOf(file []byte) (from, to int) {
	for from = 0; ; from = to {
		to = from + int(endian.BigEndian.Uint32(file[from:]))
		if string(file[from+4:from+8]) == "moov" {
			return from, to
		}
	}
}

// remade is a file with the body of every box of a kind replaced; where there is
// none, a track's tables get one.
func remade(file []byte, kind string, body []byte) []byte {
	from, to := indexOf(file)
	moov := rebuilt(file[from:to], func(name string, b []byte) []byte {
		switch {
		case name == kind:
			return body
		case name == "stbl" && (kind == "stco" || kind == "ctts" || kind == "stss") && !bytes.Contains(b, []byte(kind)):
			return append(bytes.Clone(b), box(kind, body)...)
		}
		return b
	})
	return slices.Concat(file[:from], moov, file[to:])
}

// patched is a file with the beginning of the body of every box of a kind
// overwritten.
func patched(file []byte, kind string, with []byte) []byte {
	b := bytes.Clone(file)
	from, to := indexOf(b)
	found := 0
	for at := from; ; found++ {
		n := bytes.Index(b[at:to], []byte(kind))
		if n < 0 {
			break
		}
		at += n + 4
		copy(b[at:to], with)
	}
	if found == 0 {
		panic(fmt.Sprintf("no %s to patch", kind))
	}
	return b
}

// tracks is a file with its first track many times.
func tracks(file []byte, n int) []byte {
	from, to := indexOf(file)
	var parts [][]byte
	for rest := file[from+8 : to]; len(rest) >= 8; {
		size := endian.BigEndian.Uint32(rest)
		if string(rest[4:8]) == "trak" && n > 0 {
			parts = append(parts, bytes.Repeat(rest[:size], n))
			n = 0
		} else {
			parts = append(parts, rest[:size])
		}
		rest = rest[size:]
	}
	return slices.Concat(file[:from], box("moov", parts...), file[to:])
}

// rebuilt is a box whose body, and those of the boxes in it, went through change.
func rebuilt(b []byte, change func(name string, body []byte) []byte) []byte {
	name, body := string(b[4:8]), b[8:]
	if slices.Contains([]string{"moov", "trak", "mdia", "minf", "stbl", "edts"}, name) {
		var parts [][]byte
		for rest := body; len(rest) >= 8; {
			n := endian.BigEndian.Uint32(rest)
			parts = append(parts, rebuilt(rest[:n], change))
			rest = rest[n:]
		}
		body = bytes.Join(parts, nil)
	}
	return box(name, change(name, body))
}
