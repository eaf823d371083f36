package model

import (
	"bytes"
	"encoding/binary"
	"io"

	"magpie/internal/media"
)

// maxJSON bounds the JSON of a GLB, which is read whole. Models of a hundred
// thousand nodes have a few megabytes.
const maxJSON = 16 << 20

// Sizes and names of a GLB's framing (glTF 2.0, §4.4).
const (
	glbHeader   = 12
	chunkHeader = 8
	maxGLBParts = 64 // chunks; two have a meaning
)

// glb says where the two chunks of a GLB that have a meaning are.
type glb struct {
	jsonAt, jsonSize int64
	binAt, binSize   int64
	hasBin           bool
}

// examineGLB checks a GLB. What is served of it is its JSON and its BIN chunk:
// chunks of other types, which viewers pass over, are left out.
func examineGLB(src source) (found, error) {
	g, err := readGLB(src)
	if err != nil {
		return found{}, err
	}
	text, err := src.bytes(g.jsonAt, g.jsonSize, "the JSON chunk")
	if err != nil {
		return found{}, err
	}
	d, err := parseGLTF(text)
	if err != nil {
		return found{}, err
	}
	if err := d.check(src, g); err != nil {
		return found{}, err
	}
	size := glbHeader + chunkHeader + g.jsonSize
	if g.hasBin {
		size += chunkHeader + g.binSize
	}
	head := append([]byte("glTF"), 2, 0, 0, 0)
	head = binary.LittleEndian.AppendUint32(head, uint32(size))
	parts := []io.Reader{bytes.NewReader(chunkHead(head, g.jsonSize, "JSON")), bytes.NewReader(text)}
	if g.hasBin {
		parts = append(parts, bytes.NewReader(chunkHead(nil, g.binSize, "BIN\x00")), src.section(g.binAt, g.binSize))
	}
	return found{
		rendition: media.Rendition{Role: media.RoleModel, Name: "model.glb", ContentType: string(media.GLB)},
		content:   io.MultiReader(parts...),
		size:      size,
		facts:     d.facts(),
	}, nil
}

func chunkHead(b []byte, size int64, kind string) []byte {
	return append(binary.LittleEndian.AppendUint32(b, uint32(size)), kind...)
}

// readGLB walks the chunks, which must fill the file to its last byte.
func readGLB(src source) (glb, error) {
	var g glb
	head, err := src.bytes(0, min(glbHeader, src.size), "the header")
	if err != nil {
		return g, err
	}
	if len(head) < glbHeader || string(head[:4]) != "glTF" {
		return g, broken("it does not begin as a GLB does, with glTF, a version and a length")
	}
	if v := binary.LittleEndian.Uint32(head[4:]); v != 2 {
		return g, refused("The model is a GLB of version %d; version 2 can be read here", v)
	}
	if n := int64(binary.LittleEndian.Uint32(head[8:])); n != src.size {
		return g, broken("its header says that the file has %d bytes, and it has %d", n, src.size)
	}
	for at, i := int64(glbHeader), 0; at < src.size; i++ {
		if i == maxGLBParts {
			return g, refused("The model has more than %d chunks, the most that is accepted", maxGLBParts)
		}
		if at, err = g.take(src, at, i); err != nil {
			return g, err
		}
	}
	if g.jsonAt == 0 {
		return g, broken("it has no JSON chunk")
	}
	return g, nil
}

// take reads the header of chunk i and gives where the next one begins.
func (g *glb) take(src source, at int64, i int) (int64, error) {
	head, err := src.bytes(at, chunkHeader, "the header of a chunk")
	if err != nil {
		return 0, err
	}
	size, kind := int64(binary.LittleEndian.Uint32(head)), string(head[4:])
	at += chunkHeader
	switch {
	case size > src.size-at:
		return 0, broken("chunk %d (%s) would have %d bytes at %d, and the file ends at %d", i, quoted(kind), size, at, src.size)
	case size%4 != 0:
		return 0, broken("chunk %d (%s) has %d bytes, which is no multiple of 4", i, quoted(kind), size)
	case i == 0 && kind != "JSON":
		return 0, broken("its first chunk is %s, not JSON", quoted(kind))
	case i > 0 && kind == "JSON":
		return 0, broken("chunk %d is a second JSON chunk", i)
	case i == 0 && size > maxJSON:
		return 0, refused("The model's JSON has %d bytes; %d is the most that is accepted", size, maxJSON)
	case i == 0:
		g.jsonAt, g.jsonSize = at, size
	case kind == "BIN\x00" && i != 1:
		return 0, broken("chunk %d is the BIN chunk, which may only be the second", i)
	case kind == "BIN\x00":
		g.binAt, g.binSize, g.hasBin = at, size, true
	}
	return at + size, nil
}
