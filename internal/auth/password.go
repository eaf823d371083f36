package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"magpie/internal/media"
)

// The bounds of a password. The upper one keeps requests small.
const (
	MinPassword = 8    // characters
	MaxPassword = 1024 // bytes
)

// What a new hash costs: OWASP's smaller choice for Argon2id, some 40 ms.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16
)

// nobodysHash is checked where there is no account, so that asking for one
// takes as long as for another. No password has it.
const nobodysHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// passwords hashes and checks passwords, a few at once, so that many sign-ins
// take time from each other and not the server's memory.
type passwords struct {
	random io.Reader
	slots  chan struct{}
	line   chan struct{}
}

func newPasswords(random io.Reader) *passwords {
	return &passwords{random: random, slots: make(chan struct{}, 2), line: make(chan struct{}, 32)}
}

// checkPassword refuses a password that nobody should have.
func checkPassword(password string) error {
	switch {
	case !utf8.ValidString(password):
		return media.Invalid("password", "is not UTF-8")
	case utf8.RuneCountInString(password) < MinPassword:
		return media.Invalid("password", "has fewer than %d characters", MinPassword)
	case len(password) > MaxPassword:
		return media.Invalid("password", "has more than %d bytes", MaxPassword)
	}
	return nil
}

// hash gives the PHC string of a password, with a salt of its own.
func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSalt)
	if _, err := io.ReadFull(p.random, salt); err != nil {
		return "", fmt.Errorf("make a salt: %w", err)
	}
	h := phc{memory: argonMemory, time: argonTime, threads: argonThreads, salt: salt, key: make([]byte, argonKey)}
	key, err := p.derive(ctx, password, h)
	if err != nil {
		return "", err
	}
	h.key = key
	return h.String(), nil
}

// verify says whether a password has the hash. An error says nothing about it.
func (p *passwords) verify(ctx context.Context, password, hash string) (bool, error) {
	h, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	key, err := p.derive(ctx, password, h)
	return err == nil && subtle.ConstantTimeCompare(key, h.key) == 1, err
}

func (p *passwords) derive(ctx context.Context, password string, h phc) ([]byte, error) {
	select {
	case p.line <- struct{}{}:
		defer func() { <-p.line }()
	default:
		return nil, media.Busy(2*time.Second, "Too many people are signing in just now; try again.")
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// Keyboards differ in how they compose what looks the same.
	return argon2.IDKey([]byte(norm.NFC.String(password)), h.salt, h.time, h.memory, h.threads, uint32(len(h.key))), nil
}

// phc is an Argon2id hash and what it was made with.
type phc struct {
	memory, time uint32
	threads      uint8
	salt, key    []byte
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.time, h.threads, b64(h.salt), b64(h.key))
}

var errPHC = errors.New("a stored password hash is not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash")

// parsePHC reads what String writes. What would cost more than a gigabyte or a
// hundred rounds is refused.
func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var h phc
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.threads); err != nil {
		return phc{}, errPHC
	}
	var err1, err2 error
	h.salt, err1 = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	h.key, err2 = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(h.salt) < 8 || len(h.key) < 16 || len(h.key) > 64 ||
		h.memory > 1<<20 || h.time < 1 || h.time > 100 || h.threads < 1 {
		return phc{}, errPHC
	}
	return h, nil
}
