package catalogtest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// piece is a blob of so many bytes.
func piece(name string, bytes int64) media.Blob {
	return media.Blob{Key: "segments/7/" + name, Size: bytes, CRC: 0xfedcba98}
}

// serial opens an upload whose bytes come one behind the other.
func serial(t testingT, c *catalog.Catalog, id media.ID, way media.Way, bytes int64, joins ...media.ID) error {
	t.Helper()
	s := session(id)
	s.Owner, s.Way, s.TotalBytes = ann, way, bytes
	return c.CreateTus(t.Context(), s, catalog.Tus{Metadata: "filename YQ==", Concat: fmt.Sprint(joins)}, joins, 0, s.CreatedAt)
}

func testPart(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	now := session(7).CreatedAt
	if err := serial(t, c, 7, media.Serial, media.Undeclared); err != nil {
		t.Fatal(err)
	}
	add := func(from catalog.End, want bool, blobs ...media.Blob) catalog.End {
		t.Helper()
		s, end, added, err := c.AddParts(t.Context(), 7, from, blobs, now)
		if err != nil || added != want || s.ID != 7 {
			t.Fatalf("adding %v at %v: %v, %v, %v", blobs, from, s.ID, added, err)
		}
		return end
	}
	wantEqual(t, add(catalog.End{}, true, piece("a", 10), piece("b", 5)), catalog.End{Bytes: 15, Parts: 2})
	wantEqual(t, add(catalog.End{}, false, piece("c", 3)), catalog.End{Bytes: 15, Parts: 2})
	wantEqual(t, add(catalog.End{Bytes: 16, Parts: 2}, false, piece("c", 3)), catalog.End{Bytes: 15, Parts: 2})
	wantEqual(t, add(catalog.End{Bytes: 15, Parts: 2}, true, piece("d", 1)), catalog.End{Bytes: 16, Parts: 3})
	parts, err := c.Parts(t.Context(), 7)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, parts, media.Manifest{piece("a", 10), piece("b", 5), piece("d", 1)})

	for _, want := range []bool{true, false} {
		if declared, err := c.DeclareTotal(t.Context(), 7, 20, 0); err != nil || declared != want {
			t.Fatalf("declared: %v, %v; want %v", declared, err, want)
		}
	}
	wantStorage(t, c, ann, catalog.Storage{Uploads: 20, Quota: catalog.ServersQuota})
	if s, err := c.Session(t.Context(), 7); err != nil || s.TotalBytes != 20 || s.Way != media.Serial {
		t.Fatalf("the session is %v, %v", s, err)
	}
	if said, err := c.Tus(t.Context(), 7); err != nil || said != (catalog.Tus{Metadata: "filename YQ==", Concat: "[]"}) {
		t.Fatalf("said: %v, %v", said, err)
	}

	now = session(7).ExpiresAt
	wantEqual(t, add(catalog.End{Bytes: 16, Parts: 3}, false, piece("e", 1)), catalog.End{Bytes: 16, Parts: 3})
	now = session(7).CreatedAt
	if _, err := c.AbortSession(t.Context(), 7, catalog.Actor{User: ann}, now); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, add(catalog.End{Bytes: 16, Parts: 3}, false, piece("e", 1)), catalog.End{Bytes: 16, Parts: 3})
	for range 2 {
		if err := c.ForgetParts(t.Context(), 7); err != nil {
			t.Fatal(err)
		}
	}
	if end, err := c.PartsEnd(t.Context(), 7); err != nil || end != (catalog.End{}) {
		t.Fatalf("it ends at %v, %v", end, err)
	}
	if _, _, _, err := c.AddParts(t.Context(), 8, catalog.End{}, nil, now); media.CodeOf(err) != media.CodeNotFound {
		t.Fatalf("parts of no upload: %v", err)
	}
	wantCounted(t, c)
}

// testPartRaces has many add at one end.
func testPartRaces(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	if err := serial(t, c, 7, media.Serial, 100); err != nil {
		t.Fatal(err)
	}
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, _, added, err := c.AddParts(t.Context(), 7, catalog.End{}, []media.Blob{piece(fmt.Sprint(i), 10)}, session(7).CreatedAt)
			if err != nil {
				t.Error(err)
			}
			if added {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	end, err := c.PartsEnd(t.Context(), 7)
	if err != nil || won.Load() != 1 || end != (catalog.End{Bytes: 10, Parts: 1}) {
		t.Fatalf("%d won, and it ends at %v, %v", won.Load(), end, err)
	}
}

func testJoin(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	c := open(t)
	for _, id := range []media.ID{3, 4} {
		if err := serial(t, c, id, media.Fragment, 10); err != nil {
			t.Fatal(err)
		}
	}
	if err := serial(t, c, 9, media.Serial, 20, 4, 3, 5); media.CodeOf(err) != media.CodeConflict {
		t.Fatalf("joining one that is not there: %v", err)
	}
	wantStorage(t, c, ann, catalog.Storage{Uploads: 20, Quota: catalog.ServersQuota})
	if err := serial(t, c, 3, media.Serial, 20); !errors.Is(err, catalog.ErrConflict) {
		t.Fatalf("an id that is taken: %v", err)
	}
	if err := serial(t, c, 9, media.Serial, 20, 4, 3); err != nil {
		t.Fatal(err)
	}
	wantStorage(t, c, ann, catalog.Storage{Uploads: 20, Quota: catalog.ServersQuota})
	for _, id := range []media.ID{3, 4} {
		s, err := c.Session(t.Context(), id)
		if err != nil || s.State != media.SessionExpired {
			t.Fatalf("the fragment is %v, %v", s, err)
		}
		if said, err := c.Tus(t.Context(), id); err != nil || said.Joined != 9 {
			t.Fatalf("it became a part of %v, %v", said, err)
		}
	}
	if err := serial(t, c, 10, media.Serial, 20, 4, 3); media.CodeOf(err) != media.CodeConflict {
		t.Fatalf("joined again: %v", err)
	}
	pruned, err := c.Prune(t.Context(), session(7).ExpiresAt.Add(time.Hour), 10)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, pruned, []media.ID{3, 4})
	if said, err := c.Tus(t.Context(), 3); err != nil || said != (catalog.Tus{}) {
		t.Fatalf("what was said of one that is gone: %v, %v", said, err)
	}
}
