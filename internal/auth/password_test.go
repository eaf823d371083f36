package auth

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"magpie/internal/media"
)

func TestPasswordHash(t *testing.T) {
	p := newPasswords(chacha(1))
	// "é" composed and in two pieces is one password.
	for password, same := range map[string]string{"correct horse": "correct horse", "caf\u00e9 au lait": "cafe\u0301 au lait"} {
		h, err := p.hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(h, password) {
			t.Errorf("hash is %q", h)
		}
		if again, err := p.hash(t.Context(), password); err != nil || again == h {
			t.Errorf("the same salt twice, or %v", err)
		}
		for try, want := range map[string]bool{same: true, password + " ": false, strings.ToUpper(password): false, "": false} {
			if ok, err := p.verify(t.Context(), try, h); err != nil || ok != want {
				t.Errorf("%q: %v, %v", try, ok, err)
			}
		}
	}
	if ok, err := p.verify(t.Context(), "", nobodysHash); ok || err != nil {
		t.Errorf("nobody's hash: %v, %v", ok, err)
	}
	h, err := parsePHC(nobodysHash)
	if err != nil || h.memory != argonMemory || h.time != argonTime || h.threads != argonThreads || len(h.salt) != argonSalt || len(h.key) != argonKey {
		t.Errorf("nobody's hash doesn't cost what others do: %+v, %v", h, err)
	}
}

func TestParsePHCRefuses(t *testing.T) {
	good, err := newPasswords(chacha(1)).hash(t.Context(), "a password")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		"", "plain", "$", "$2b$10$abcdefghijklmnopqrstuv", strings.Replace(good, "argon2id", "argon2i", 1), strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=19456", "m=99999999", 1), strings.Replace(good, "t=2", "t=0", 1), strings.Replace(good, "t=2", "t=1000", 1),
		strings.Replace(good, "p=1", "p=0", 1), strings.Replace(good, "m=19456", "m=-1", 1), good + "$x", good[:len(good)-30], good + "=",
	} {
		if h, err := parsePHC(s); err == nil {
			t.Errorf("%q is %+v", s, h)
		}
		if ok, err := newPasswords(chacha(1)).verify(t.Context(), "", s); ok || err == nil {
			t.Errorf("%q: %v, %v", s, ok, err)
		}
	}
	if back, err := parsePHC(good); err != nil || back.String() != good {
		t.Errorf("%q came back as %q, %v", good, back, err)
	}
}

func TestPasswordsInLine(t *testing.T) {
	p := newPasswords(chacha(1))
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.hash(ctx, "a password"); !errors.Is(err, context.Canceled) {
		t.Errorf("behind others, and gone: %v", err)
	}
	for range cap(p.line) {
		p.line <- struct{}{}
	}
	var e *media.Error
	if _, err := p.verify(t.Context(), "a password", nobodysHash); !errors.As(err, &e) || e.Code != media.CodeBusy || e.RetryAfter <= 0 {
		t.Errorf("behind a full line: %v", err)
	}
}

func TestPasswordWithoutRandomness(t *testing.T) {
	if h, err := newPasswords(iotest.ErrReader(errors.New("no entropy"))).hash(t.Context(), "a password"); err == nil || h != "" {
		t.Errorf("%q, %v", h, err)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, words := range map[string]string{
		"12345678": "", "öööööööö": "", strings.Repeat("x", 1024): "",
		"": "fewer than 8", "1234567": "fewer than 8", "ööööööö": "fewer than 8", strings.Repeat("x", 1025): "more than 1024", "12345678\xff": "UTF-8",
	} {
		var e *media.Error
		err := checkPassword(password)
		if words == "" && err != nil || words != "" && (!errors.As(err, &e) || e.Field != "password" || !strings.Contains(e.Detail, words)) {
			t.Errorf("%.12q: %v, want %q", password, err, words)
		}
	}
}
