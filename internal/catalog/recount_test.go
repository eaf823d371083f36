package catalog

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"magpie/internal/media"
)

// A catalogue from before anything was counted is counted when it is opened,
// once, and its library is searched like any other.
func TestCountsWhatWasThereBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "magpie.db")
	c, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, now := t.Context(), time.UnixMilli(1500)
	owner := testSession(1).Owner
	for id := media.ID(1); id <= 3; id++ {
		s := testSession(id)
		s.TotalBytes = 10
		if err := c.CreateSession(ctx, s); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := c.BeginClosing(ctx, 1, "a", now, now); err != nil {
		t.Fatal(err)
	}
	m := media.Media{ID: 1, Owner: owner, Slug: "s", State: media.Pending, Manifest: media.Manifest{{Key: "segments/1/a", Size: 10}}}
	if ok, err := c.CloseSession(ctx, "a", m, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := c.MergeMetadata(ctx, 1, map[string]string{"alt_text": `{"text":"A Cat"}`}, nil, Actor{}, now); err != nil {
		t.Fatal(err)
	}
	want, err := c.Storage(ctx, owner)
	if err != nil || want != (Storage{Originals: 10, Media: 1, Uploads: 20, Quota: ServersQuota}) {
		t.Fatalf("%+v %v", want, err)
	}
	for _, sql := range []string{
		"DELETE FROM kept", "DELETE FROM storage", "DELETE FROM search", "UPDATE session SET reserved = 0",
		"INSERT INTO storage VALUES ('', 0, 0, 0, 0, -1)",
	} {
		if _, err := c.writer.ExecContext(ctx, sql); err != nil {
			t.Fatal(sql, err)
		}
	}
	if faults, err := c.CheckStorage(ctx); err != nil || len(faults) == 0 {
		t.Errorf("nothing wrong is found: %q %v", faults, err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if c, err = OpenSQLite(ctx, path); err != nil {
			t.Fatal(err)
		}
		faults, err := c.CheckStorage(ctx)
		got, err2 := c.Storage(ctx, owner)
		if err != nil || err2 != nil || len(faults) > 0 || got != want {
			t.Errorf("%q %+v %v %v", faults, got, err, err2)
		}
		page, _, err := c.Library(ctx, LibraryQuery{Owner: owner, Limit: 5, Text: "CAT"})
		if err != nil || !slices.ContainsFunc(page, func(m media.Media) bool { return m.ID == 1 }) {
			t.Errorf("%v %v", page, err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}
