-- Describable finds the upload if metadata may be set on it: its session has
-- not expired and its media, if it is one yet, is not gone. Until the
-- transaction ends, nobody else's changes come between.
-- name: Describable :one
SELECT s.id FROM session s
WHERE s.id = @id AND s.state <> 'expired'
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.id = s.id AND m.gone_at > 0)
FOR UPDATE;

-- name: SetMetadata :exec
INSERT INTO metadata (media_id, name, value, updated_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (media_id, name) DO UPDATE
SET value = excluded.value, updated_at = excluded.updated_at;

-- name: ClearMetadata :exec
DELETE FROM metadata WHERE media_id = @media_id AND name = @name;

-- name: ShareSession :exec
UPDATE session SET shared = @shared WHERE id = @id;

-- name: ShareMedia :exec
UPDATE media SET shared = @shared WHERE id = @id;
