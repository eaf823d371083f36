package catalog

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"magpie/internal/media"
)

// A magpie that keeps no history may run beside this one, or have run before.
func TestHistoryInferred(t *testing.T) {
	ctx, at := t.Context(), func(n int) time.Time { return time.Unix(int64(1000+n), 0).UTC() }
	broken := media.NewFailure(media.InvalidMedia, "It is broken.")
	ended := HistoryEntry{Kind: HistoryAttempt, Attempt: 1, EndedAt: at(30), Outcome: AttemptSucceeded, Inferred: true}
	gone := HistoryEntry{Kind: HistoryDeleted, At: at(40), Inferred: true}
	for _, c := range []struct {
		name   string
		forget string // what the other did not write
		do     func(*Catalog) error
		want   []HistoryEntry
	}{
		{"an attempt", "DELETE FROM history", func(c *Catalog) error {
			_, err := c.Publish(ctx, 1, 1, media.Outcome{}, at(30))
			return err
		}, []HistoryEntry{ended}},
		{"a failed attempt", "DELETE FROM history", func(c *Catalog) error {
			_, err := c.Publish(ctx, 1, 1, media.Outcome{Failure: broken}, at(30))
			return err
		}, []HistoryEntry{{Kind: HistoryAttempt, Attempt: 1, EndedAt: at(30), Outcome: AttemptFailed, Reason: broken, Inferred: true}}},
		{"an attempt and then a deletion", "DELETE FROM history", func(c *Catalog) error {
			if _, err := c.Publish(ctx, 1, 1, media.Outcome{}, at(30)); err != nil {
				return err
			}
			_, err := c.DeleteMedia(ctx, 1, at(40))
			return err
		}, []HistoryEntry{ended, gone}},
		{"an attempt before a deletion that is known", "DELETE FROM history WHERE kind = 'attempt'; UPDATE history SET serial = 1", func(c *Catalog) error {
			if _, err := c.Publish(ctx, 1, 1, media.Outcome{}, at(30)); err != nil {
				return err
			}
			_, err := c.DeleteMedia(ctx, 1, at(40))
			return err
		}, []HistoryEntry{ended, {Kind: HistoryDeleted, At: at(40)}}},
		{"a second deletion", "DELETE FROM history WHERE serial = 4", func(c *Catalog) error {
			if _, err := c.DeleteMedia(ctx, 1, at(31)); err != nil {
				return err
			}
			if _, err := c.RestoreMedia(ctx, 1, Actor{}, at(0), at(32)); err != nil {
				return err
			}
			_, err := c.DeleteMedia(ctx, 1, at(40))
			return err
		}, []HistoryEntry{
			{Kind: HistoryAttempt, Attempt: 1, At: at(20), EndedAt: at(31), Outcome: AttemptStopped},
			{Kind: HistoryDeleted, At: at(31)},
			{Kind: HistoryRestored, At: at(32)},
			gone,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			rows := openTest(t)
			s := testSession(1)
			s.ExpiresAt = at(100)
			if err := rows.CreateSession(ctx, s); err != nil {
				t.Fatal(err)
			}
			if _, _, err := rows.BeginClosing(ctx, 1, "a", at(0), at(0)); err != nil {
				t.Fatal(err)
			}
			if _, err := rows.CloseSession(ctx, "a", media.Media{ID: 1, Slug: "slug", State: media.Pending}, at(10)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := rows.Claim(ctx, 1, at(20)); err != nil {
				t.Fatal(err)
			}
			if err := c.do(rows); err != nil {
				t.Fatal(err)
			}
			if _, err := rows.writer.Exec(c.forget); err != nil {
				t.Fatal(err)
			}
			h, err := rows.History(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, h.Entries); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("only the end of an attempt", func(t *testing.T) {
		h := History{Whole: true, Media: media.Media{State: media.Succeeded, Attempt: 1, Published: 1, TouchedAt: at(30)}}
		h.Entries = []HistoryEntry{{Kind: HistoryAttempt, Attempt: 1, At: at(20)}}
		h.infer(false)
		want := ended
		want.At = at(20)
		if diff := cmp.Diff([]HistoryEntry{want}, h.Entries); diff != "" {
			t.Error(diff)
		}
	})
}
