-- InsertSession inserts nothing when the id is taken. A media has its session's
-- id and never outlives it, so this covers ids of media too.
-- name: InsertSession :execrows
INSERT INTO session (
    id, owner, category, type, total_bytes, shared, additional_owners,
    state, closing_token, closing_since, created_at, expires_at, ended_at, reserved, way
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (id) DO NOTHING;

-- name: GetSession :one
SELECT * FROM session WHERE id = @id;

-- HoldSession keeps a session as it is until the transaction ends.
-- name: HoldSession :one
SELECT * FROM session WHERE id = @id FOR UPDATE;

-- name: BeginClosing :one
UPDATE session
SET state = 'closing', closing_token = @token, closing_since = @now
WHERE id = @id
  AND ((state = 'open' AND expires_at > @now)
    OR (state = 'closing' AND closing_since < @stale_before))
RETURNING *;

-- name: ReopenSession :execrows
UPDATE session
SET state = 'open', closing_token = '', closing_since = 0
WHERE id = @id AND state = 'closing' AND closing_token = @token;

-- name: CloseSession :one
UPDATE session
SET state = 'closed', closing_token = '', closing_since = 0, ended_at = @now
WHERE id = @id AND state = 'closing' AND closing_token = @token
RETURNING owner, reserved, shared;

-- FillSession makes a session that was nobody's, and is closed now, what it became.
-- name: FillSession :exec
UPDATE session
SET owner = @owner, category = @category, type = @type, total_bytes = @total_bytes,
    additional_owners = @additional_owners, created_at = @created_at
WHERE id = @id;

-- name: ExpireSessions :many
WITH taken AS (
    SELECT s.id FROM session s
    WHERE s.state IN ('open', 'closing') AND s.expires_at <= @now
      AND (s.state = 'open' OR s.closing_since < @stale_before)
    ORDER BY s.expires_at
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
UPDATE session
SET state = 'expired', closing_token = '', closing_since = 0, ended_at = @now
WHERE id IN (SELECT id FROM taken)
RETURNING id, owner, reserved;

-- PruneExpired removes sessions that came to nothing, and by the foreign keys
-- all that hangs from them.
-- name: PruneExpired :many
WITH taken AS (
    SELECT s.id FROM session s
    WHERE s.state = 'expired' AND s.ended_at < @before
    ORDER BY s.ended_at
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM session
WHERE id IN (SELECT id FROM taken)
RETURNING id;

-- PruneGone removes gone media by their sessions, once their bytes count no more.
-- name: PruneGone :many
WITH taken AS (
    SELECT m.id FROM media m
    WHERE m.gone_at > 0 AND m.gone_at < @before
      AND NOT EXISTS (SELECT 1 FROM kept k WHERE k.media_id = m.id)
    ORDER BY m.gone_at
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM session
WHERE id IN (SELECT id FROM taken)
RETURNING id;

-- name: PageSessions :many
SELECT * FROM session
WHERE id > @after
ORDER BY id
LIMIT CAST(@at_most AS BIGINT);
