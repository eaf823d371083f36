package auth

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func chacha(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

func TestOpenKeysMakesAPrivateFileOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	k, err := OpenKeys(path, chacha(1))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 || info.Size() != 32 {
		t.Fatalf("%v, %v", info, err)
	}
	again, err := OpenKeys(path, iotest.ErrReader(errors.New("not asked for")))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Derive("a", "b"), again.Derive("a", "b")) {
		t.Error("the same file gives other keys")
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOpenKeysAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	var derived [16][]byte
	var all sync.WaitGroup
	for i := range derived {
		all.Go(func() {
			k, err := OpenKeys(path, chacha(byte(i)))
			if err != nil {
				t.Error(err)
				return
			}
			derived[i] = k.Derive("a", "b")
		})
	}
	all.Wait()
	for i, d := range derived {
		if !bytes.Equal(d, derived[0]) {
			t.Errorf("number %d has keys of its own", i)
		}
	}
}

func TestOpenKeysRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		bytes int
		mode  os.FileMode
		words string
	}{
		"readable by the group": {32, 0o640, "mode 0640"},
		"readable by all":       {32, 0o604, "chmod 600"},
		"writable by all":       {32, 0o602, "mode 0602"},
		"empty":                 {0, 0o600, "it has 0 bytes and not 32"},
		"too short":             {31, 0o600, "it has 31 bytes"},
		"too long":              {65, 0o600, "it has 65 bytes"},
	} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, bytes.Repeat([]byte("k"), c.bytes), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if k, err := OpenKeys(path, chacha(1)); err == nil || k != nil || !strings.Contains(err.Error(), c.words) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if b, _ := os.ReadFile(path); len(b) != c.bytes {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := OpenKeys(t.TempDir(), chacha(1)); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := OpenKeys(filepath.Join(t.TempDir(), "none", "key"), chacha(1)); err == nil {
		t.Error("no folder, and keys all the same")
	}
}

func TestOpenKeysWithoutRandomness(t *testing.T) {
	folder := t.TempDir()
	short := io.MultiReader(io.LimitReader(chacha(1), 31), iotest.ErrReader(errors.New("no entropy")))
	if k, err := OpenKeys(filepath.Join(folder, "key"), short); err == nil || k != nil || !strings.Contains(err.Error(), "no entropy") {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestSealOpens(t *testing.T) {
	k := testKeys(t, 1)
	for _, plain := range []string{"", "s", strings.Repeat("a secret ", 1000), "\x00\xff"} {
		sealed := k.Seal("api_secret", "id", plain)
		if plain != "" && strings.Contains(sealed, plain) || !strings.HasPrefix(sealed, "v1.") || strings.Trim(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%.40q is sealed as %.80q", plain, sealed)
		}
		if got, err := k.Open("api_secret", "id", sealed); err != nil || got != plain {
			t.Errorf("%.40q came back as %.40q, %v", plain, got, err)
		}
	}
	if k.Seal("p", "i", "a") == k.Seal("p", "i", "b") || k.Seal("p", "i", "a")[:19] == k.Seal("p", "i", "b")[:19] {
		t.Error("two texts share a nonce")
	}
}

func TestOpenRefuses(t *testing.T) {
	k := testKeys(t, 1)
	sealed := k.Seal("secret", "id", "plain text")
	for name, try := range map[string]func() (string, error){
		"another purpose":    func() (string, error) { return k.Open("secre", "id", sealed) },
		"another id":         func() (string, error) { return k.Open("secret", "id2", sealed) },
		"a shifted border":   func() (string, error) { return k.Open("secreti", "d", sealed) },
		"another key file":   func() (string, error) { return testKeys(t, 2).Open("secret", "id", sealed) },
		"another version":    func() (string, error) { return k.Open("secret", "id", "v2."+sealed[3:]) },
		"nothing":            func() (string, error) { return k.Open("secret", "id", "") },
		"only a version":     func() (string, error) { return k.Open("secret", "id", "v1.") },
		"the plain text":     func() (string, error) { return k.Open("secret", "id", "plain text") },
		"a piece cut off":    func() (string, error) { return k.Open("secret", "id", sealed[:len(sealed)-4]) },
		"something after":    func() (string, error) { return k.Open("secret", "id", sealed+"AAAA") },
		"a line break in it": func() (string, error) { return k.Open("secret", "id", sealed[:9]+"\n"+sealed[9:]) },
	} {
		if plain, err := try(); err == nil || plain != "" || strings.Contains(err.Error(), "plain text") {
			t.Errorf("%s: %q, %v", name, plain, err)
		}
	}
	for i := len(sealVersion); i < len(sealed); i++ {
		b := []byte(sealed)
		b[i] = map[bool]byte{true: 'B', false: 'A'}[b[i] == 'A']
		if plain, err := k.Open("secret", "id", string(b)); err == nil {
			t.Fatalf("altered at %d it gives %q", i, plain)
		}
	}
}

func TestDerive(t *testing.T) {
	k := testKeys(t, 1)
	seen := map[string]bool{}
	for _, p := range [][2]string{{"a", "b"}, {"ab", ""}, {"", "ab"}, {"b", "a"}, {"", ""}} {
		d := k.Derive(p[0], p[1])
		if len(d) != 32 || seen[string(d)] || !bytes.Equal(d, k.Derive(p[0], p[1])) {
			t.Errorf("%q: %x", p, d)
		}
		seen[string(d)] = true
	}
	if bytes.Equal(k.Derive("a", "b"), testKeys(t, 2).Derive("a", "b")) {
		t.Error("another key file derives the same")
	}
}

// testKeys are keys of a file made from seed.
func testKeys(t *testing.T, seed byte) *Keys {
	t.Helper()
	k, err := OpenKeys(filepath.Join(t.TempDir(), "key"), chacha(seed))
	if err != nil {
		t.Fatal(err)
	}
	return k
}
