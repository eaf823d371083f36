package model

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds the name of a member, folders included.
const maxName = 1024

// checkName wants a plain relative path, which means the same on every system.
func checkName(name string) error {
	switch {
	case name == "" || len(name) > maxName:
		return broken("a member's name has %d bytes, and may have 1 to %d", len(name), maxName)
	case !utf8.ValidString(name):
		return broken("the member name %s is not UTF-8", quoted(name))
	case strings.HasSuffix(name, "/"):
		return broken("%s is a folder; a USDZ holds files alone", quoted(name))
	case strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\\:"):
		return broken("the member name %s is no relative path", quoted(name))
	case strings.ContainsFunc(name, unicode.IsControl):
		return broken("the member name %s has a control character", quoted(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return broken("the member name %s leads through %s", quoted(name), quoted(part))
		}
	}
	return nil
}

// sortOf tells what a member is by its name: layer, picture, sound, or "" for
// what may not be in a USDZ (its specification, "File Types").
func sortOf(name string) string {
	switch extension(name) {
	case ".usd", ".usda", ".usdc":
		return "layer"
	case ".png", ".jpg", ".jpeg", ".exr", ".avif":
		return "picture"
	case ".m4a", ".mp3", ".wav":
		return "sound"
	}
	return ""
}

// check looks whether the member is of a sort that may be there, and begins as
// its name says. The first must be the scene itself.
func (m member) check(src source) error {
	sort := sortOf(m.name)
	switch {
	case sort == "":
		return broken("the member %s is of no sort that may be in a USDZ: .usd, .usda, .usdc, .png, .jpg, .jpeg, .exr, .avif, .m4a, .mp3, .wav", quoted(m.name))
	case m.header == 0 && sort != "layer":
		return broken("its first member is %s, and must be a .usd, .usda or .usdc", quoted(m.name))
	}
	const most = 32
	head, err := src.bytes(m.data, min(m.size, most), "the member "+quoted(m.name))
	if err != nil {
		return err
	}
	if !begins(extension(m.name), head) {
		return broken("the member %s does not begin as %s files do", quoted(m.name), extension(m.name))
	}
	if bytes.HasPrefix(head, []byte(crateSign)) {
		return m.checkCrate(head)
	}
	return nil
}

const (
	crateSign  = "PXR-USDC"
	crateStart = 88 // bytes before the sections of a binary layer
)

// checkCrate holds the beginning of a binary layer against its length: a
// version, and where its table of contents is.
func (m member) checkCrate(head []byte) error {
	if m.size < crateStart {
		return broken("the member %s has %d bytes, too few for a binary layer", quoted(m.name), m.size)
	}
	if v := head[8]; v != 0 {
		return refused("The member %s is a binary layer of version %d.%d; 0.x can be read here", quoted(m.name), v, head[9])
	}
	if toc := binary.LittleEndian.Uint64(head[16:]); toc < crateStart || toc > uint64(m.size)-8 {
		return broken("the member %s has its table of contents at %d, outside its %d bytes", quoted(m.name), toc, m.size)
	}
	return nil
}

// begins reports whether a file of the extension begins so.
func begins(extension string, head []byte) bool {
	at := func(i int, signs ...string) bool {
		for _, sign := range signs {
			if i <= len(head) && bytes.HasPrefix(head[i:], []byte(sign)) {
				return true
			}
		}
		return false
	}
	switch extension {
	case ".usdc":
		return at(0, crateSign)
	case ".usda":
		return at(0, "#usda 1.0")
	case ".usd":
		return at(0, crateSign, "#usda 1.0")
	case ".png":
		return pictureType(head) == "image/png"
	case ".jpg", ".jpeg":
		return pictureType(head) == "image/jpeg"
	case ".avif":
		return pictureType(head) == "image/avif"
	case ".exr":
		return at(0, "\x76\x2f\x31\x01")
	case ".m4a":
		return at(4, "ftyp")
	case ".mp3":
		return at(0, "ID3") || len(head) > 1 && head[0] == 0xff && head[1]&0xe0 == 0xe0
	case ".wav":
		return at(0, "RIFF") && at(8, "WAVE")
	}
	return false
}
