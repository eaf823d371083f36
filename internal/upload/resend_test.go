package upload

import (
	"crypto/rand"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"magpie/internal/blob"
	"magpie/internal/blob/blobtest"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// A client that misses the answers to a segment may send it as often as it
// likes, also after finalize: it is told that it is there, and nothing is kept
// twice. After finalize any other segment is refused.
func TestSendAgain(t *testing.T) {
	rows, err := catalog.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "magpie.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rows.Close() })
	store := blob.New(blobtest.NewMemory(nil))
	s := New(Config{}, rows, store, time.Now, rand.Reader, slog.New(slog.DiscardHandler))

	const content = "WEBVTT\n\n00:00.000 --> 00:01.000\nhello\n"
	session, err := s.Initialize(t.Context(), Request{Owner: "1", TotalBytes: int64(len(content))})
	if err != nil {
		t.Fatal(err)
	}
	send := func(index int, text string) error {
		g, err := s.Append(t.Context(), "1", session.ID, 0)
		if err != nil {
			return err
		}
		defer g.Abort()
		if _, err := io.WriteString(g, text); err != nil {
			return err
		}
		_, err = g.Commit(t.Context(), index)
		return err
	}
	for range 5 { // as often as answers get lost
		if err := send(0, content); err != nil {
			t.Fatal(err)
		}
	}
	m, err := s.Finalize(t.Context(), "1", session.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if err := send(0, content); err != nil {
			t.Fatalf("sent again: %v", err)
		}
	}
	for index, text := range map[int]string{0: "WEBVTT\n", 1: content} {
		if err := send(index, text); media.CodeOf(err) != media.CodeInvalid {
			t.Errorf("another segment %d: %v", index, err)
		}
	}
	kept := 0
	for info, err := range store.List(t.Context(), segmentPrefix(session.ID)) {
		if err != nil {
			t.Fatal(err)
		}
		kept++
		if info.Size != m.Size() {
			t.Errorf("%s has %d bytes", info.Key, info.Size)
		}
	}
	if kept != 1 {
		t.Errorf("%d blobs are kept, one is wanted", kept)
	}
}
