package catalog

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// End is how far an upload has come whose bytes come one behind the other.
type End struct {
	Bytes int64
	Parts int // and the number of the next
}

// PartsEnd reads how far the parts of an upload go; not at all where there are
// none, or no such upload. It sees every commit that returned before it was called.
func (c *Catalog) PartsEnd(ctx context.Context, id media.ID) (End, error) {
	end, err := partsEnd(ctx, c.read(), id)
	return end, during(err, "read how far %s has come", id)
}

func partsEnd(ctx context.Context, q *queries.Queries, id media.ID) (End, error) {
	last, err := q.LastPart(ctx, int64(id))
	if errors.Is(err, sql.ErrNoRows) {
		return End{}, nil
	}
	return End{Bytes: last.Starts + last.BlobSize, Parts: int(last.Number) + 1}, err
}

// AddParts adds blobs, in their order, behind what an upload has, all or none: if
// it is open and not past its time, and ends at from. True means that they are
// added; else nothing was written, and the session and its end say why. Of many
// calls with one end one adds. Unknown ids are media.CodeNotFound.
func (c *Catalog) AddParts(ctx context.Context, id media.ID, from End, blobs []media.Blob, now time.Time) (s media.Session, end End, added bool, err error) {
	err = c.writeOnce(ctx, func(q *queries.Queries, before bool) (err error) {
		s, end, added, err = addParts(ctx, q, id, from, blobs, now, before)
		return err
	})
	return s, end, added, during(err, "add %d parts to %s", len(blobs), id)
}

// addParts is AddParts within a transaction; before as writeOnce says it.
func addParts(ctx context.Context, q *queries.Queries, id media.ID, from End, blobs []media.Blob, now time.Time, before bool) (s media.Session, end End, added bool, err error) {
	row, err := q.HoldSession(ctx, int64(id))
	if err != nil {
		return s, end, false, notFound(err, "There is no upload with the id %s.", id)
	}
	if s, err = sessionOf(row); err != nil {
		return s, end, false, err
	}
	if before && len(blobs) > 0 {
		// Others may have added theirs behind these, or finalized the upload, since.
		last := End{Parts: from.Parts + len(blobs), Bytes: from.Bytes + media.Manifest(blobs).Size()}
		added, err := isPart(ctx, q, s, last.Parts-1, blobs[len(blobs)-1])
		if err != nil || added {
			return s, last, added, err
		}
	}
	if end, err = partsEnd(ctx, q, id); err != nil {
		return s, end, false, err
	}
	if end != from || s.State != media.SessionOpen || !now.Before(s.ExpiresAt) {
		return s, end, false, nil
	}
	for _, b := range blobs {
		n, err := q.InsertPart(ctx, queries.InsertPartParams{
			SessionID: int64(id), Number: int64(end.Parts), Starts: end.Bytes,
			BlobKey: b.Key, BlobSize: b.Size, BlobCRC: int64(b.CRC),
		})
		if err == nil && n == 0 {
			err = ErrConflict // nobody else can have added one: the session is held
		}
		if err != nil {
			return s, end, false, err
		}
		end.Parts++
		end.Bytes += b.Size
	}
	return s, end, true, nil
}

// isPart tells whether a blob is part number of an upload, or of the media that
// it became, whose parts may be forgotten. A name is never used again, so one
// that is there was added by whoever made it.
func isPart(ctx context.Context, q *queries.Queries, s media.Session, number int, b media.Blob) (bool, error) {
	var parts media.Manifest
	if s.State == media.SessionClosed {
		m, err := getMedia(ctx, q, s.ID)
		if err != nil {
			return false, err
		}
		parts = m.Manifest
	} else {
		rows, err := q.ListParts(ctx, int64(s.ID))
		if err != nil {
			return false, err
		}
		parts = manifestOf(rows)
	}
	return number < len(parts) && parts[number].Key == b.Key, nil
}

// Parts lists the parts of an upload in their order.
func (c *Catalog) Parts(ctx context.Context, id media.ID) (media.Manifest, error) {
	rows, err := c.read().ListParts(ctx, int64(id))
	if err != nil {
		return nil, during(err, "list the parts of %s", id)
	}
	return manifestOf(rows), nil
}

func manifestOf(rows []queries.Part) media.Manifest {
	out := make(media.Manifest, len(rows))
	for i, r := range rows {
		out[i] = media.Blob{Key: r.BlobKey, Size: r.BlobSize, CRC: uint32(r.BlobCRC)}
	}
	return out
}

// ForgetParts drops the rows of an upload's parts once something else says what
// it is made of. It may be called again.
func (c *Catalog) ForgetParts(ctx context.Context, id media.ID) error {
	err := c.write(ctx, func(q *queries.Queries) error { return q.DeleteParts(ctx, int64(id)) })
	return during(err, "forget the parts of %s", id)
}

// DeclareTotal says how long an open upload will be that did not say so when it
// began, and takes room for it within its owner's quota, as CreateSessionWithin
// does. False means that it was said before, or that the upload is not open (any
// more); nothing was written then.
func (c *Catalog) DeclareTotal(ctx context.Context, id media.ID, total, quota int64) (bool, error) {
	declared, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		before, err := q.HoldSession(ctx, int64(id))
		if err != nil {
			return 0, notFound(err, "There is no upload with the id %s.", id)
		}
		n, err := q.DeclareTotal(ctx, queries.DeclareTotalParams{ID: int64(id), TotalBytes: total})
		if err != nil || n == 0 {
			return 0, err
		}
		return n, reserve(ctx, q, before.Owner, total-before.Reserved, quota)
	})
	return declared, during(err, "declare the length of %s", id)
}
