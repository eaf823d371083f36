package model

import (
	"encoding/base64"
	"io"
	"slices"
	"strings"
)

// headLen is how much of a picture or member is looked at, to tell what it is.
const headLen = 32

func (p *parser) picture() picture {
	v := picture{view: none}
	p.object(func(name string) {
		switch name {
		case "uri":
			v.hasURI = true
			v.inline, _ = p.inline(p.text())
		case "bufferView":
			v.view = p.ref("bufferViews")
		case "mimeType":
			v.mimeType = p.text()
		default:
			p.other(name)
		}
	})
	switch {
	case p.err != nil:
	case v.hasURI == (v.view != none):
		p.broken("must have either a bufferView or a uri")
	case !v.hasURI && v.mimeType == "":
		p.needs(none, "mimeType")
	}
	return v
}

// inline reads a URI, which must hold its data itself: a viewer would have to
// fetch any other from somewhere else. It gives the first bytes, and how many
// there are.
func (p *parser) inline(uri string) (head []byte, size int64) {
	if p.err != nil {
		return nil, 0
	}
	scheme, rest, _ := strings.Cut(uri, ",")
	if len(scheme) < 5 || !strings.EqualFold(scheme[:5], "data:") {
		p.fail(refused("The model refers to another file, %s in %s; a GLB must hold all that belongs to it", quoted(uri), p.where()))
		return nil, 0
	}
	if !strings.HasSuffix(strings.ToLower(scheme), ";base64") {
		p.broken("is a data: URI that is not base64")
		return nil, 0
	}
	encoding := base64.StdEncoding
	if !strings.HasSuffix(rest, "=") && len(rest)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	data := base64.NewDecoder(encoding.Strict(), strings.NewReader(rest))
	head = make([]byte, headLen)
	n, err := io.ReadFull(data, head)
	size = int64(n)
	if err == nil {
		var more int64
		more, err = io.Copy(io.Discard, data)
		size += more
	} else if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	if err != nil || strings.ContainsAny(rest, "\r\n") {
		p.broken("is a data: URI whose base64 can't be read")
	}
	return head[:n], size
}

// pictureTypes are what pictures of a glTF may be: two of its own, and three
// of extensions that viewers know.
func pictureTypes() []string {
	return []string{"image/png", "image/jpeg", "image/webp", "image/avif", "image/ktx2"}
}

// checkImages looks whether pictures begin as what they claim to be.
func (d *document) checkImages(src source, g glb) error {
	for i, v := range d.images {
		head := v.inline
		if !v.hasURI {
			from := d.views[v.view]
			if b := d.buffers[from.buffer]; from.buffer != 0 || b.hasURI || !g.hasBin {
				return refused("The model has images[%d] in a buffer that is not its BIN chunk, which is not accepted", i)
			}
			var err error
			if head, err = src.bytes(g.binAt+from.offset, min(from.size, headLen), "a picture"); err != nil {
				return err
			}
		}
		is := pictureType(head)
		switch {
		case v.mimeType != "" && !slices.Contains(pictureTypes(), v.mimeType):
			return refused("The model has an image of the type %s in images[%d]; %s are accepted", quoted(v.mimeType), i, strings.Join(pictureTypes(), ", "))
		case is == "":
			return broken("images[%d] does not begin as any of %s does", i, strings.Join(pictureTypes(), ", "))
		case v.mimeType != "" && v.mimeType != is:
			return broken("images[%d] says that it is %s, and begins as %s does", i, v.mimeType, is)
		}
	}
	return nil
}

// pictureType tells by its first bytes what a picture is, or "".
func pictureType(head []byte) string {
	s := string(head)
	at := func(i int, sign string) bool { return len(s) >= i+len(sign) && s[i:i+len(sign)] == sign }
	switch {
	case at(0, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case at(0, "\xff\xd8\xff"):
		return "image/jpeg"
	case at(0, "RIFF") && at(8, "WEBP"):
		return "image/webp"
	case at(4, "ftypavif"), at(4, "ftypavis"), at(4, "ftypmif1"):
		return "image/avif"
	case at(0, "\xabKTX 20\xbb\r\n\x1a\n"):
		return "image/ktx2"
	}
	return ""
}
