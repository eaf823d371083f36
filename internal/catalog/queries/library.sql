-- The library's lists give ids in falling order with what the other filters look
-- at; each has an index that holds its order.

-- name: LibraryAll :many
SELECT id, category, state FROM media
WHERE owner = @owner AND gone_at = 0 AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: LibraryCategory :many
SELECT id, category, state FROM media
WHERE owner = @owner AND category = @category AND gone_at = 0 AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: LibraryState :many
SELECT id, category, state FROM media
WHERE owner = @owner AND state = @state AND gone_at = 0 AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- LibraryDeleted lists what can be restored: gone after a time, and not by its
-- retention.
-- name: LibraryDeleted :many
SELECT m.id, m.category, m.state FROM media m
JOIN kept k ON k.media_id = m.id
WHERE m.owner = @owner AND m.gone_at > 0 AND m.gone_at > @after AND (m.expires_at = 0 OR m.expires_at > @now) AND m.id < @before
ORDER BY m.id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: LibrarySource :many
SELECT media_id, source, words FROM search
WHERE owner = @owner AND source = @source AND source <> '' AND media_id < @before
ORDER BY media_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: LibraryWords :many
SELECT media_id, source, words FROM search
WHERE owner = @owner AND words <> '' AND media_id < @before
ORDER BY media_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- RestoreMedia brings a media back that is held. What ran when it went does not
-- run any more.
-- name: RestoreMedia :execrows
UPDATE media
SET gone_at = 0,
    progress = CASE WHEN state = 'in_progress' THEN 0 ELSE progress END,
    state = CASE WHEN state = 'in_progress' THEN 'pending' ELSE state END
WHERE id = @id AND gone_at > @gone_after AND (expires_at = 0 OR expires_at > @now);

-- HoldAny is HoldMedia for one that may be gone.
-- name: HoldAny :one
SELECT id FROM media WHERE id = @id FOR UPDATE;

-- name: OpenUploads :many
SELECT * FROM session
WHERE owner = @owner AND state IN ('open', 'closing') AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: AbortSession :one
UPDATE session
SET state = 'expired', ended_at = @now
WHERE id = @id AND state = 'open'
RETURNING owner, reserved;

-- name: SetReserved :execrows
UPDATE session SET reserved = @reserved WHERE id = @id AND state IN ('open', 'closing');

-- name: SetSearch :exec
INSERT INTO search (media_id, owner, source, words)
SELECT s.id, s.owner, @source, @words FROM session s WHERE s.id = @media_id
ON CONFLICT (media_id) DO UPDATE SET source = excluded.source, words = excluded.words;

-- name: ClearSearch :exec
DELETE FROM search WHERE media_id = @media_id;

-- name: InsertMention :exec
INSERT INTO mention (media_id, named_id, purpose) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING;

-- name: ClearMentions :exec
DELETE FROM mention WHERE media_id = @media_id;

-- UsesInMetadata gives where a media is named by others of one owner that have
-- not ended.
-- name: UsesInMetadata :many
SELECT u.media_id, u.purpose FROM mention u
JOIN session s ON s.id = u.media_id
WHERE u.named_id = @named_id AND u.media_id <> @named_id AND s.owner = @owner AND s.state <> 'expired'
  AND NOT EXISTS (SELECT 1 FROM media m WHERE m.id = u.media_id AND m.gone_at > 0)
ORDER BY u.media_id
LIMIT CAST(@at_most AS BIGINT);

-- name: UsesAsSubtitles :many
SELECT s.media_id, s.language FROM subtitle s
JOIN media v ON v.id = s.media_id
WHERE s.file_id = @file_id AND v.owner = @owner AND v.gone_at = 0
LIMIT CAST(@at_most AS BIGINT);
