package catalog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// CreateSession records a new session as it is given, and where it is Shared
// the group shared_info of its metadata. Every session expires: a
// zero ExpiresAt lies in the past. An id that a session or
// a media has, or had and was not pruned, gives an error for which
// errors.Is(err, ErrConflict), and nothing is written.
func (c *Catalog) CreateSession(ctx context.Context, s media.Session) error {
	return c.CreateSessionWithin(ctx, s, 0)
}

// CreateSessionWithin is CreateSession where the owner's quota has room for the
// total that the session declares, and for anything at all where it declares
// none; else it is media.CodeQuota and nothing is written. The room is reserved
// in the same transaction: of uploads at once no two take the same. quota is for
// owners without one of their own, in bytes, 0 for none. Where there is none nothing
// is reserved for a session that is closing from its beginning: it is counted in a
// moment, as what it became.
func (c *Catalog) CreateSessionWithin(ctx context.Context, s media.Session, quota int64) error {
	err := c.writeOnce(ctx, func(q *queries.Queries, before bool) error {
		if err := insertSession(ctx, q, s, quota); !errors.Is(err, ErrConflict) || !before || !isThere(ctx, q, s) {
			return err
		}
		return nil
	})
	return during(err, "create session %s", s.ID)
}

// insertSession is CreateSessionWithin within a transaction.
func insertSession(ctx context.Context, q *queries.Queries, s media.Session, quota int64) error {
	owners, err := encodeNames(s.AdditionalOwners)
	if err != nil {
		return err
	}
	declared, reserves := max(s.TotalBytes, 0), s.State == media.SessionOpen || s.State == media.SessionClosing
	if s.State == media.SessionClosing && quota == 0 {
		used, err := getStorage(ctx, q, s.Owner)
		if err != nil {
			return err
		}
		reserves = used.Within(quota) != 0 // the owner's own
	}
	if !reserves {
		declared = 0
	}
	n, err := q.InsertSession(ctx, queries.InsertSessionParams{
		ID:               int64(s.ID),
		Owner:            s.Owner,
		Category:         string(s.Category),
		Type:             string(s.Type),
		TotalBytes:       s.TotalBytes,
		Shared:           flag(s.Shared),
		AdditionalOwners: owners,
		State:            string(s.State),
		ClosingToken:     s.ClosingToken,
		ClosingSince:     millis(s.ClosingSince),
		CreatedAt:        millis(s.CreatedAt),
		ExpiresAt:        millis(s.ExpiresAt),
		EndedAt:          millis(s.EndedAt),
		Reserved:         declared,
		Way:              string(s.Way),
	})
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return err
	}
	if s.Shared {
		err := q.SetMetadata(ctx, queries.SetMetadataParams{
			MediaID: int64(s.ID), Name: sharedInfo, Value: sharedTrue, UpdatedAt: millis(s.CreatedAt),
		})
		if err != nil {
			return err
		}
	}
	if !reserves {
		return nil
	}
	return reserve(ctx, q, s.Owner, declared, quota)
}

// isThere tells whether the session that has the id of s is s itself.
func isThere(ctx context.Context, q *queries.Queries, s media.Session) bool {
	got, err := getSession(ctx, q, s.ID)
	return err == nil && got.Owner == s.Owner && got.ClosingToken == s.ClosingToken && got.CreatedAt.Equal(s.CreatedAt.Truncate(time.Millisecond))
}

// Session reads a session, whatever its state. It asks the database each time
// and sees every commit that returned before it was called, in any process.
// Unknown and pruned ids are media.CodeNotFound.
func (c *Catalog) Session(ctx context.Context, id media.ID) (media.Session, error) {
	s, err := getSession(ctx, c.read(), id)
	return s, during(err, "read session %s", id)
}

func getSession(ctx context.Context, q *queries.Queries, id media.ID) (media.Session, error) {
	r, err := q.GetSession(ctx, int64(id))
	if err != nil {
		return media.Session{}, notFound(err, "There is no upload with the id %s.", id)
	}
	return sessionOf(r)
}

// BeginClosing takes a session for finalizing: from open, unless ExpiresAt <=
// now, or from a closing that began before staleBefore, whose holder is
// believed dead. It gives the session as it is afterwards and whether this call
// took it; if so, ClosingToken is token and ClosingSince is now. Of many calls
// one takes it, and a second call with the same token does not. token must not
// be empty, nor ever used by another call. Unknown ids are media.CodeNotFound. It
// is durable with the next write that is, as CloseSession.
func (c *Catalog) BeginClosing(ctx context.Context, id media.ID, token string, now, staleBefore time.Time) (media.Session, bool, error) {
	if token == "" {
		return media.Session{}, false, fmt.Errorf("begin closing session %s: empty token", id)
	}
	var s media.Session
	var took bool
	err := c.writeStep(ctx, func(q *queries.Queries, before bool) error {
		step := queries.BeginClosingParams{ID: int64(id), Token: token, Now: millis(now), StaleBefore: millis(staleBefore)}
		r, err := q.BeginClosing(ctx, step)
		if errors.Is(err, sql.ErrNoRows) {
			// Whoever stood in the way may be done by now, so the answer is only
			// certain once the row can't change any more.
			if r, err = q.HoldSession(ctx, int64(id)); err != nil {
				return notFound(err, "There is no upload with the id %s.", id)
			}
			again, err := q.BeginClosing(ctx, step)
			switch {
			case errors.Is(err, sql.ErrNoRows):
				took = before && r.ClosingToken == token
				s, err = sessionOf(r)
				return err
			case err != nil:
				return err
			}
			r = again
		}
		if err != nil {
			return err
		}
		took = true
		s, err = sessionOf(r)
		return err
	})
	if err != nil {
		return media.Session{}, false, during(err, "begin closing session %s", id)
	}
	return s, took, nil
}

