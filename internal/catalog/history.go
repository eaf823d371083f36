package catalog

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// MaxHistory is how many entries of one media's history are kept, so that none
// that is tried again and again fills the database: the oldest go first.
const MaxHistory = 200

// HistoryKind says what an entry of a media's history is about.
type HistoryKind string

// The kinds. HistoryRedo is that somebody asked for the media to be processed
// once more, HistoryExpired the end of its retention.
const (
	HistoryAttempt  HistoryKind = "attempt"
	HistoryRedo     HistoryKind = "redo"
	HistoryDeleted  HistoryKind = "deleted"
	HistoryExpired  HistoryKind = "expired"
	HistoryRestored HistoryKind = "restored"
)

// AttemptOutcome says how an attempt at processing ended.
type AttemptOutcome string

// The outcomes. A partly done attempt succeeded with what was quickly made, and
// another makes the rest. A released one is tried again, a postponed one goes on
// in a slower lane, a lost one ended without a word, and a stopped one because
// the media was deleted.
const (
	AttemptRuns      AttemptOutcome = ""
	AttemptSucceeded AttemptOutcome = "succeeded"
	AttemptPartly    AttemptOutcome = "partly_succeeded"
	AttemptFailed    AttemptOutcome = "failed"
	AttemptReleased  AttemptOutcome = "released"
	AttemptPostponed AttemptOutcome = "postponed"
	AttemptLost      AttemptOutcome = "lost"
	AttemptStopped   AttemptOutcome = "stopped"
)

// HistoryEntry is one thing that happened to a media. The fields from Attempt on
// are those of attempts.
type HistoryEntry struct {
	Kind    HistoryKind
	At      time.Time // when it happened; of an attempt when it began, zero where that is not known
	Attempt int64
	EndedAt time.Time // zero while it runs; of a lost one when it was given up
	Outcome AttemptOutcome
	Reason  *media.Failure // of a failed attempt; of a released one only its Message, or nil

	// That the entry was not written when it happened, as by a magpie that kept no
	// history, and is read from what the media has become.
	Inferred bool
}

// when is the time to put an entry in order by.
func (e HistoryEntry) when() time.Time {
	if e.At.IsZero() {
		return e.EndedAt
	}
	return e.At
}

// History is what is known of the past of an upload.
type History struct {
	Session media.Session
	Media   media.Media // the zero Media, without an id, before finalize
	Entries []HistoryEntry
	Whole   bool // that no entries were dropped for MaxHistory

	// What attempts made, in the order in which they are shown.
	Renditions map[int64][]media.Rendition
}

// History reads the past of an upload, also of one that expired or whose media
// is gone, until it is pruned. Unknown ids are media.CodeNotFound.
func (c *Catalog) History(ctx context.Context, id media.ID) (History, error) {
	var h History
	err := c.snapshot(ctx, func(q *queries.Queries) (err error) {
		h, err = readHistory(ctx, q, id)
		return err
	})
	if err != nil {
		return History{}, during(err, "read the history of %s", id)
	}
	return h, nil
}

func readHistory(ctx context.Context, q *queries.Queries, id media.ID) (h History, err error) {
	if h.Session, err = getSession(ctx, q, id); err != nil {
		return h, err
	}
	h.Whole = true
	h.Media, err = getMedia(ctx, q, id)
	if media.CodeOf(err) == media.CodeNotFound {
		h.Media = media.Media{}
		return h, nil
	}
	if err != nil {
		return h, err
	}
	rows, err := q.ListHistory(ctx, int64(id))
	if err != nil {
		return h, err
	}
	for _, r := range rows {
		h.Entries = append(h.Entries, entryOf(r))
	}
	h.Whole = len(rows) == 0 || rows[0].Serial == 1
	again, err := q.ListRedos(ctx, []int64{int64(id)})
	if err != nil {
		return h, err
	}
	h.infer(len(again) > 0 && again[0].Attempt == h.Media.Attempt)
	made, err := q.ListRenditions(ctx, []int64{int64(id)})
	h.Renditions = map[int64][]media.Rendition{}
	for _, r := range made {
		h.Renditions[r.Attempt] = append(h.Renditions[r.Attempt], renditionOf(r))
	}
	return h, err
}

func entryOf(r queries.History) HistoryEntry {
	e := HistoryEntry{
		Kind: HistoryKind(r.Kind), At: timeOf(r.At), Attempt: r.Attempt, EndedAt: timeOf(r.EndedAt), Outcome: AttemptOutcome(r.Outcome),
	}
	if r.Message != "" || r.Name != "" {
		e.Reason = &media.Failure{Code: int(r.Code), Name: r.Name, Message: r.Message}
	}
	return e
}

