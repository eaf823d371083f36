package catalogtest

import (
	"testing"
	"time"

	"magpie/internal/catalog"
	"magpie/internal/media"
)

// past reads the history of a media, which must be there.
func past(t testingT, c *catalog.Catalog, id media.ID) catalog.History {
	t.Helper()
	h, err := c.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func testHistory(t *testing.T, open func(*testing.T) *catalog.Catalog) {
	made := func(attempt int, names ...string) media.Outcome {
		var o media.Outcome
		for _, n := range names {
			o.Renditions = append(o.Renditions, rendition(1, attempt, n))
		}
		return o
	}
	attempt := func(n int64, from, to int, outcome catalog.AttemptOutcome, reason *media.Failure) catalog.HistoryEntry {
		e := catalog.HistoryEntry{Kind: catalog.HistoryAttempt, Attempt: n, At: at(from), Outcome: outcome, Reason: reason}
		if to > 0 {
			e.EndedAt = at(to)
		}
		return e
	}
	deed := func(kind catalog.HistoryKind, when int) catalog.HistoryEntry {
		return catalog.HistoryEntry{Kind: kind, At: at(when)}
	}

	t.Run("says what happened, one after the other", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		h := past(t, c, 1)
		wantEqual(t, h, catalog.History{Session: session(1), Whole: true})
		take(t, c, 1, "a", at(9))
		ok, err := c.CloseSession(t.Context(), "a", finalized(1), at(10))
		want(t, "CloseSession", ok, err, true)
		wantEqual(t, len(past(t, c, 1).Entries), 0)

		claim(t, c, 1, at(20))
		wantEqual(t, past(t, c, 1).Entries, []catalog.HistoryEntry{attempt(1, 20, 0, catalog.AttemptRuns, nil)})
		ok, err = c.Release(t.Context(), 1, 1, "No \x00room.", at(21))
		want(t, "Release", ok, err, true)
		claim(t, c, 1, at(22))
		ok, err = c.Postpone(t.Context(), 1, 2, time.Hour, at(23))
		want(t, "Postpone", ok, err, true)
		claim(t, c, 1, at(24)) // dies
		claim(t, c, 1, at(25))
		o := made(4, "a.mp4")
		o.More = true
		publish(t, c, 1, 4, o, at(26))
		claim(t, c, 1, at(27))
		publish(t, c, 1, 5, made(5, "a.mp4", "b.mp4"), at(28))
		asked, err := c.Redo(t.Context(), 1, at(29))
		want(t, "Redo", asked, err, true)
		asked, err = c.Redo(t.Context(), 1, at(29))
		want(t, "Redo again", asked, err, false)
		claim(t, c, 1, at(30))
		broken := media.NewFailure(media.InvalidMedia, "It is broken.")
		publish(t, c, 1, 6, media.Outcome{Failure: broken}, at(31))
		ok, err = c.DeleteMedia(t.Context(), 1, at(40))
		want(t, "DeleteMedia", ok, err, true)
		ok, err = c.RestoreMedia(t.Context(), 1, server, at(0), at(41))
		want(t, "RestoreMedia", ok, err, true)

		h = past(t, c, 1)
		wantEqual(t, h.Entries, []catalog.HistoryEntry{
			attempt(1, 20, 21, catalog.AttemptReleased, &media.Failure{Message: "No \ufffdroom."}),
			attempt(2, 22, 23, catalog.AttemptPostponed, nil),
			attempt(3, 24, 25, catalog.AttemptLost, nil),
			attempt(4, 25, 26, catalog.AttemptPartly, nil),
			attempt(5, 27, 28, catalog.AttemptSucceeded, nil),
			deed(catalog.HistoryRedo, 29),
			attempt(6, 30, 31, catalog.AttemptFailed, broken),
			deed(catalog.HistoryDeleted, 40),
			deed(catalog.HistoryRestored, 41),
		})
		wantEqual(t, h.Renditions, map[int64][]media.Rendition{
			4: {rendition(1, 4, "a.mp4")}, 5: {rendition(1, 5, "a.mp4"), rendition(1, 5, "b.mp4")},
		})
		wantEqual(t, h.Media.State, media.Succeeded)
		wantEqual(t, h.Session.EndedAt, at(10))
	})

	t.Run("what failed is tried again", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		broken := media.NewFailure(media.InternalError, "The disk is full.")
		claim(t, c, 1, at(20))
		publish(t, c, 1, 1, media.Outcome{Failure: broken}, at(21))
		asked, err := c.Redo(t.Context(), 1, at(22))
		want(t, "Redo", asked, err, true)
		entries := []catalog.HistoryEntry{attempt(1, 20, 21, catalog.AttemptFailed, broken), deed(catalog.HistoryRedo, 22)}
		wantEqual(t, past(t, c, 1).Entries, entries)
		claim(t, c, 1, at(23)) // dies
		wantEqual(t, past(t, c, 1).Entries, append(entries, attempt(2, 23, 0, catalog.AttemptRuns, nil)))
		claim(t, c, 1, at(24))
		entries = append(entries, attempt(2, 23, 24, catalog.AttemptLost, nil))
		wantEqual(t, past(t, c, 1).Entries, append(entries, attempt(3, 24, 0, catalog.AttemptRuns, nil)))
		publish(t, c, 1, 3, made(3, "a.mp4"), at(25))
		wantEqual(t, past(t, c, 1).Entries, append(entries, attempt(3, 24, 25, catalog.AttemptSucceeded, nil)))
	})

	t.Run("what is refused leaves no trace", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		claim(t, c, 1, at(20))
		claim(t, c, 1, at(21))
		ok, err := c.Release(t.Context(), 1, 1, "late", at(22))
		want(t, "Release of the one before", ok, err, false)
		ok, err = c.Publish(t.Context(), 1, 1, made(1, "a.mp4"), at(22))
		want(t, "Publish of the one before", ok, err, false)
		asked, err := c.Redo(t.Context(), 1, at(22))
		want(t, "Redo of what is not done", asked, err, false)
		asked, err = c.Redo(t.Context(), 404, at(22))
		want(t, "Redo of none", asked, err, false)
		wantEqual(t, past(t, c, 1).Entries, []catalog.HistoryEntry{
			attempt(1, 20, 21, catalog.AttemptLost, nil), attempt(2, 21, 0, catalog.AttemptRuns, nil),
		})
		_, err = c.History(t.Context(), 404)
		wantNotFound(t, "History of none", err)
	})

	t.Run("deleting stops an attempt, and so does the end of retention", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		m := finalized(2)
		m.ExpiresAt = at(50)
		finalize(t, c, m)
		for id := range media.ID(2) {
			claim(t, c, id+1, at(20))
		}
		ok, err := c.DeleteMedia(t.Context(), 1, at(30))
		want(t, "DeleteMedia", ok, err, true)
		if _, err := c.ExpireMedia(t.Context(), at(60), 10); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, past(t, c, 1).Entries, []catalog.HistoryEntry{attempt(1, 20, 30, catalog.AttemptStopped, nil), deed(catalog.HistoryDeleted, 30)})
		wantEqual(t, past(t, c, 2).Entries, []catalog.HistoryEntry{attempt(1, 20, 60, catalog.AttemptStopped, nil), deed(catalog.HistoryExpired, 60)})

		if _, err := c.Prune(t.Context(), at(100), 10); err != nil {
			t.Fatal(err)
		}
		_, err = c.History(t.Context(), 1)
		wantNotFound(t, "History of what was pruned", err)
	})

	t.Run("a media that is made when it is recorded has its attempt", func(t *testing.T) {
		c := open(t)
		create(t, c, 1)
		take(t, c, 1, "a", at(9))
		m := finalized(1)
		m.State, m.Attempt = media.InProgress, 1
		_, ok, err := c.CloseMade(t.Context(), "a", m, made(1, "a.mp4"), at(12))
		want(t, "CloseMade", ok, err, true)
		wantEqual(t, past(t, c, 1).Entries, []catalog.HistoryEntry{attempt(1, 10, 12, catalog.AttemptSucceeded, nil)})
	})

	t.Run("only so much is kept", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		const n = catalog.MaxHistory + 5
		for i := range n {
			claim(t, c, 1, at(20+i))
		}
		h := past(t, c, 1)
		wantEqual(t, len(h.Entries), catalog.MaxHistory)
		wantEqual(t, h.Entries[0].Attempt, 6)
		wantEqual(t, h.Entries[catalog.MaxHistory-1].Attempt, n)
		wantEqual(t, h.Whole, false)
	})

	t.Run("of many at once each is there once", func(t *testing.T) {
		c := open(t)
		finalize(t, c, finalized(1))
		together(8, func(i int) {
			if _, _, err := c.Claim(t.Context(), 1, at(20)); err != nil {
				t.Error(err)
			}
			if _, err := c.DeleteMedia(t.Context(), 1, at(30)); err != nil {
				t.Error(err)
			}
		})
		seen := map[int64]int{}
		for _, e := range past(t, c, 1).Entries {
			seen[e.Attempt]++
		}
		m, err := c.Media(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		wanted := map[int64]int{0: 1} // the one deletion
		for n := range m.Attempt {
			wanted[n+1] = 1
		}
		wantEqual(t, seen, wanted)
	})
}