// Reopen gives a session that token is closing back to open. False means that
// token does not hold it (any more), or that there is no such session.
func (c *Catalog) Reopen(ctx context.Context, id media.ID, token string) (bool, error) {
	n, err := c.change(ctx, func(q *queries.Queries) (int64, error) {
		return q.ReopenSession(ctx, queries.ReopenSessionParams{ID: int64(id), Token: token})
	})
	return n, during(err, "reopen session %s", id)
}

// CloseSession ends the session m.ID, which token must be closing, and records
// the media that it became, both or neither; of the two only the session says
// whether it is shared. False means that token does not
// hold the session (any more), or that there is none: nothing was written. A
// slug that another media has is ErrConflict, and nothing was written.
func (c *Catalog) CloseSession(ctx context.Context, token string, m media.Media, now time.Time) (bool, error) {
	row, err := newMediaRow(m)
	if err != nil {
		return false, during(err, "close session %s", m.ID)
	}
	closed, err := c.changeOnce(ctx, func(q *queries.Queries, before bool) (int64, error) {
		n, err := closeSession(ctx, q, token, m, row, now)
		if err == nil && n == 0 && before {
			_, n, err = became(ctx, q, m)
		}
		return n, err
	})
	return closed, during(err, "close session %s", m.ID)
}

func closeSession(ctx context.Context, q *queries.Queries, token string, m media.Media, row queries.InsertMediaParams, now time.Time) (int64, error) {
	session, err := q.CloseSession(ctx, queries.CloseSessionParams{ID: int64(m.ID), Token: token, Now: millis(now)})
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if err := fill(ctx, q, &session, m); err != nil {
		return 0, err
	}
	row.Shared = session.Shared // metadata may have come since the session was read
	n, err := q.InsertMedia(ctx, row)
	if err == nil && n == 0 {
		err = ErrConflict
	}
	if err != nil {
		return 0, err
	}
	return n, keep(ctx, q, m, 0, session)
}

// ExpireSessions ends at most limit sessions with ExpiresAt <= now that are
// open, or closing since before staleBefore, and gives their ids in ascending
// order. Their EndedAt is now.
func (c *Catalog) ExpireSessions(ctx context.Context, now, staleBefore time.Time, limit int) ([]media.ID, error) {
	ids, err := c.changeMany(ctx, func(q *queries.Queries) ([]int64, error) {
		rows, err := q.ExpireSessions(ctx, queries.ExpireSessionsParams{
			Now:         millis(now),
			StaleBefore: millis(staleBefore),
			AtMost:      atMost(limit),
		})
		if err != nil {
			return nil, err
		}
		// By owner, so that two transactions lock rows the same way round.
		slices.SortFunc(rows, func(a, b queries.ExpireSessionsRow) int { return strings.Compare(a.Owner, b.Owner) })
		ids := make([]int64, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
			if err := unreserve(ctx, q, r.Owner, r.Reserved); err != nil {
				return nil, err
			}
		}
		return ids, nil
	})
	return ids, during(err, "expire sessions")
}

// change runs a compare-and-set in a transaction: whether it changed a row.
func (c *Catalog) change(ctx context.Context, fn func(*queries.Queries) (int64, error)) (bool, error) {
	var n int64
	err := c.write(ctx, func(q *queries.Queries) (err error) {
		n, err = fn(q)
		return err
	})
	return err == nil && n > 0, err
}

// changeOnce is change by writeOnce.
func (c *Catalog) changeOnce(ctx context.Context, fn func(q *queries.Queries, before bool) (int64, error)) (bool, error) {
	var n int64
	err := c.writeOnce(ctx, func(q *queries.Queries, before bool) (err error) {
		n, err = fn(q, before)
		return err
	})
	return err == nil && n > 0, err
}

// changeMany runs changes in a transaction and gives the ids they met, sorted.
func (c *Catalog) changeMany(ctx context.Context, fn func(*queries.Queries) ([]int64, error)) ([]media.ID, error) {
	var ids []int64
	err := c.write(ctx, func(q *queries.Queries) (err error) {
		ids, err = fn(q)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(ids)
	return mediaIDs(ids), nil
}

// atMost is a LIMIT: below 0 SQLite would take it for none.
func atMost(limit int) int64 { return int64(max(limit, 0)) }

func mediaIDs(ids []int64) []media.ID {
	out := make([]media.ID, len(ids))
	for i, id := range ids {
		out[i] = media.ID(id)
	}
	return out
}

func rowIDs(ids []media.ID) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}
