package catalog

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"magpie/internal/catalog/queries"
	"magpie/internal/media"
)

// ServersQuota is the quota of a user who has none of their own.
const ServersQuota int64 = -1

// Storage is what a user's uploads take, in bytes. Media that were deleted
// count until they can't be restored any more; renditions that others replaced
// do not count.
type Storage struct {
	Originals  int64 // exact uploads
	Renditions int64 // what is shown of them
	Media      int64 // how many there are
	Uploads    int64 // what unfinished uploads have declared
	Quota      int64 // the user's own in bytes; 0 for none, ServersQuota for the server's
}

// Used is everything that counts against a quota.
func (s Storage) Used() int64 { return s.Originals + s.Renditions + s.Uploads }

// Within gives the quota that holds for the user where the server's is quota;
// 0 for none.
func (s Storage) Within(quota int64) int64 {
	if s.Quota != ServersQuota {
		return s.Quota
	}
	return quota
}

// Storage reads what a user's uploads take. Somebody unknown has nothing.
func (c *Catalog) Storage(ctx context.Context, owner string) (Storage, error) {
	s, err := getStorage(ctx, c.read(), owner)
	return s, during(err, "read the storage of user %s", owner)
}

func getStorage(ctx context.Context, q *queries.Queries, owner string) (Storage, error) {
	r, err := q.GetStorage(ctx, owner)
	if errors.Is(err, sql.ErrNoRows) {
		return Storage{Quota: ServersQuota}, nil
	}
	return storageOf(r), err
}

func storageOf(r queries.Storage) Storage {
	return Storage{Originals: r.Originals, Renditions: r.Renditions, Media: r.Media, Uploads: r.Uploads, Quota: r.Quota}
}

// SetQuota gives a user a quota of their own in bytes, 0 for none at all, or
// with ServersQuota takes it away. What is stored already stays.
func (c *Catalog) SetQuota(ctx context.Context, owner string, quota int64) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		return q.SetQuota(ctx, queries.SetQuotaParams{Owner: owner, Quota: max(quota, ServersQuota)})
	})
	return during(err, "set the quota of user %s", owner)
}

// Reserve says how many bytes an unfinished session will become, which its
// owner's quota must have room for: see CreateSessionWithin. It may be called
// again, and the last call counts. A session that has ended, or is not there,
// is left as it is.
func (c *Catalog) Reserve(ctx context.Context, id media.ID, bytes, quota int64) error {
	err := c.write(ctx, func(q *queries.Queries) error {
		before, err := q.HoldSession(ctx, int64(id)) // for two at once not to count from the same
		if err != nil {
			return notFound(err, "There is no upload with the id %s.", id)
		}
		n, err := q.SetReserved(ctx, queries.SetReservedParams{ID: int64(id), Reserved: bytes})
		if err != nil || n == 0 || bytes == before.Reserved {
			return err
		}
		return reserve(ctx, q, before.Owner, bytes-before.Reserved, quota)
	})
	return during(err, "reserve %d bytes for %s", bytes, id)
}

// reserve takes room for an upload of so many more bytes, or refuses it. The
// owner's row is held from the first statement on, so of two uploads at once
// the second counts the first.
func reserve(ctx context.Context, q *queries.Queries, owner string, bytes, quota int64) error {
	r, err := q.TakeStorage(ctx, queries.TakeStorageParams{Owner: owner, Uploads: bytes})
	if err != nil {
		return err
	}
	s := storageOf(r)
	s.Uploads -= bytes
	return s.Room(bytes, quota)
}

// Room refuses an upload of so many bytes, with CodeQuota, where what the user
// has leaves no room for it in the quota: their own, or else the server's.
// bytes 0 stands for an upload whose length is not known, which needs some room.
func (s Storage) Room(bytes, quota int64) error {
	limit := s.Within(quota)
	if limit == 0 || bytes < 0 || max(bytes, 1) <= limit-s.Used() {
		return nil
	}
	if bytes == 0 {
		return media.Errorf(media.CodeQuota, "The storage quota of %d bytes has no room for another upload: %d bytes are used. Delete media, or abort unfinished uploads, to make room.", limit, s.Used())
	}
	return media.Errorf(media.CodeQuota, "The upload of %d bytes would exceed the storage quota of %d bytes, of which %d are used. Delete media, or abort unfinished uploads, to make room.", bytes, limit, s.Used())
}

// keep counts a new media, which shows renditions of so many bytes, and whose
// session had some reserved.
func keep(ctx context.Context, q *queries.Queries, m media.Media, renditions int64, session queries.CloseSessionRow) error {
	err := q.InsertKept(ctx, queries.InsertKeptParams{MediaID: int64(m.ID), Owner: m.Owner, Originals: m.Size(), Renditions: renditions})
	if err != nil {
		return err
	}
	add := queries.AddStorageParams{Owner: m.Owner, Originals: m.Size(), Renditions: renditions, Media: 1}
	if session.Owner == m.Owner {
		add.Uploads = -session.Reserved
		return q.AddStorage(ctx, add)
	}
	if err := q.AddStorage(ctx, add); err != nil {
		return err
	}
	return unreserve(ctx, q, session.Owner, session.Reserved)
}

// unreserve gives the room of an upload back that came to nothing.
func unreserve(ctx context.Context, q *queries.Queries, owner string, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	return q.AddStorage(ctx, queries.AddStorageParams{Owner: owner, Uploads: -bytes})
}

// keepRenditions counts what a media shows now in the place of what it showed.
func keepRenditions(ctx context.Context, q *queries.Queries, id media.ID, shown []media.Rendition) error {
	k, err := q.GetKept(ctx, int64(id))
	if err != nil {
		return err
	}
	sum := sizeOf(shown)
	if err := q.SetKeptRenditions(ctx, queries.SetKeptRenditionsParams{MediaID: int64(id), Renditions: sum}); err != nil {
		return err
	}
	return q.AddStorage(ctx, queries.AddStorageParams{Owner: k.Owner, Renditions: sum - k.Renditions})
}

// sizeOf is how many bytes renditions take.
func sizeOf(shown []media.Rendition) int64 {
	var sum int64
	for i, r := range shown {
		// A file may be shown under several names.
		if !slices.ContainsFunc(shown[:i], func(o media.Rendition) bool { return o.Blob.Key == r.Blob.Key }) {
			sum += r.Blob.Size
		}
	}
	return sum
}

// LetGo ends the time in which media could be restored: those that are still as
// they were read, gone since that time and holding their bytes, count no more
// and don't come back, so that their blobs may be removed. It gives the ids of
// those, in ascending order.
func (c *Catalog) LetGo(ctx context.Context, gone []media.Media) ([]media.ID, error) {
	ids, err := c.changeMany(ctx, func(q *queries.Queries) ([]int64, error) {
		var ids []int64
		for _, m := range gone {
			ok, err := letGo(ctx, q, int64(m.ID), millis(m.GoneAt))
			if err != nil {
				return nil, err
			}
			if ok {
				ids = append(ids, int64(m.ID))
			}
		}
		return ids, nil
	})
	return ids, during(err, "let %d media go", len(gone))
}

func letGo(ctx context.Context, q *queries.Queries, id, goneAt int64) (bool, error) {
	_, err := q.HoldGone(ctx, queries.HoldGoneParams{ID: id, GoneAt: goneAt})
	if errors.Is(err, sql.ErrNoRows) || goneAt == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	k, err := q.DeleteKept(ctx, id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, q.AddStorage(ctx, queries.AddStorageParams{
		Owner: k.Owner, Originals: -k.Originals, Renditions: -k.Renditions, Media: -1,
	})
}
