package main

import (
	"bytes"
	"image/png"
	"testing"
)

func TestSmallPNGs(t *testing.T) {
	files, err := smallPNGs(newPayload())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		img, err := png.Decode(bytes.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != 145 || b.Dy() != 149 {
			t.Errorf("%v", b)
		}
		if len(f) < 60<<10 || len(f) > 68<<10 || !bytes.Contains(f, []byte("taken nowhere")) {
			t.Errorf("%d bytes", len(f))
		}
		seen[string(f)] = true
	}
	if len(seen) != len(files) {
		t.Errorf("%d of %d differ", len(seen), len(files))
	}
}