// infer adds what is known without having been written: what a magpie did that
// keeps no history, and how attempts ended of which nobody said so.
// again tells that the last attempt is one of Redo that has not ended.
func (h *History) infer(again bool) {
	h.inferOutcome(again)
	h.inferGone()
	for i := range h.Entries {
		e := &h.Entries[i]
		if e.Kind != HistoryAttempt || e.Outcome != AttemptRuns {
			continue
		}
		for _, later := range h.Entries[i+1:] {
			switch later.Kind {
			case HistoryAttempt:
				e.Outcome, e.EndedAt = AttemptLost, later.when()
			case HistoryDeleted, HistoryExpired:
				e.Outcome, e.EndedAt = AttemptStopped, later.At
			default:
				continue
			}
			break
		}
	}
}

// inferOutcome adds the attempt that made the media what it is. Of one that
// failed nothing says which that was while another runs.
func (h *History) inferOutcome(again bool) {
	m := h.Media
	e := HistoryEntry{Kind: HistoryAttempt, Attempt: m.Attempt, EndedAt: m.TouchedAt, Inferred: true}
	switch {
	case m.State == media.Succeeded:
		e.Attempt, e.Outcome = m.Published, AttemptSucceeded
	case m.State == media.Failed && !again:
		e.Outcome, e.Reason = AttemptFailed, m.Failure
	default:
		return
	}
	for i, known := range h.Entries {
		if known.Kind != HistoryAttempt || known.Attempt != e.Attempt {
			continue
		}
		if known.Outcome == AttemptRuns {
			e.At = known.At
			h.Entries[i] = e
		}
		return
	}
	if !h.Whole {
		return
	}
	after := slices.IndexFunc(h.Entries, func(later HistoryEntry) bool { return later.when().After(e.EndedAt) })
	if after < 0 {
		after = len(h.Entries)
	}
	h.Entries = slices.Insert(h.Entries, after, e)
}

// inferGone adds that the media is gone.
func (h *History) inferGone() {
	if h.Media.GoneAt.IsZero() {
		return
	}
	for _, e := range slices.Backward(h.Entries) {
		switch e.Kind {
		case HistoryDeleted, HistoryExpired:
			return
		case HistoryRestored:
		default:
			continue
		}
		break
	}
	h.Entries = append(h.Entries, HistoryEntry{Kind: HistoryDeleted, At: h.Media.GoneAt, Inferred: true})
}

// remember adds an entry to the history of a media whose row the transaction has
// locked.
func remember(ctx context.Context, q *queries.Queries, id media.ID, e HistoryEntry) error {
	reason := cmp.Or(e.Reason, &media.Failure{})
	serial, err := q.InsertHistory(ctx, queries.InsertHistoryParams{
		MediaID: int64(id), Kind: string(e.Kind), Attempt: e.Attempt, At: millis(e.At), EndedAt: millis(e.EndedAt),
		Outcome: string(e.Outcome), Code: int64(reason.Code), Name: plainText(reason.Name), Message: plainText(reason.Message),
	})
	if err != nil {
		return fmt.Errorf("remember what happens to %s: %w", id, err)
	}
	if serial <= MaxHistory {
		return nil
	}
	return q.TrimHistory(ctx, queries.TrimHistoryParams{MediaID: int64(id), Upto: serial - MaxHistory})
}

// begin remembers that an attempt began.
func begin(ctx context.Context, q *queries.Queries, id media.ID, attempt int64, now time.Time) error {
	return remember(ctx, q, id, HistoryEntry{Kind: HistoryAttempt, Attempt: attempt, At: now})
}

// end remembers how an attempt ended. Where nothing was written of its beginning
// the entry has it, in At, or it is a magpie before this one that began it.
func end(ctx context.Context, q *queries.Queries, id media.ID, e HistoryEntry) error {
	e.Kind = HistoryAttempt
	if !e.At.IsZero() {
		return remember(ctx, q, id, e)
	}
	words := cmp.Or(e.Reason, &media.Failure{})
	n, err := q.EndAttempt(ctx, queries.EndAttemptParams{
		MediaID: int64(id), Attempt: e.Attempt, Now: millis(e.EndedAt), Outcome: string(e.Outcome),
		Code: int64(words.Code), Name: plainText(words.Name), Message: plainText(words.Message),
	})
	if err != nil {
		return fmt.Errorf("remember the end of attempt %d at %s: %w", e.Attempt, id, err)
	}
	if n > 0 {
		return nil
	}
	return remember(ctx, q, id, e)
}

// released is why an attempt was given up that is tried again; nil without words.
func released(why string) *media.Failure {
	if why == "" {
		return nil
	}
	return &media.Failure{Message: why}
}
