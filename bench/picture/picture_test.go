package picture

import (
	"bytes"
	"testing"
)

// What is measured twice must be measured over the same picture, and one that
// is nearly flat would say nothing.
func TestPictureIsTheSameAndFullOfDetail(t *testing.T) {
	a, b := Landscape(160, 120, 1), Landscape(160, 120, 1)
	if !bytes.Equal(a.Pix, b.Pix) {
		t.Error("the same arguments give another picture")
	}
	if bytes.Equal(a.Pix, Landscape(160, 120, 2).Pix) {
		t.Error("another seed gives the same picture")
	}
	seen := map[byte]int{}
	for i := 1; i < len(a.Pix); i += 4 {
		seen[a.Pix[i]]++
	}
	if len(seen) < 100 {
		t.Errorf("there are %d levels of green", len(seen))
	}
}
