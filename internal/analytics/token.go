package analytics

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"magpie/internal/media"
	"magpie/internal/policy"
)

// Lifetime is how long events are taken under a token.
const Lifetime = 24 * time.Hour

// purpose keeps tokens of other kinds out, and names this one in refusals.
const purpose = "playback token"

// Token is what a playback token says.
type Token struct {
	Media   media.ID
	Session string    // random, the playback's own
	Minted  time.Time // to the millisecond
}

// Expires is the first moment at which nothing is taken under it.
func (t Token) Expires() time.Time { return t.Minted.Add(Lifetime) }

const (
	sessionBytes = 16
	tokenBytes   = 8 + 8 + sessionBytes
)

// Mint makes the token for one playback of a media that begins now. It fails
// only if random does, or if the ring has no key. It is for whoever may see the media: the caller has
// decided that.
func Mint(ring policy.Keyring, id media.ID, now time.Time, random io.Reader) (string, error) {
	var b [tokenBytes]byte
	binary.BigEndian.PutUint64(b[:], uint64(id))
	binary.BigEndian.PutUint64(b[8:], uint64(now.UnixMilli()))
	if _, err := io.ReadFull(random, b[16:]); err != nil {
		return "", fmt.Errorf("make a playback token for %s: %w", id, err)
	}
	token := ring.Seal(purpose, b[:])
	if token == "" {
		return "", fmt.Errorf("make a playback token for %s: there is no key to sign with", id)
	}
	return token, nil
}

// Read reads a token. One that is forged, of an unknown key or expired is
// media.CodeForbidden with words.
func Read(ring policy.Keyring, token string, now time.Time) (Token, error) {
	b, err := ring.Open(purpose, token)
	if err != nil {
		return Token{}, err
	}
	if len(b) != tokenBytes { // signed here, by another version
		return Token{}, media.Errorf(media.CodeForbidden, "The playback token is of a kind that this server does not know. Ask for a new one.")
	}
	t := Token{
		Media:   media.ID(binary.BigEndian.Uint64(b)),
		Minted:  time.UnixMilli(int64(binary.BigEndian.Uint64(b[8:]))).UTC(),
		Session: base64.RawURLEncoding.EncodeToString(b[16:]),
	}
	if !now.Before(t.Expires()) {
		return Token{}, media.Errorf(media.CodeForbidden, "The playback token has expired: it holds for 24 hours. Ask for a new one.")
	}
	return t, nil
}
