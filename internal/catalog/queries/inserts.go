package queries

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// insertPage is how many rows one statement writes: more than most media have
// renditions, and few enough for the statements of all lengths to be kept.
const insertPage = 8

const renditionColumns = 12

// InsertRenditions writes rows, several by one statement.
func (q *Queries) InsertRenditions(ctx context.Context, rows []Rendition) error {
	for page := range slices.Chunk(rows, insertPage) {
		args := make([]any, 0, len(page)*renditionColumns)
		for _, r := range page {
			args = append(args, r.MediaID, r.Attempt, r.Name, r.Position, r.Role, r.ContentType, r.BitRate,
				r.Width, r.Height, r.BlobKey, r.BlobSize, r.BlobCRC)
		}
		if _, err := q.db.ExecContext(ctx, insertRenditions(len(page)), args...); err != nil {
			return err
		}
	}
	return nil
}

// insertRenditions is the statement for n rows. It has a name as those that sqlc
// made, and so is kept prepared.
func insertRenditions(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `-- name: InsertRenditions%d :exec
INSERT INTO rendition (
    media_id, attempt, name, position, role, content_type, bit_rate, width, height,
    blob_key, blob_size, blob_crc
) VALUES `, n)
	for i := range n * renditionColumns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%renditionColumns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(i + 1))
	}
	b.WriteByte(')')
	return b.String()
}
