package policy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"

	"magpie/internal/media"
)

// sealVersion begins every token, so that another form can follow.
const sealVersion = "v1"

// maxToken is how long a token may be. It bounds the work that a stranger's
// token makes, and is far below what servers take as a URL.
const maxToken = 2048

// Key is one of the secrets that a Keyring signs with. ID is 1 to 32 of
// [a-z0-9] and stands readable in every token; Secret is 32 random bytes.
type Key struct {
	ID     string
	Secret []byte
}

// Keyring signs with its first key and accepts all of its keys, so that a new
// key can take over while what an older one signed still holds. It never
// changes, and may be used from many goroutines. The zero value has no key: it
// seals nothing and opens nothing.
type Keyring struct{ keys []Key }

// NewKeyring makes a Keyring of keys, of which the first signs. Of two with one
// id the first counts. It keeps copies.
func NewKeyring(keys ...Key) Keyring {
	var k Keyring
	for _, key := range keys {
		if _, taken := k.find(key.ID); !taken {
			k.keys = append(k.keys, Key{key.ID, slices.Clone(key.Secret)})
		}
	}
	return k
}

// Empty reports whether there is no key.
func (k Keyring) Empty() bool { return len(k.keys) == 0 }

// Seal gives a token that carries payload in the open, signed so that only Open
// with the same purpose takes it:
//
//	v1.<key id>.<payload>.<HMAC-SHA256 over version, purpose, key id and payload>
//
// Payload and HMAC are in base64 as URLs have it, without padding (RFC 4648 §5).
// The same payload gives the same token. Without a key it gives "".
func (k Keyring) Seal(purpose string, payload []byte) string {
	if k.Empty() {
		return ""
	}
	key := k.keys[0]
	return strings.Join([]string{
		sealVersion, key.ID,
		base64.RawURLEncoding.EncodeToString(payload),
		base64.RawURLEncoding.EncodeToString(key.sign(purpose, payload)),
	}, ".")
}

// Open gives the payload of a token that Seal made for purpose under one of the
// keys. Any other text is media.CodeForbidden, in words that do not tell which
// part was wrong.
func (k Keyring) Open(purpose, token string) ([]byte, error) {
	forged := media.Errorf(media.CodeForbidden, "The %s is not one that this server signed, or it was changed on its way, or its key was retired. Ask for a new one.", purpose)
	parts := strings.Split(token[:min(len(token), maxToken+1)], ".")
	if len(token) > maxToken || len(parts) != 4 || parts[0] != sealVersion {
		return nil, forged
	}
	key, known := k.find(parts[1])
	payload, ok1 := decode(parts[2])
	sum, ok2 := decode(parts[3])
	if !known || !ok1 || !ok2 || !hmac.Equal(sum, key.sign(purpose, payload)) {
		return nil, forged
	}
	return payload, nil
}

func (k Keyring) find(id string) (Key, bool) {
	for _, key := range k.keys {
		if key.ID == id {
			return key, true
		}
	}
	return Key{}, false
}

// sign puts lengths before the parts, so that no other parts give the same
// bytes.
func (key Key) sign(purpose string, payload []byte) []byte {
	h := hmac.New(sha256.New, key.Secret)
	for _, part := range [][]byte{[]byte(sealVersion), []byte(purpose), []byte(key.ID), payload} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write(part)
	}
	return h.Sum(nil)
}

// decode takes exactly what an encoder writes: Go's decoder passes over line
// ends, which would make many tokens of one.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return b, err == nil
}
