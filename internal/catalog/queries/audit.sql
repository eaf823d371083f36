-- name: LastAudit :one
SELECT CAST(COALESCE(MAX(serial), 0) AS BIGINT) FROM audit WHERE media_id = @media_id;

-- name: InsertAudit :exec
INSERT INTO audit (media_id, serial, changed_at, user_id, client_id, token_id, name, old_value, new_value)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: TrimAudit :exec
DELETE FROM audit WHERE media_id = @media_id AND serial <= @upto;

-- name: PageAudit :many
SELECT * FROM audit
WHERE media_id = @media_id AND serial < @below
ORDER BY serial DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: DeleteAuditOfUser :execrows
DELETE FROM audit WHERE user_id = @user_id;
