package queries

import (
	"context"
	"fmt"
	"strings"
)

// Blank is what sessions that are nobody's have in common.
type Blank struct {
	Token                string
	CreatedAt, ExpiresAt int64
}

// InsertBlanks writes sessions under those of the ids that are free, and gives these.
func (q *Queries) InsertBlanks(ctx context.Context, ids []int64, b Blank) (map[int64]bool, error) {
	args := make([]any, 0, 4*len(ids))
	for _, id := range ids {
		args = append(args, id, b.Token, b.CreatedAt, b.ExpiresAt)
	}
	rows, err := q.db.QueryContext(ctx, insertBlanks(len(ids)), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	made := make(map[int64]bool, len(ids))
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		made[id] = true
	}
	return made, rows.Err()
}

// insertBlanks is the statement for n rows, with a name as those that sqlc made.
func insertBlanks(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `-- name: InsertBlanks%d :many
INSERT INTO session (
    id, closing_token, closing_since, created_at, expires_at, state,
    owner, category, type, additional_owners, total_bytes, shared, ended_at, reserved, way
) VALUES `, n)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		at := 4 * i
		fmt.Fprintf(&b, "($%d, $%d, $%[3]d, $%[3]d, $%[4]d, 'closing', '', '', '', '[]', 0, 0, 0, 0, '')", at+1, at+2, at+3, at+4)
	}
	b.WriteString("\nON CONFLICT (id) DO NOTHING RETURNING id")
	return b.String()
}
