package delivery

import (
	"testing"

	"magpie/internal/media"
)

// However many originals are asked for, the layouts in memory are so large at
// most, and the last are there.
func TestLayouts(t *testing.T) {
	for _, segments := range []int{1, 30, 1000} {
		var c layouts
		manifest := make(media.Manifest, segments)
		least := layoutsKept / (1 + segments) // originals
		for i := range 3 * least {
			id := media.ID(i + 1)
			c.put(id, layout{manifest: manifest, size: int64(i)})
			c.put(id, layout{})
			if l, ok := c.get(id); !ok || l.size != int64(i) {
				t.Fatalf("%d segments: %d is not kept: %+v", segments, id, l)
			}
			if kept := (len(c.new) + len(c.old)) * (1 + segments); kept > 2*(layoutsKept+segments) {
				t.Fatalf("%d segments: %d blobs and originals are kept", segments, kept)
			}
		}
		if _, ok := c.get(media.ID(2*least + 1)); !ok {
			t.Errorf("%d segments: one of the last %d is not kept", segments, least)
		}
		if _, ok := c.get(1); ok {
			t.Errorf("%d segments: the first is kept", segments)
		}
	}
}
