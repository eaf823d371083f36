package queries

import (
	"context"
	"database/sql"
	"slices"
)

// ListAccountNames reads the names of the accounts of ids, those that exist, in no
// order.
func (q *Queries) ListAccountNames(ctx context.Context, ids []string) ([]Account, error) {
	return listNamed(ctx, q.db, `SELECT id, username FROM account WHERE id IN `, ids, func(rows *sql.Rows, a *Account) error {
		return rows.Scan(&a.ID, &a.Username)
	})
}

// ListClientNames reads the names of the clients of ids, those that exist, in no
// order.
func (q *Queries) ListClientNames(ctx context.Context, ids []string) ([]Client, error) {
	return listNamed(ctx, q.db, `SELECT id, name FROM client WHERE id IN `, ids, func(rows *sql.Rows, c *Client) error {
		return rows.Scan(&c.ID, &c.Name)
	})
}

// ListStorage reads what the owners of ids store, those that have a row, in no
// order.
func (q *Queries) ListStorage(ctx context.Context, owners []string) ([]Storage, error) {
	return listNamed(ctx, q.db, `SELECT owner, originals, renditions, media, uploads, quota
FROM storage WHERE owner IN `, owners, func(rows *sql.Rows, s *Storage) error {
		return rows.Scan(&s.Owner, &s.Originals, &s.Renditions, &s.Media, &s.Uploads, &s.Quota)
	})
}

// listNamed is list for ids that are text.
func listNamed[T any](ctx context.Context, db DBTX, head string, ids []string, scan func(*sql.Rows, *T) error) ([]T, error) {
	var out []T
	for page := range slices.Chunk(ids, ListPage) {
		args := make([]any, len(page))
		for i, id := range page {
			args[i] = id
		}
		rows, err := db.QueryContext(ctx, head+placeholders(len(page)), args...)
		if err != nil {
			return nil, err
		}
		if out, err = appendRows(out, rows, scan); err != nil {
			return nil, err
		}
	}
	return out, nil
}
