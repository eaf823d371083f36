package tus

import (
	"testing"

	"magpie/internal/upload"
)

func TestOptions(t *testing.T) {
	s := newServer(t, upload.Config{})
	for _, url := range []string{Path, Path + "12"} {
		s.want(s.do("OPTIONS", url, nil, "Tus-Resumable", "-", "Authorization", "-"), 204,
			"Tus-Version", "1.0.0", "Tus-Max-Size", "17179869184", "Tus-Checksum-Algorithm", "sha1,sha256,sha512,md5,crc32",
			"Tus-Extension", "creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation")
	}
}
