package policy_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"magpie/internal/media"
	"magpie/internal/policy"
)

func key(id string, b byte) policy.Key {
	return policy.Key{ID: id, Secret: bytes.Repeat([]byte{b}, 32)}
}

// wantForbidden checks for a refusal in words that a client may read.
func wantForbidden(t interface {
	Helper()
	Errorf(string, ...any)
}, what string, err error,
) {
	t.Helper()
	if media.CodeOf(err) != media.CodeForbidden || len(err.Error()) < 20 {
		t.Errorf("%s: got %v, want a refusal in words", what, err)
	}
}

func TestSealIsAsItIsWritten(t *testing.T) {
	got := policy.NewKeyring(key("k1", 7)).Seal("ticket", []byte("payload"))
	const want = "v1.k1.cGF5bG9hZA.uCSp__4ySCYFQhVN06ok71EC11f0h0Inm2fs-K20F0w"
	if got != want {
		t.Errorf("got %s, want %s: tokens that are out would not open any more", got, want)
	}
}

func TestKeyring(t *testing.T) {
	old, young := key("old", 1), key("young", 2)
	before, during, after := policy.NewKeyring(old), policy.NewKeyring(young, old), policy.NewKeyring(young)
	first := before.Seal("ticket", []byte("x"))
	second := during.Seal("ticket", []byte("x"))
	if !strings.HasPrefix(second, "v1.young.") {
		t.Errorf("signed by another than the first key: %s", second)
	}
	for _, k := range []policy.Keyring{before, during} {
		if got, err := k.Open("ticket", first); err != nil || string(got) != "x" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	_, err := after.Open("ticket", first)
	wantForbidden(t, "a retired key", err)
	_, err = policy.NewKeyring(key("old", 2)).Open("ticket", first)
	wantForbidden(t, "another key of the same name", err)
	_, err = before.Open("playback", first)
	wantForbidden(t, "another purpose", err)
	renamed := strings.Replace(first, ".old.", ".also.", 1)
	_, err = policy.NewKeyring(key("also", 1)).Open("ticket", renamed)
	wantForbidden(t, "the same secret by another name", err)
	_, err = policy.Keyring{}.Open("ticket", first)
	wantForbidden(t, "no keys", err)
	if got := (policy.Keyring{}).Seal("ticket", nil); got != "" || !(policy.Keyring{}).Empty() || before.Empty() {
		t.Errorf("without keys: %q", got)
	}
	twice := policy.NewKeyring(young, key("young", 9))
	if got := twice.Seal("ticket", []byte("x")); got != second {
		t.Errorf("of two keys with one id not the first signed: %s", got)
	}
}

func TestKeyringKeepsItsOwnCopy(t *testing.T) {
	k := key("k1", 7)
	ring := policy.NewKeyring(k)
	want := ring.Seal("ticket", []byte("x"))
	k.Secret[0] ^= 1
	if got := ring.Seal("ticket", []byte("x")); got != want {
		t.Error("the ring changed with the caller's bytes")
	}
}

func TestNoOtherTextOpens(t *testing.T) {
	ring := policy.NewKeyring(key("k1", 7))
	token := ring.Seal("ticket", []byte("some payload"))
	for i := range token {
		for b := range 256 {
			if byte(b) == token[i] {
				continue
			}
			changed := token[:i] + string([]byte{byte(b)}) + token[i+1:]
			if got, err := ring.Open("ticket", changed); err == nil {
				t.Fatalf("byte %d as %q opens to %q", i, byte(b), got)
			}
		}
		if _, err := ring.Open("ticket", token[:i]); err == nil {
			t.Fatalf("the first %d bytes open", i)
		}
		if _, err := ring.Open("ticket", token[:i]+token[i+1:]); err == nil {
			t.Fatalf("opens without byte %d", i)
		}
		if _, err := ring.Open("ticket", token[:i]+"\n"+token[i:]); err == nil {
			t.Fatalf("opens with a line end at %d", i)
		}
	}
	for _, more := range []string{"=", "A", ".", ".x", " ", "\x00"} {
		if _, err := ring.Open("ticket", token+more); err == nil {
			t.Errorf("opens with %q at the end", more)
		}
	}
	long := ring.Seal("ticket", make([]byte, 4096))
	_, err := ring.Open("ticket", long)
	wantForbidden(t, "a long one", err)
}

func TestSealAndOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 32, 32)
		ring := policy.NewKeyring(
			policy.Key{ID: "a", Secret: secret.Draw(t, "a")},
			policy.Key{ID: "b", Secret: secret.Draw(t, "b")})
		purpose, payload := rapid.String().Draw(t, "purpose"), rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "payload")
		got, err := ring.Open(purpose, ring.Seal(purpose, payload))
		if err != nil || !bytes.Equal(got, payload) {
			t.Fatalf("got %x, %v", got, err)
		}
		other := rapid.String().Draw(t, "other")
		if _, err := ring.Open(other, ring.Seal(purpose, payload)); (err == nil) != (other == purpose) {
			t.Fatalf("sealed for %q and opened for %q: %v", purpose, other, err)
		}
	})
}

// FuzzOpen looks for text that opens though nobody signed it, and for payloads
// that a ticket reader stumbles over.
func FuzzOpen(f *testing.F) {
	ring := policy.NewKeyring(key("k1", 7))
	f.Add("", []byte{})
	f.Add(ring.SignTicket(fullTicket()), []byte{1, 31})
	f.Add("v1.k1.AAAA.AAAA", []byte{1, 0, 0, 0, 1, '1', 0})
	f.Add("v1.k1..", []byte{1, 16, 0, 0, 1, '1', 0, 200, 4, 1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, token string, payload []byte) {
		if got, err := ring.Open("fuzz", token); err == nil {
			t.Errorf("%q opens to %x", token, got)
		}
		sealed := ring.Seal("ticket", payload)
		ticket, err := ring.ReadTicket(sealed, epoch)
		if err == nil && ring.SignTicket(ticket) != sealed {
			t.Errorf("%s is read as %+v, which is written otherwise", base64.RawURLEncoding.EncodeToString(payload), ticket)
		}
	})
}
