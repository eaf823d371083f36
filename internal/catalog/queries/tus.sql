-- name: InsertTus :exec
INSERT INTO tus (session_id, metadata, concat, joined) VALUES ($1, $2, $3, 0);

-- name: GetTus :one
SELECT * FROM tus WHERE session_id = @session_id;

-- name: JoinTus :execrows
UPDATE tus SET joined = @joined WHERE session_id = @session_id AND joined = 0;
