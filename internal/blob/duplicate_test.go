package blob_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
)

func TestDuplicate(t *testing.T) {
	s := blob.New(blobtest.NewMemory(time.Now))
	b, err := s.Put(t.Context(), "segments/1/a", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	twin, err := s.Duplicate(t.Context(), b, "segments/2/b")
	if err != nil || twin.Key != "segments/2/b" || twin.Size != b.Size || twin.CRC != b.CRC {
		t.Fatalf("%+v, %v", twin, err)
	}
	if err := s.Verify(t.Context(), twin); err != nil {
		t.Error(err)
	}
	b.CRC++
	if _, err := s.Duplicate(t.Context(), b, "segments/2/c"); err == nil {
		t.Error("bytes that are not what they should be were kept")
	}
	if _, err := s.Stat(t.Context(), "segments/2/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("they are there: %v", err)
	}
}
