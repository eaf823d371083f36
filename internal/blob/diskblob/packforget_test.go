package diskblob

import (
	"fmt"
	"testing"
)

// TestPacksForgotten: more folders than stay open, or are remembered, are all found,
// and memory and open files stay within their bounds.
func TestPacksForgotten(t *testing.T) {
	root := t.TempDir()
	d := open(t, root, packing)
	const n = packsOpen + 20
	for i := range n {
		put(t, d, fmt.Sprintf("segments/%d/a", i<<stretchBits), fmt.Sprint(i))
	}
	if d.packs.open != packsOpen {
		t.Errorf("%d packs are open, want %d", d.packs.open, packsOpen)
	}
	put(t, d, "segments/0/b", "more") // whose pack was closed
	for i := range n {
		key := fmt.Sprintf("segments/%d/a", i<<stretchBits)
		if got := read(t, d, key); string(got) != fmt.Sprint(i) {
			t.Errorf("%s holds %q", key, got)
		}
	}
	if d.packs.records != n+1 {
		t.Errorf("%d blobs are remembered, want %d", d.packs.records, n+1)
	}
	d.packs.mu.Lock()
	d.packs.records += packRecords // of some that are in use
	d.packs.mu.Unlock()
	put(t, d, fmt.Sprintf("segments/%d/b", 7<<stretchBits), "")
	if len(d.packs.folders) != packsStay || d.packs.open != packsStay {
		t.Errorf("%d folders are remembered and %d packs open, want %d", len(d.packs.folders), d.packs.open, packsStay)
	}
	for i, want := range map[int]bool{0: false, 7: true, n - packsStay: false, n - packsStay + 1: true, n - 1: true} {
		if _, ok := d.packs.known(fmt.Sprintf("segments/%d/a", i<<stretchBits), false); ok != want {
			t.Errorf("shelf %d: remembered is %v", i, ok)
		}
	}
	if got := len(keys(t, d, "")); got != n+2 {
		t.Errorf("%d blobs are listed, want %d", got, n+2)
	}
	// Packs that were closed are not looked through again.
	for _, path := range packsIn(t, root+"/_packs/*/*") {
		wantMode(t, path, sealedPerm)
	}
}
