package tus

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"net/http"
	"strings"

	"magpie/internal/media"
)

type algorithm struct {
	name string
	make func() hash.Hash
}

// algorithms of Upload-Checksum. The protocol asks for sha1. crc32 is that of
// IEEE 802.3, its four bytes with the highest first.
func algorithms() []algorithm {
	return []algorithm{
		{"sha1", sha1.New},
		{"sha256", sha256.New},
		{"sha512", sha512.New},
		{"md5", md5.New},
		{"crc32", func() hash.Hash { return crc32.NewIEEE() }},
	}
}

func algorithmNames() string {
	var names []string
	for _, a := range algorithms() {
		names = append(names, a.name)
	}
	return strings.Join(names, ",")
}

// checksum is what the bytes of a request should come to.
type checksum struct {
	name string
	want []byte
	hash.Hash
}

// readChecksum reads Upload-Checksum, an algorithm and a sum in base64. It is nil
// where there is none.
func readChecksum(h http.Header) (*checksum, error) {
	values := h.Values("Upload-Checksum")
	if len(values) == 0 {
		return nil, nil
	}
	wrong := func(format string, args ...any) error {
		e := media.Invalid("Upload-Checksum", format, args...)
		e.Value = shorten(values[0])
		return e
	}
	if len(values) > 1 {
		return nil, wrong("The header Upload-Checksum is there %d times; it may be there once.", len(values))
	}
	name, text, _ := strings.Cut(values[0], " ")
	for _, a := range algorithms() {
		if a.name != name {
			continue
		}
		c := &checksum{name: name, Hash: a.make()}
		var err error
		if c.want, err = base64.StdEncoding.Strict().DecodeString(text); err != nil || len(c.want) != c.Size() {
			return nil, wrong("The header Upload-Checksum must have, behind %s and a space, its %d bytes in base64.", name, c.Size())
		}
		return c, nil
	}
	return nil, wrong("The header Upload-Checksum must begin with the name of an algorithm, one of %s, and a space.", algorithmNames())
}

// check holds the bytes that came against what they should be.
func (c *checksum) check() error {
	if got := c.Sum(nil); !bytes.Equal(got, c.want) {
		return &media.Error{
			Code: media.CodeChecksum, Field: "Upload-Checksum",
			Detail: "The bytes that came have the " + c.name + " " + base64.StdEncoding.EncodeToString(got) + ", and Upload-Checksum says " + base64.StdEncoding.EncodeToString(c.want) + ". None of them was kept; send them again.",
		}
	}
	return nil
}

// shorten makes what a client sent short enough to be shown.
func shorten(s string) string {
	const most = 100
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
