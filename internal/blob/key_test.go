package blob_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"magpie/internal/blob"
)

var keys = map[string]bool{
	"a":                      true,
	"segments/1/a":           true,
	"renditions/1/1/v.mp4":   true,
	"0._-/z._-":              true,
	"a../b..":                true,
	strings.Repeat("a", 200): true,

	"":                       false,
	strings.Repeat("a", 201): false,
	"/":                      false,
	"/a":                     false,
	"a/":                     false,
	"a//b":                   false,
	".":                      false,
	"..":                     false,
	"../a":                   false,
	"a/../b":                 false,
	"a/./b":                  false,
	"a/.b":                   false,
	"a/-b":                   false,
	"a/_b":                   false,
	"A":                      false,
	"a b":                    false,
	"a\x00":                  false,
	"a\n":                    false,
	"a\\b":                   false,
	"é":                      false,
	"a/\xff":                 false,
}

func TestCheckKey(t *testing.T) {
	for key, ok := range keys {
		if err := blob.CheckKey(key); (err == nil) != ok {
			t.Errorf("CheckKey(%q): %v, want ok %v", key, err, ok)
		}
	}
}

func TestCheckPrefix(t *testing.T) {
	for prefix, ok := range map[string]bool{
		"": true, "a/": true, "segments/1/": true,
		"a": false, "/": false, "a//": false, "../": false, "A/": false,
		strings.Repeat("a", 201) + "/": false, strings.Repeat("a", 1000): false,
	} {
		if err := blob.CheckPrefix(prefix); (err == nil) != ok {
			t.Errorf("CheckPrefix(%.20q): %v, want ok %v", prefix, err, ok)
		}
	}
}

func FuzzCheckKey(f *testing.F) {
	for key := range keys {
		f.Add(key)
	}
	whole := regexp.MustCompile(`\A[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*\z`)
	f.Fuzz(func(t *testing.T, key string) {
		want := len(key) <= blob.MaxKeyLength && whole.MatchString(key)
		err := blob.CheckKey(key)
		if (err == nil) != want {
			t.Fatalf("CheckKey(%q): %v, want ok %v", key, err, want)
		}
		if want && (!filepath.IsLocal(key) || filepath.Clean(key) != key) {
			t.Fatalf("%q is allowed and is no plain local path", key)
		}
		if err != nil && len(err.Error()) > 2000 {
			t.Fatalf("the error has %d bytes", len(err.Error()))
		}
		if (blob.CheckPrefix(key+"/") == nil) != want {
			t.Fatalf("%q as a prefix is not as it is as a key", key)
		}
	})
}
