package xapi

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func TestDigest(t *testing.T) {
	s := newServer(t)
	id := s.open(map[string]any{})
	body := "preamble\r\n" + form("segment_index", "0", "media", png()) + "epilogue"
	b64 := base64.StdEncoding.EncodeToString
	m, s256, s512 := md5.Sum([]byte(body)), sha256.Sum256([]byte(body)), sha512.Sum512([]byte(body))
	md, d256, d512 := b64(m[:]), "sha-256=:"+b64(s256[:])+":", "sha-512=:"+b64(s512[:])+":"
	zeros := b64(make([]byte, 32))
	const (
		wrong = "does not match the body that arrived; send the request again"
		bad32 = "Content-Digest does not hold a digest of 32 bytes in base64"
	)
	for _, c := range []struct {
		name         string
		header       string
		values       []string
		field, words string // "" for one that is taken
	}{
		{"sha-256", "Content-Digest", []string{d256}, "", ""},
		{"sha-512", "Content-Digest", []string{d512}, "", ""},
		{"both", "Content-Digest", []string{d256 + ", " + d512}, "", ""},
		{"on two lines", "Content-Digest", []string{d256, d512}, "", ""},
		{"in capitals", "Content-Digest", []string{strings.Replace(d256, "sha", "SHA", 1)}, "", ""},
		{"MD5", "Content-MD5", []string{md}, "", ""},
		{"one that nobody knows", "Content-Digest", []string{"crc32c=:AAAAAA==:"}, "", ""},
		{"one that nobody knows, and one", "Content-Digest", []string{"unixsum=:AA==:," + d256}, "", ""},

		{"wrong sha-256", "Content-Digest", []string{"sha-256=:" + zeros + ":"}, "Content-Digest", wrong},
		{"wrong sha-512", "Content-Digest", []string{"sha-512=:" + b64(make([]byte, 64)) + ":"}, "Content-Digest", wrong},
		{"one right, one wrong", "Content-Digest", []string{d512 + ",sha-256=:" + zeros + ":"}, "Content-Digest", wrong},
		{"one right, one wrong on another line", "Content-Digest", []string{d512, "sha-256=:" + zeros + ":"}, "Content-Digest", wrong},
		{"wrong MD5", "Content-MD5", []string{b64(make([]byte, 16))}, "Content-MD5", wrong},

		{"too short", "Content-Digest", []string{"sha-256=:" + md + ":"}, "Content-Digest", bad32},
		{"in hexadecimal", "Content-Digest", []string{"sha-256=" + strings.Repeat("0f", 32)}, "Content-Digest", bad32},
		{"no value", "Content-Digest", []string{"sha-256"}, "Content-Digest", bad32},
		{"no base64", "Content-Digest", []string{"sha-256=:" + strings.Repeat("*", 44) + ":"}, "Content-Digest", bad32},
		{"malformed behind a right one", "Content-Digest", []string{d256 + ", sha-512=::"}, "Content-Digest", "64 bytes"},
		{"MD5 too long", "Content-MD5", []string{zeros}, "Content-MD5", "Content-MD5 does not hold a digest of 16 bytes in base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.request("POST", at(id, "append"), iotest.OneByteReader(strings.NewReader(body)), "Content-Type", formKind)
			r.Header[http.CanonicalHeaderKey(c.header)] = c.values
			a := s.serve(r)
			a.t = t
			if c.words == "" {
				a.is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
				return
			}
			a.refused(http.StatusBadRequest, c.words)
			a.blames(c.field, "")
		})
	}
}

// What arrived damaged is not kept.
func TestDigestThatIsWrongKeepsNothing(t *testing.T) {
	s := newServer(t)
	for _, header := range []string{"Content-Digest", "Content-MD5"} {
		digest := map[string]string{
			"Content-Digest": "sha-256=:" + base64.StdEncoding.EncodeToString(make([]byte, 32)) + ":",
			"Content-MD5":    base64.StdEncoding.EncodeToString(make([]byte, 16)),
		}[header]
		id := s.open(map[string]any{})
		s.send(id, 0, png(), header, digest).refused(http.StatusBadRequest, "does not match")
		s.call("POST", at(id, "append"), map[string]any{"segment_index": 0, "media": []byte(png())}, header, digest).refused(http.StatusBadRequest, "does not match")
		s.send(id, 1, "x").is(http.StatusOK, `{"data":{"expires_at":1795341600}}`)
		s.finalize(id).refused(http.StatusBadRequest, "segment 0 is missing")
		before := len(s.kept())
		s.call("POST", "/2/media/upload", form("media", png()), "Content-Type", formKind, header, digest).refused(http.StatusBadRequest, "does not match")
		if after := len(s.kept()); after != before {
			t.Errorf("%s: %d blobs, were %d", header, after, before)
		}
	}
}
