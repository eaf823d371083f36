package tus

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"magpie/internal/media"
	"magpie/internal/upload"
)

// sum is an Upload-Checksum.
func sum(name, content string) string {
	for _, a := range algorithms() {
		if a.name == name {
			h := a.make()
			h.Write([]byte(content))
			return name + " " + base64.StdEncoding.EncodeToString(h.Sum(nil))
		}
	}
	return name + " x"
}

// The sums of "hello world" are the well-known ones.
func TestChecksumsAreThose(t *testing.T) {
	for name, want := range map[string]string{
		"sha1":  "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
		"md5":   "md5 XrY7u+Ae7tCTyyK7j1rNww==",
		"crc32": "crc32 DUoRhQ==",
	} {
		if got := sum(name, "hello world"); got != want {
			t.Errorf("%s; want %s", got, want)
		}
	}
}

func TestReadChecksum(t *testing.T) {
	for _, bad := range []string{"", "sha1", "sha1 ", "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0", "sha1 DUoRhQ==", "sha3 DUoRhQ==", "crc32  DUoRhQ==", "crc32 DUoRh!=="} {
		if _, err := readChecksum(http.Header{"Upload-Checksum": {bad}}); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestChecksum(t *testing.T) {
	s := newServer(t, upload.Config{MaxSegment: 64}) // so that a body is many parts
	file := gif(1000)
	for _, a := range algorithms() {
		url := s.begin(1000)
		s.want(s.patch(url, 0, file[:300], "Upload-Checksum", sum(a.name, file[:300])), 204, "Upload-Offset", "300")
		bad := s.want(s.patch(url, 300, file[300:], "Upload-Checksum", sum(a.name, file[300:999])), 460)
		if !strings.Contains(bad.body, sum(a.name, file[300:])) {
			t.Errorf("it does not say what came: %s", bad.body)
		}
		s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "300")
		half := s.do("PATCH", url, cut(file[300:900]), "Upload-Offset", "300", "Upload-Checksum", sum(a.name, file[300:]))
		s.want(half, 400)
		s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "300")
		long := s.do("PATCH", url, unannounced{strings.NewReader(file[300:] + "more")}, "Upload-Offset", "300", "Upload-Checksum", sum(a.name, file[300:]))
		s.want(long, 413)
		s.want(s.do("HEAD", url, nil), 200, "Upload-Offset", "300")
		s.want(s.patch(url, 300, file[300:], "Upload-Checksum", sum(a.name, file[300:])), 204, "Upload-Offset", "1000")
		s.wantMedia(url, file)
	}
}

// unannounced is a body whose length no header tells.
type unannounced struct{ io.Reader }
