package queries

import (
	"context"
	"database/sql"
	"fmt"
)

// Shown is what is shown of some media: their rows without manifests, the
// renditions of their published attempts and their metadata, each in no order.
type Shown struct {
	Media      []Media
	Renditions []Rendition
	Metadata   []Metadata
}

// The rows of three tables come in the columns of one: a number that says which
// table it is, the media's id, ten texts and thirteen numbers.
const (
	shownHead = `WITH asked AS (
    SELECT id, owner, additional_owners, category, type, slug, state, failure_name, failure_message, placeholder, facts,
        shared, attempt, published, progress, failure_code, width, height, duration_ns, created_at, touched_at, expires_at, gone_at, lost
    FROM media WHERE id IN `
	shownTail = `)
SELECT 0, id, owner, additional_owners, category, type, slug, state, failure_name, failure_message, placeholder, facts,
    shared, attempt, published, progress, failure_code, width, height, duration_ns, created_at, touched_at, expires_at, gone_at, lost
FROM asked
UNION ALL
SELECT 1, r.media_id, r.name, r.role, r.content_type, r.blob_key, '', '', '', '', '', '',
    r.attempt, r.position, r.bit_rate, r.width, r.height, r.blob_size, r.blob_crc, 0, 0, 0, 0, 0, 0
FROM asked a JOIN rendition r ON r.media_id = a.id AND r.attempt = a.published
UNION ALL
SELECT 2, n.media_id, n.name, n.value, '', '', '', '', '', '', '', '',
    n.updated_at, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
FROM asked a JOIN metadata n ON n.media_id = a.id`
)

type shownRow struct {
	table int64
	id    int64
	text  [10]string
	n     [13]int64
}

// ListShown reads what is shown of the media of ids, those that exist, in one
// statement for each page of ids.
func (q *Queries) ListShown(ctx context.Context, ids []int64) (Shown, error) {
	var out Shown
	rows, err := list(ctx, q.db, shownHead, ids, shownTail, func(rows *sql.Rows, r *shownRow) error {
		into := []any{&r.table, &r.id}
		for i := range r.text {
			into = append(into, &r.text[i])
		}
		for i := range r.n {
			into = append(into, &r.n[i])
		}
		return rows.Scan(into...)
	})
	if err != nil {
		return out, err
	}
	for _, r := range rows {
		t, n := r.text, r.n
		switch r.table {
		case 0:
			out.Media = append(out.Media, Media{
				ID: r.id, Owner: t[0], AdditionalOwners: t[1], Category: t[2], Type: t[3], Slug: t[4], State: t[5],
				FailureName: t[6], FailureMessage: t[7], Placeholder: t[8], Facts: t[9],
				Shared: n[0], Attempt: n[1], Published: n[2], Progress: n[3], FailureCode: n[4], Width: n[5], Height: n[6],
				DurationNS: n[7], CreatedAt: n[8], TouchedAt: n[9], ExpiresAt: n[10], GoneAt: n[11], Lost: n[12],
			})
		case 1:
			out.Renditions = append(out.Renditions, Rendition{
				MediaID: r.id, Name: t[0], Role: t[1], ContentType: t[2], BlobKey: t[3],
				Attempt: n[0], Position: n[1], BitRate: n[2], Width: n[3], Height: n[4], BlobSize: n[5], BlobCRC: n[6],
			})
		case 2:
			out.Metadata = append(out.Metadata, Metadata{MediaID: r.id, Name: t[0], Value: t[1], UpdatedAt: n[0]})
		default:
			return out, fmt.Errorf("read media: a row of table %d", r.table)
		}
	}
	return out, nil
}
