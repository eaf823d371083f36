package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// An upload declares up to 16 GiB, and no more than twice of it is held. The
// sums are the same with small numbers; TestFourGiB has large ones.
func TestLimitsOfTheContract(t *testing.T) {
	t.Parallel()
	c := start(t, "--max-segment", "64KiB").client()
	piece := anyBytes(6, 64<<10)
	id := c.initialize(anyBytesType, "", 17_179_869_184)
	c.append(id, 0, piece).data()
	c.append(id, 0, append(piece, 'x')).refused(http.StatusRequestEntityTooLarge, "65536")
	c.append(id, 999, piece).data()
	c.finalize(id).refused(http.StatusBadRequest, "segments 1-998 are missing", "131072 bytes", "17179869184")
	undeclared := c.initialize(anyBytesType, "", -1)
	c.append(undeclared, 0, piece).data()
	if d := c.finalize(undeclared).data(); d["size"] != 65536.0 {
		t.Errorf("without total_bytes: %v", d)
	}
}

// A length is only announced: it is neither room that is missing nor memory
// that is taken.
func TestAnnouncedLengthBeyondEverything(t *testing.T) {
	t.Parallel()
	c := start(t, "--max-segment", "64KiB").client()
	id := c.initialize(anyBytesType, "", -1)
	for _, path := range []string{"/2/media/upload/" + id + "/append", "/2/media/upload"} {
		w := c.dial()
		w.send(c.head(path, "Content-Type: "+formKind, "Content-Length: 1000000000000000", "Expect: 100-continue"))
		w.answer().refused(http.StatusRequestEntityTooLarge, "65536")
	}
	c.append(id, 0, anyBytes(1, 100)).data()
	c.finalize(id).data()
}

// zeros is a sparse file of many bytes that begins with a small picture.
func zeros(t *testing.T, size int64) *os.File {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "sparse")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if _, err := f.Write(sampleJPEG()); err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFourGiB sends a file whose size passes 32 bits, in six large segments. By
// default it is 1/64 of that.
func TestFourGiB(t *testing.T) {
	size := int64(4<<30 + 12345)
	if !soak() {
		size /= 64
	}
	c := start(t, "--max-segment", "1GiB").client()
	f := zeros(t, size)
	whole := sha256.New()
	if _, err := io.Copy(whole, io.NewSectionReader(f, 0, size)); err != nil {
		t.Fatal(err)
	}
	id := c.call("POST", "/2/media/upload/initialize", map[string]any{"media_type": "image/jpeg", "total_bytes": size}).data()["id"].(string)
	step := size/5 - 3
	for i := int64(0); i*step < size; i++ {
		from, to := i*step, min(i*step+step, size)
		head, tail, _ := strings.Cut(formRow("segment_index", fmt.Sprint(i), "media", "|"), "|")
		body := io.MultiReader(strings.NewReader(head), io.NewSectionReader(f, from, to-from), strings.NewReader(tail))
		c.call("POST", "/2/media/upload/"+id+"/append", body, "Content-Type", formKind).data()
	}
	if d := c.finalize(id).data(); d["size"] != float64(size) {
		t.Errorf("size %v, want %d", d["size"], size)
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/magpie/v1/media/"+id+"/original", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got := sha256.New()
	if n, err := io.Copy(got, response.Body); err != nil || n != size {
		t.Errorf("%d bytes came back, want %d: %v", n, size, err)
	}
	if hex.EncodeToString(got.Sum(nil)) != hex.EncodeToString(whole.Sum(nil)) {
		t.Error("the original differs from what was sent")
	}
	last := c.original(id, "Range", fmt.Sprintf("bytes=%d-", size-100))
	if want := fmt.Sprintf("bytes %d-%d/%d", size-100, size-1, size); last.header.Get("Content-Range") != want || len(last.body) != 100 {
		t.Errorf("the last bytes: %q with %d bytes", last.header.Get("Content-Range"), len(last.body))
	}
}
