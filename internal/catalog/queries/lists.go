package queries

import (
	"context"
	"database/sql"
	"slices"
	"strconv"
	"strings"
)

// ListPage is how many ids one statement takes; longer lists take several.
const ListPage = 500

// ListSessions reads the sessions of ids, those that exist, in no order.
func (q *Queries) ListSessions(ctx context.Context, ids []int64) ([]Session, error) {
	return list(ctx, q.db, `SELECT id, owner, category, type, total_bytes, shared, additional_owners,
    state, closing_token, closing_since, created_at, expires_at, ended_at, way
FROM session WHERE id IN `, ids, "", func(rows *sql.Rows, s *Session) error {
		return rows.Scan(&s.ID, &s.Owner, &s.Category, &s.Type, &s.TotalBytes, &s.Shared, &s.AdditionalOwners,
			&s.State, &s.ClosingToken, &s.ClosingSince, &s.CreatedAt, &s.ExpiresAt, &s.EndedAt, &s.Way)
	})
}

// ListMedia reads the media of ids, those that exist, in no order.
func (q *Queries) ListMedia(ctx context.Context, ids []int64) ([]Media, error) {
	return list(ctx, q.db, `SELECT id, owner, additional_owners, shared, category, type, slug, state, attempt,
    published, progress, failure_code, failure_name, failure_message, width, height,
    duration_ns, created_at, touched_at, expires_at, gone_at, manifest, placeholder, lost, facts
FROM media WHERE id IN `, ids, "", func(rows *sql.Rows, m *Media) error {
		return rows.Scan(&m.ID, &m.Owner, &m.AdditionalOwners, &m.Shared, &m.Category, &m.Type, &m.Slug, &m.State, &m.Attempt,
			&m.Published, &m.Progress, &m.FailureCode, &m.FailureName, &m.FailureMessage, &m.Width, &m.Height,
			&m.DurationNS, &m.CreatedAt, &m.TouchedAt, &m.ExpiresAt, &m.GoneAt, &m.Manifest, &m.Placeholder, &m.Lost, &m.Facts)
	})
}

const selectRenditions = `SELECT r.media_id, r.attempt, r.name, r.position, r.role, r.content_type, r.bit_rate,
    r.width, r.height, r.blob_key, r.blob_size, r.blob_crc
FROM rendition r JOIN media m ON m.id = r.media_id
WHERE `

const orderRenditions = ` ORDER BY r.media_id, r.attempt, r.position`

// ListPublishedRenditions reads the renditions that the media of ids show,
// those of one media together and in order of position.
func (q *Queries) ListPublishedRenditions(ctx context.Context, ids []int64) ([]Rendition, error) {
	return list(ctx, q.db, selectRenditions+`r.attempt = m.published AND r.media_id IN `, ids, orderRenditions, scanRendition)
}

// ListCurrentRenditions reads the renditions of the media of ids except those
// of attempts before the published one.
func (q *Queries) ListCurrentRenditions(ctx context.Context, ids []int64) ([]Rendition, error) {
	return list(ctx, q.db, selectRenditions+`r.attempt >= m.published AND r.media_id IN `, ids, orderRenditions, scanRendition)
}

// ListRenditions reads all renditions of the media of ids.
func (q *Queries) ListRenditions(ctx context.Context, ids []int64) ([]Rendition, error) {
	return list(ctx, q.db, selectRenditions+`r.media_id IN `, ids, orderRenditions, scanRendition)
}

func scanRendition(rows *sql.Rows, r *Rendition) error {
	return rows.Scan(&r.MediaID, &r.Attempt, &r.Name, &r.Position, &r.Role, &r.ContentType, &r.BitRate,
		&r.Width, &r.Height, &r.BlobKey, &r.BlobSize, &r.BlobCRC)
}

// ListRedos reads which of the media of ids are to be processed once more.
func (q *Queries) ListRedos(ctx context.Context, ids []int64) ([]Redo, error) {
	return list(ctx, q.db, `SELECT media_id, attempt, touched_at
FROM redo WHERE media_id IN `, ids, "", func(rows *sql.Rows, r *Redo) error {
		return rows.Scan(&r.MediaID, &r.Attempt, &r.TouchedAt)
	})
}

// ListKept reads what the media of ids count as, those that count.
func (q *Queries) ListKept(ctx context.Context, ids []int64) ([]Kept, error) {
	return list(ctx, q.db, `SELECT media_id, owner, originals, renditions
FROM kept WHERE media_id IN `, ids, "", func(rows *sql.Rows, k *Kept) error {
		return rows.Scan(&k.MediaID, &k.Owner, &k.Originals, &k.Renditions)
	})
}

// ListSearch reads what the uploads of ids are searched by, in no order.
func (q *Queries) ListSearch(ctx context.Context, ids []int64) ([]Search, error) {
	return list(ctx, q.db, `SELECT media_id, owner, source, words
FROM search WHERE media_id IN `, ids, "", func(rows *sql.Rows, s *Search) error {
		return rows.Scan(&s.MediaID, &s.Owner, &s.Source, &s.Words)
	})
}

// ListMetadata reads the metadata groups of ids, in no order.
func (q *Queries) ListMetadata(ctx context.Context, ids []int64) ([]Metadata, error) {
	return list(ctx, q.db, `SELECT media_id, name, value, updated_at
FROM metadata WHERE media_id IN `, ids, "", func(rows *sql.Rows, m *Metadata) error {
		return rows.Scan(&m.MediaID, &m.Name, &m.Value, &m.UpdatedAt)
	})
}

// ListSubtitles reads the subtitles of the videos of ids, those whose files are
// not gone, in no order.
func (q *Queries) ListSubtitles(ctx context.Context, ids []int64) ([]Subtitle, error) {
	return list(ctx, q.db, `SELECT s.media_id, s.language, s.display_name, s.file_id, s.attached_at
FROM subtitle s JOIN media f ON f.id = s.file_id
WHERE f.gone_at = 0 AND s.media_id IN `, ids, "", func(rows *sql.Rows, s *Subtitle) error {
		return rows.Scan(&s.MediaID, &s.Language, &s.DisplayName, &s.FileID, &s.AttachedAt)
	})
}

// list runs "head (ids) tail" for a page of ids at a time.
func list[T any](ctx context.Context, db DBTX, head string, ids []int64, tail string, scan func(*sql.Rows, *T) error) ([]T, error) {
	var out []T
	for page := range slices.Chunk(ids, ListPage) {
		rows, err := db.QueryContext(ctx, head+placeholders(len(page))+tail, anys(page)...)
		if err != nil {
			return nil, err
		}
		if out, err = appendRows(out, rows, scan); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func appendRows[T any](out []T, rows *sql.Rows, scan func(*sql.Rows, *T) error) ([]T, error) {
	defer rows.Close()
	for rows.Next() {
		var t T
		if err := scan(rows, &t); err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	return out, rows.Err()
}

// placeholders gives "($1,$2,…,$n)".
func placeholders(n int) string {
	var b strings.Builder
	b.WriteByte('(')
	for i := 1; i <= n; i++ {
		if i > 1 {
			b.WriteByte(',')
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i))
	}
	b.WriteByte(')')
	return b.String()
}

func anys(ids []int64) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = id
	}
	return out
}
