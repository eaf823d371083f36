package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyBytes is the length of a key file.
const keyBytes = 32

// sealVersion begins every sealed text, so that another way can follow.
const sealVersion = "v1."

// Keys seals secrets that must be read again and derives those that need not be
// kept at all. Everything hangs from the 32 bytes of one key file; whoever has
// the catalogue without that file can read none of them. Its methods may be
// used from many goroutines.
type Keys struct {
	box    cipher.AEAD
	nonce  []byte // keys of HMACs
	derive []byte
}

// OpenKeys reads the key file at path. Where there is none it makes one from
// random, for its owner only; it is on stable storage before OpenKeys returns,
// and of several processes that do this at once all get the same keys. A file
// that others than its owner may use, or that isn't 32 bytes, is refused.
func OpenKeys(path string, random io.Reader) (*Keys, error) {
	secret, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path, random); err != nil {
			return nil, fmt.Errorf("make the key file %s: %w", path, err)
		}
		secret, err = readKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the key file %s: %w", path, err)
	}
	// Another process may have made it and not got to this yet. A folder that
	// can only be read doesn't need it.
	_ = syncFolder(filepath.Dir(path))
	return newKeys(secret)
}

func newKeys(secret []byte) (*Keys, error) {
	subkey := func(purpose string) ([]byte, error) {
		return hkdf.Key(sha256.New, secret, nil, "magpie "+purpose+" v1", 32)
	}
	sealing, err1 := subkey("seal")
	nonce, err2 := subkey("nonce")
	derive, err3 := subkey("derive")
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealing)
	if err != nil {
		return nil, err
	}
	box, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Keys{box: box, nonce: nonce, derive: derive}, nil
}

// Seal encrypts plain with AES-256-GCM so that only Open with the same purpose
// and id reads it. The nonce is an HMAC of all three: sealing the same again
// gives the same text, and no nonce serves two different texts.
func (k *Keys) Seal(purpose, id, plain string) string {
	nonce := mac(k.nonce, purpose, id, plain)[:k.box.NonceSize()]
	sealed := k.box.Seal(nonce, nonce, []byte(plain), joined(purpose, id))
	return sealVersion + base64.RawURLEncoding.EncodeToString(sealed)
}

// Open reads what Seal gave. Text that was altered, that belongs to another
// purpose or id, or that another key file sealed is an error.
func (k *Keys) Open(purpose, id, sealed string) (string, error) {
	wrong := fmt.Errorf("open the sealed %s of %s: it was altered, or sealed under another key file", purpose, id)
	text, ok := strings.CutPrefix(sealed, sealVersion)
	if !ok || strings.ContainsAny(text, "\r\n") { // which Go's decoder passes over
		return "", wrong
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < k.box.NonceSize() {
		return "", wrong
	}
	n := k.box.NonceSize()
	plain, err := k.box.Open(nil, b[:n], b[n:], joined(purpose, id))
	if err != nil {
		return "", wrong
	}
	return string(plain), nil
}

// Derive gives 32 bytes (HMAC-SHA256) that are always the same for a purpose
// and id under one key file, and tell nothing about those of any other.
func (k *Keys) Derive(purpose, id string) []byte { return mac(k.derive, purpose, id) }

func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(joined(parts...))
	return h.Sum(nil)
}

// joined puts parts together with their lengths, so that no other parts give
// the same bytes.
func joined(parts ...string) []byte {
	var b []byte
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	return b
}

func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is not a file")
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("others than its owner may use it (mode %04o): chmod 600 makes it private; if they may have read it, use a new one", mode)
	}
	b, err := io.ReadAll(io.LimitReader(f, keyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) != keyBytes {
		return nil, fmt.Errorf("it has %d bytes and not %d; it must be random bytes and nothing else, such as head -c %d /dev/urandom gives", info.Size(), keyBytes, keyBytes)
	}
	return b, nil
}

// makeKey links a finished file into place: nobody ever reads half of one, and
// one that is there already stays.
func makeKey(path string, random io.Reader) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".key-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = io.CopyN(f, random, keyBytes)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
