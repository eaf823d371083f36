package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// SetFault records what a tester asked to happen to an upload, in place of what
// was asked before. The upload may still be a session. It does not hold a
// running attempt up: whoever processes the media reads it at its start. An
// unknown id is media.CodeNotFound.
func (c *Catalog) SetFault(ctx context.Context, id media.ID, f media.Fault) error {
	row := queries.SetFaultParams{MediaID: int64(id), ProcessingMs: f.Processing.Milliseconds()}
	if f.Failure != nil {
		row.FailureName, row.FailureMessage = plainText(f.Failure.Name), plainText(f.Failure.Message)
	}
	err := c.write(ctx, func(q *queries.Queries) error {
		n, err := q.SetFault(ctx, row)
		if err == nil && n == 0 {
			err = media.Errorf(media.CodeNotFound, "There is no upload with the id %s.", id)
		}
		return err
	})
	return during(err, "set the fault of %s", id)
}

// Fault reads what SetFault recorded, to the millisecond; the zero Fault where
// nothing was, or where there is no such upload.
func (c *Catalog) Fault(ctx context.Context, id media.ID) (media.Fault, error) {
	r, err := c.read().GetFault(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return media.Fault{}, nil
	}
	if err != nil {
		return media.Fault{}, during(err, "read the fault of %s", id)
	}
	f := media.Fault{Processing: time.Duration(r.ProcessingMs) * time.Millisecond}
	if r.FailureName != "" {
		f.Failure = media.NewFailure(r.FailureName, r.FailureMessage)
	}
	return f, nil
}
