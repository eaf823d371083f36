package catalog

import (
	"context"
	"math"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// MaxAudit is how many changes of one upload the audit trail keeps, so that no
// client can fill the database by changing its mind: the oldest go first.
const MaxAudit = 10_000

// Actor is who makes a change. The zero Actor is the server itself, whom no
// rule holds up.
type Actor struct {
	User   string // user id
	Client string // the client that acts for the user; "" for a token that an operator made
	Token  string // the token's id, "" where it has none
}

// Change is one entry of an upload's audit trail: one group of its metadata
// that became another.
type Change struct {
	Serial int64 // counts the changes of one upload from 1, without gaps
	At     time.Time
	By     Actor
	Group  string
	Before string // the group's JSON, "" where it was not set
	After  string // likewise
}

// Audit reads at most limit entries of an upload's audit trail, the newest
// first: those whose Serial is less than below, or all for 0. It goes on for an
// upload that has ended, until it is pruned; an unknown one has no entries. Of
// one group each Before is the After of the entry before it; what initialize
// said of sharing, and nothing else, may stand in the first Before.
func (c *Catalog) Audit(ctx context.Context, id media.ID, below int64, limit int) ([]Change, error) {
	if below <= 0 {
		below = math.MaxInt64
	}
	rows, err := c.read().PageAudit(ctx, queries.PageAuditParams{MediaID: int64(id), Below: below, AtMost: atMost(limit)})
	if err != nil {
		return nil, during(err, "read the audit trail of %s", id)
	}
	out := make([]Change, len(rows))
	for i, r := range rows {
		out[i] = Change{
			Serial: r.Serial, At: timeOf(r.ChangedAt), By: Actor{User: r.UserID, Client: r.ClientID, Token: r.TokenID},
			Group: r.Name, Before: r.OldValue, After: r.NewValue,
		}
	}
	return out, nil
}

// record adds changes, of which only Group, Before and After are read, to the
// trail of an upload whose session the transaction has locked.
func record(ctx context.Context, q *queries.Queries, id media.ID, changes []Change, by Actor, now time.Time) error {
	if len(changes) == 0 {
		return nil
	}
	serial, err := q.LastAudit(ctx, int64(id))
	if err != nil {
		return err
	}
	for _, change := range changes {
		serial++
		err := q.InsertAudit(ctx, queries.InsertAuditParams{
			MediaID: int64(id), Serial: serial, ChangedAt: millis(now),
			UserID: by.User, ClientID: plainText(by.Client), TokenID: plainText(by.Token),
			Name: change.Group, OldValue: change.Before, NewValue: change.After,
		})
		if err != nil {
			return err
		}
	}
	if serial <= MaxAudit {
		return nil
	}
	return q.TrimAudit(ctx, queries.TrimAuditParams{MediaID: int64(id), Upto: serial - MaxAudit})
}
