package ownapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"magpie/internal/auth"
	"magpie/internal/catalog"
	"magpie/internal/media"
)

// How many entries of an audit trail one answer has, and at most.
const (
	auditPage    = 20
	maxAuditPage = 100
)

// auditEntry is one change of one group of metadata. Before and After are the
// group as a call of metadata answers it, null where it was not set.
type auditEntry struct {
	At     time.Time       `json:"at"`
	User   string          `json:"user"`
	Client string          `json:"client"` // "" for a token that an operator made
	Token  string          `json:"token"`
	Group  string          `json:"group"`
	Before json.RawMessage `json:"before"`
	After  json.RawMessage `json:"after"`
}

// auditAnswer is a page of an audit trail, the newest entry first.
type auditAnswer struct {
	Data []auditEntry `json:"data"`
	Meta pageMeta     `json:"meta"`
}

// pageMeta says how a list goes on.
type pageMeta struct {
	Count int    `json:"result_count"`
	Next  string `json:"next_cursor,omitempty"` // left out on the last page
}

// audit answers GET /magpie/v1/media/{id}/audit: who changed the metadata of an
// upload, when, and from what to what. It is the owner's to read, from
// initialize until the upload's record is pruned. Pages go by the entries'
// numbers, so that a change which comes meanwhile moves nothing.
func (a *API) audit(w http.ResponseWriter, r *http.Request, who auth.Identity) error {
	id, err := media.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	query, err := parameters(r, "limit", "cursor")
	if err != nil {
		return err
	}
	limit, below := int64(auditPage), int64(0)
	if text, there := query["limit"]; there {
		if limit, err = strconv.ParseInt(text, 10, 64); err != nil || limit < 1 || limit > maxAuditPage {
			return badValue("limit", text, "must be a whole number from 1 to %d", maxAuditPage)
		}
	}
	if text, there := query["cursor"]; there {
		if below, err = strconv.ParseInt(text, 10, 64); err != nil || below < 1 {
			return badValue("cursor", text, "must be the next_cursor of an answer of this endpoint")
		}
	}
	session, err := a.catalog.Session(r.Context(), id)
	if err != nil && media.CodeOf(err) != media.CodeNotFound {
		return err
	}
	switch {
	case err != nil || !session.UsableBy(who.User):
		return media.Errorf(media.CodeNotFound, "There is no upload %s here that this user may use.", id)
	case session.Owner != who.User:
		return media.Errorf(media.CodeForbidden, "Only the owner of %s may read who changed it.", id)
	}
	// One more than is shown tells whether it goes on.
	changes, err := a.catalog.Audit(r.Context(), id, below, int(limit)+1)
	if err != nil {
		return fmt.Errorf("read the audit trail: %w", err)
	}
	out := auditAnswer{Data: []auditEntry{}}
	for i, c := range changes {
		if i == int(limit) {
			out.Meta.Next = strconv.FormatInt(changes[i-1].Serial, 10)
			break
		}
		out.Data = append(out.Data, newAuditEntry(c))
	}
	out.Meta.Count = len(out.Data)
	return a.answer(w, r, http.StatusOK, out)
}

func newAuditEntry(c catalog.Change) auditEntry {
	return auditEntry{
		At: c.At, User: c.By.User, Client: c.By.Client, Token: c.By.Token,
		Group: c.Group, Before: groupJSON(c.Before), After: groupJSON(c.After),
	}
}

// groupJSON is a group as the trail keeps it, and null where it is not set.
func groupJSON(value string) json.RawMessage {
	if value == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(value)
}

// badValue says what is wrong with a parameter, and shows what was sent.
func badValue(name, sent, format string, args ...any) error {
	e := media.Invalid(name, format, args...)
	e.Value = sent[:min(len(sent), 100)]
	return e
}
