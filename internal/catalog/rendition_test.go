package catalog

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// TestOtherAttempts puts down rows of attempts that no method leaves today,
// before and after the published one: neither is shown, and only those before
// it leave their blobs to the sweeper.
func TestOtherAttempts(t *testing.T) {
	c := openTest(t)
	ctx := t.Context()
	now := time.UnixMilli(1500)
	made := func(key string) media.Rendition {
		return media.Rendition{Role: media.RoleMP4, Name: "a.mp4", Blob: media.Blob{Key: key}}
	}
	if err := c.CreateSession(ctx, testSession(1)); err != nil {
		t.Fatal(err)
	}
	if _, took, err := c.BeginClosing(ctx, 1, "a", now, now); err != nil || !took {
		t.Fatal(took, err)
	}
	m := media.Media{ID: 1, Slug: "slug", State: media.Pending, Attempt: 1}
	if ok, err := c.CloseSession(ctx, "a", m, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, ok, err := c.Claim(ctx, 1, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if ok, err := c.Publish(ctx, 1, 2, media.Outcome{Renditions: []media.Rendition{made("second")}}, now); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for attempt, key := range map[int]string{1: "first", 3: "third"} {
		_, err := c.writer.ExecContext(ctx, `INSERT INTO rendition
			SELECT media_id, ?1, name, position, role, content_type, bit_rate, width, height, ?2, blob_size, blob_crc
			FROM rendition WHERE attempt = 2`, attempt, key)
		if err != nil {
			t.Fatal(err)
		}
	}

	shown, err := c.Renditions(ctx, []media.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[media.ID][]media.Rendition{1: {made("second")}}, shown); diff != "" {
		t.Errorf("Renditions (-want +got):\n%s", diff)
	}
	_, r, err := c.RenditionBySlug(ctx, "slug", "a.mp4")
	if err != nil || r != made("second") {
		t.Errorf("RenditionBySlug: %v, %v", r, err)
	}
	states, err := c.Sweepable(ctx, []media.ID{1})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(slices.Sorted(maps.Keys(states[1].Named)), " "); got != "second third" {
		t.Errorf("Sweepable names %s", got)
	}
	err = c.EachMedia(ctx, func(_ media.Media, all []media.Rendition) error {
		want := []media.Rendition{made("first"), made("second"), made("third")}
		if diff := cmp.Diff(want, all); diff != "" {
			t.Errorf("EachMedia (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
