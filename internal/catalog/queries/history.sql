-- InsertHistory notes what happens to a media that the transaction has locked.
-- name: InsertHistory :one
INSERT INTO history (media_id, serial, kind, attempt, at, ended_at, outcome, code, name, message)
SELECT CAST(@media_id AS BIGINT), COALESCE(MAX(h.serial), 0) + 1, CAST(@kind AS TEXT), CAST(@attempt AS BIGINT),
    CAST(@at AS BIGINT), CAST(@ended_at AS BIGINT), CAST(@outcome AS TEXT), CAST(@code AS BIGINT), CAST(@name AS TEXT),
    CAST(@message AS TEXT)
FROM history h WHERE h.media_id = CAST(@media_id AS BIGINT)
RETURNING serial;

-- name: EndAttempt :execrows
UPDATE history SET ended_at = @now, outcome = @outcome, code = @code, name = @name, message = @message
WHERE media_id = @media_id AND kind = 'attempt' AND attempt = @attempt AND outcome = '';

-- name: TrimHistory :exec
DELETE FROM history WHERE media_id = @media_id AND serial <= @upto;

-- name: ListHistory :many
SELECT * FROM history WHERE media_id = @media_id ORDER BY serial;
