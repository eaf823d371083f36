package xapi

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"io"
	"net/http"
	"strings"

	"magpie/internal/media"
)

// digested gives a request's body and a check to call once it was read to its
// end: it holds the body against Content-Digest (RFC 9530: sha-256, sha-512;
// others are passed over) and Content-MD5 (RFC 1864), where they were sent.
func digested(r *http.Request) (body io.Reader, check func() error, err error) {
	type claim struct {
		header string
		want   []byte
		sum    hash.Hash
	}
	var claims []claim
	add := func(header, text string, sum hash.Hash) error {
		want, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(want) != sum.Size() {
			return media.Invalid(header, "does not hold a digest of %d bytes in base64", sum.Size())
		}
		claims = append(claims, claim{header, want, sum})
		return nil
	}
	if v := r.Header.Get("Content-MD5"); v != "" {
		err = add("Content-MD5", v, md5.New())
	}
	// A dictionary (RFC 8941 §3.2), which may be spread over several lines.
	for _, entry := range strings.Split(strings.Join(r.Header.Values("Content-Digest"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(entry), "=")
		var sum hash.Hash
		switch strings.ToLower(name) {
		case "sha-256":
			sum = sha256.New()
		case "sha-512":
			sum = sha512.New()
		default:
			continue
		}
		if err == nil {
			err = add("Content-Digest", strings.Trim(value, ":"), sum)
		}
	}
	body = r.Body
	for _, c := range claims {
		body = io.TeeReader(body, c.sum)
	}
	return body, func() error {
		for _, c := range claims {
			if !bytes.Equal(c.sum.Sum(nil), c.want) {
				return media.Invalid(c.header, "does not match the body that arrived; send the request again")
			}
		}
		return nil
	}, err
}
