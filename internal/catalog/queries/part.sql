-- name: LastPart :one
SELECT * FROM part WHERE session_id = @session_id ORDER BY number DESC LIMIT 1;

-- name: InsertPart :execrows
INSERT INTO part (session_id, number, starts, blob_key, blob_size, blob_crc)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (session_id, number) DO NOTHING;

-- name: ListParts :many
SELECT * FROM part WHERE session_id = @session_id ORDER BY number;

-- name: DeleteParts :exec
DELETE FROM part WHERE session_id = @session_id;

-- name: DeclareTotal :execrows
UPDATE session SET total_bytes = @total_bytes, reserved = @total_bytes
WHERE id = @id AND state = 'open' AND total_bytes = -1;
