package catalog

import (
	"context"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// Deed is something that an operator changed on the command line, beside the
// servers. It is there before the change, so that there is none without it.
type Deed struct {
	ID       string
	Operator string // who ran the command, as their system says
	Command  string // such as "token revoke"
	Subject  string // what it was about: ids, and no names of people
	BegunAt  time.Time
	EndedAt  time.Time // zero while it is not known to have ended
	Failed   bool      // it ended with an error
}

// BeginDeed records what is about to be done; EndedAt and Failed are passed over.
// An id that is there already is ErrConflict.
func (c *Catalog) BeginDeed(ctx context.Context, d Deed) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.InsertDeed(ctx, queries.InsertDeedParams{
			ID: d.ID, BegunAt: millis(d.BegunAt), Operator: plainText(d.Operator), Command: plainText(d.Command), Subject: plainText(d.Subject),
		})
		if err == nil && n == 0 {
			err = ErrConflict
		}
		return err
	})
	return during(err, "record the command %s", d.Command)
}

// EndDeed records how a deed ended: of d it reads ID, Subject, EndedAt and Failed.
// An unknown one is media.CodeNotFound. It is untold then, also where it was told
// as one that nobody knew to have ended.
func (c *Catalog) EndDeed(ctx context.Context, d Deed) error {
	ended, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.EndDeed(ctx, queries.EndDeedParams{ID: d.ID, EndedAt: millis(d.EndedAt), Failed: flag(d.Failed), Subject: plainText(d.Subject)})
	})
	if err == nil && !ended {
		err = media.Errorf(media.CodeNotFound, "There is no record of the command %s.", d.ID)
	}
	return during(err, "record the end of the command %s", d.ID)
}

// Deeds reads at most limit deeds behind another, or the first for the zero Deed,
// in the order in which they were begun.
func (c *Catalog) Deeds(ctx context.Context, after Deed, limit int) ([]Deed, error) {
	begun := int64(-1)
	if !after.BegunAt.IsZero() {
		begun = millis(after.BegunAt)
	}
	rows, err := c.read().PageDeeds(ctx, queries.PageDeedsParams{BegunAt: begun, ID: after.ID, AtMost: atMost(limit)})
	return deedsOf(rows), during(err, "read what was done on the command line")
}

// UntoldDeeds reads at most limit deeds that TellDeed was not called for as they
// are, the oldest first: those that ended, and those begun before an instant.
func (c *Catalog) UntoldDeeds(ctx context.Context, begunBefore time.Time, limit int) ([]Deed, error) {
	rows, err := c.read().UntoldDeeds(ctx, queries.UntoldDeedsParams{BegunBefore: millis(begunBefore), AtMost: atMost(limit)})
	return deedsOf(rows), during(err, "read what was done on the command line")
}

// TellDeed notes that a deed was told as it is. One that has ended since stays untold.
func (c *Catalog) TellDeed(ctx context.Context, d Deed) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		return q.TellDeed(ctx, queries.TellDeedParams{ID: d.ID, EndedAt: millis(d.EndedAt)})
	})
	return during(err, "note that the command %s was told", d.ID)
}

func deedsOf(rows []queries.Deed) []Deed {
	out := make([]Deed, len(rows))
	for i, r := range rows {
		out[i] = Deed{
			ID: r.ID, Operator: r.Operator, Command: r.Command, Subject: r.Subject,
			BegunAt: timeOf(r.BegunAt), EndedAt: timeOf(r.EndedAt), Failed: r.Failed != 0,
		}
	}
	return out
}
