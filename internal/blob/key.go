package blob

import (
	"errors"
	"fmt"
	"strings"
)

// MaxKeyLength is the most bytes that a key may have.
const MaxKeyLength = 200

// CheckKey says what is wrong with a key, or nil for elements of
// [a-z0-9][a-z0-9._-]* joined by "/", at most MaxKeyLength bytes. No element
// can be "." or "..", so a key that passes is also a safe relative path.
//
// Keys are made by magpie, not by its clients: a bad one is a fault of ours.
func CheckKey(key string) error {
	if key == "" {
		return errors.New("the key is empty")
	}
	if len(key) > MaxKeyLength {
		return fmt.Errorf("the key has %d bytes, more than %d", len(key), MaxKeyLength)
	}
	for element := range strings.SplitSeq(key, "/") {
		if !isElement(element) {
			return fmt.Errorf("the key %q has the element %q, which is not [a-z0-9][a-z0-9._-]*", key, element)
		}
	}
	return nil
}

// CheckPrefix says what is wrong with a prefix to list: it must be "" or a key
// followed by "/".
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	folder, slash := strings.CutSuffix(prefix, "/")
	if !slash {
		return fmt.Errorf("the prefix %.200q does not end in /", prefix)
	}
	return CheckKey(folder)
}

func isElement(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			return false
		}
	}
	return s != ""
}
