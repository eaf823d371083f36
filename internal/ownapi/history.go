package ownapi

import (
	"fmt"
	"net/http"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// historyEvent is one thing that happened to an upload, or to the media that it
// became. Text says it in English.
type historyEvent struct {
	At          time.Time       `json:"at"`
	Event       string          `json:"event"`
	Text        string          `json:"text"`
	Attempt     int64           `json:"attempt,omitempty"`
	Outcome     string          `json:"outcome,omitempty"` // of attempt_ended
	Error       *failure        `json:"error,omitempty"`   // of an attempt that failed
	Reason      string          `json:"reason,omitempty"`  // of one that is made again
	TookMS      *int64          `json:"took_ms,omitempty"`
	Bytes       int64           `json:"bytes,omitempty"`    // of uploaded
	Segments    int             `json:"segments,omitempty"` // likewise
	Renditions  []renditionFile `json:"renditions,omitempty"`
	Approximate bool            `json:"approximate,omitempty"` // nobody wrote it down when it happened
}

// historyMeta tells whether the answer has everything.
type historyMeta struct {
	Count int  `json:"result_count"`
	Whole bool `json:"whole"` // the oldest attempts were not dropped
}

// history answers GET /magpie/v1/media/{id}/history: what happened to an upload
// from initialize on, the oldest first. It is for the owner and the additional
// owners; once the media is deleted for the owner alone, until the upload's
// record is pruned.
func (a *API) history(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	if _, err := parameters(r); err != nil {
		return err
	}
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	h, err := a.catalog.History(r.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		return fmt.Errorf("read the history: %w", err)
	}
	gone := !h.Media.GoneAt.IsZero()
	if err != nil || !h.Session.UsableBy(who.User) || gone && h.Session.Owner != who.User {
		return media.Errorf(media.CodeNotFound, "There is no upload %s here that this user may use.", id)
	}
	events := eventsOf(h)
	return a.answer(w, r, http.StatusOK, map[string]any{
		"data": events, "meta": historyMeta{Count: len(events), Whole: h.Whole},
	})
}

// eventsOf tells a history in order.
func eventsOf(h catalog.History) []historyEvent {
	out := []historyEvent{{At: h.Session.CreatedAt, Event: "initialized", Text: "The upload began."}}
	m := h.Media
	if m.ID == 0 {
		if h.Session.State == media.SessionExpired {
			out = append(out, historyEvent{
				At: h.Session.EndedAt, Event: "upload_expired", Text: "The upload was not finished in time, or was given up.",
			})
		}
		return out
	}
	out = append(out, historyEvent{
		At: m.CreatedAt, Event: "uploaded", Bytes: m.Size(), Segments: len(m.Manifest),
		Text: fmt.Sprintf("All %d bytes were there, in %s.", m.Size(), plural(len(m.Manifest), "segment")),
	})
	if waited(h) {
		out = append(out, historyEvent{At: m.CreatedAt, Event: "queued", Text: "It waits to be processed."})
	}
	for _, e := range h.Entries {
		out = append(out, happened(h, e)...)
	}
	return out
}

// waited reports whether a media was not processed as soon as it was there.
func waited(h catalog.History) bool {
	for _, e := range h.Entries {
		if e.Kind == catalog.HistoryAttempt {
			return e.Attempt == 1 && e.At.After(h.Media.CreatedAt)
		}
	}
	return h.Media.State == media.Pending
}

// happened tells one entry. Attempts are two events, their beginning and their
// end.
func happened(h catalog.History, e catalog.HistoryEntry) []historyEvent {
	one := func(event, text string) []historyEvent {
		return []historyEvent{{At: e.At, Event: event, Text: text, Approximate: e.Inferred}}
	}
	switch e.Kind {
	case catalog.HistoryAttempt:
		return attemptEvents(h, e)
	case catalog.HistoryRedo:
		return one("reprocess_asked", "It is to be processed once more. What it shows stays until then.")
	case catalog.HistoryDeleted:
		return one("deleted", "It was deleted.")
	case catalog.HistoryExpired:
		return one("expired", "The time for which it was to be kept was over.")
	case catalog.HistoryRestored:
		return one("restored", "It was brought back.")
	default: // of a newer magpie
		return one(string(e.Kind), string(e.Kind))
	}
}

func attemptEvents(h catalog.History, e catalog.HistoryEntry) (out []historyEvent) {
	if !e.At.IsZero() {
		out = append(out, historyEvent{
			At: e.At, Event: "attempt_began", Attempt: e.Attempt, Text: fmt.Sprintf("Attempt %d at processing it began.", e.Attempt),
		})
	}
	if e.Outcome == catalog.AttemptRuns {
		return out
	}
	end := historyEvent{
		At: e.EndedAt, Event: "attempt_ended", Attempt: e.Attempt, Outcome: string(e.Outcome), Approximate: e.Inferred,
	}
	if !e.At.IsZero() && e.Outcome != catalog.AttemptLost {
		took := e.EndedAt.Sub(e.At).Milliseconds()
		end.TookMS = &took
	}
	for _, f := range h.Renditions[e.Attempt] {
		end.Renditions = append(end.Renditions, renditionFile{
			Name: f.Name, Role: f.Role, ContentType: f.ContentType, Bytes: f.Blob.Size, Width: f.Width, Height: f.Height, BitRate: f.BitRate,
		})
	}
	if f := e.Reason; f != nil {
		if e.Outcome == catalog.AttemptFailed {
			end.Error = &failure{Code: f.Code, Name: f.Name, Message: f.Message}
		} else {
			end.Reason = f.Message
		}
	}
	end.Text = endText(h, e, end)
	return append(out, end)
}

// endText says how an attempt ended, and what follows from it.
func endText(h catalog.History, e catalog.HistoryEntry, end historyEvent) string {
	switch e.Outcome {
	case catalog.AttemptSucceeded:
		return fmt.Sprintf("It succeeded: %s can be had.", plural(len(end.Renditions), "file"))
	case catalog.AttemptPartly:
		return fmt.Sprintf("What is quickly made can be had, %s; the rest follows.", plural(len(end.Renditions), "file"))
	case catalog.AttemptFailed:
		if h.Media.Published > 0 && h.Media.Published < e.Attempt {
			return "It failed, and what was made before stays: " + end.Error.Message
		}
		return "It failed: " + end.Error.Message
	case catalog.AttemptReleased:
		if end.Reason == "" {
			return "It was given up, to be tried again."
		}
		return "It was given up, to be tried again: " + end.Reason
	case catalog.AttemptPostponed:
		return "It takes long, and waits for a worker that has the time."
	case catalog.AttemptLost:
		return "Nothing was heard of it any more, as where a server dies."
	case catalog.AttemptStopped:
		return "It was stopped, because the media was deleted."
	default: // of a newer magpie
		return string(e.Outcome)
	}
}

func plural(n int, of string) string {
	if n == 1 {
		return "1 " + of
	}
	return fmt.Sprintf("%d %ss", n, of)
}
