-- InsertMedia inserts nothing when the id or the slug is taken.
-- name: InsertMedia :execrows
INSERT INTO media (
    id, owner, additional_owners, shared, category, type, slug, state, attempt,
    published, progress, failure_code, failure_name, failure_message, width, height,
    duration_ns, created_at, touched_at, expires_at, gone_at, manifest
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22
)
ON CONFLICT DO NOTHING;

-- InsertMadeMedia is InsertMedia for one that was processed before.
-- name: InsertMadeMedia :execrows
INSERT INTO media (
    id, owner, additional_owners, shared, category, type, slug, state, attempt,
    published, progress, failure_code, failure_name, failure_message, width, height,
    duration_ns, created_at, touched_at, expires_at, gone_at, manifest, placeholder, lost, facts
) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25
)
ON CONFLICT DO NOTHING;

-- name: GetMedia :one
SELECT * FROM media WHERE id = @id;

-- GetMediaOutline reads all but the manifest, as GetRenditionBySlug does, and how
-- long the exact upload is; -1 for one that was given up.
-- name: GetMediaOutline :one
SELECT id, owner, additional_owners, shared, category, type, slug, state, attempt,
    published, progress, failure_code, failure_name, failure_message, width, height,
    duration_ns, created_at, touched_at, expires_at, gone_at,
    CAST(COALESCE((SELECT k.originals FROM kept k WHERE k.media_id = media.id), -1) AS BIGINT) AS originals
FROM media
WHERE id = @id;

-- name: GetMediaBySlug :one
SELECT * FROM media WHERE slug = @slug;

-- ClaimMedia counts an attempt that is still in progress as lost.
-- name: ClaimMedia :one
UPDATE media
SET attempt = attempt + 1, lost = lost + CASE WHEN state = 'in_progress' THEN 1 ELSE 0 END,
    state = 'in_progress', progress = 0, touched_at = @now
WHERE id = @id AND state IN ('pending', 'in_progress') AND gone_at = 0
RETURNING *;

-- name: SetProgress :execrows
UPDATE media
SET progress = CASE WHEN CAST(@percent AS BIGINT) > progress THEN CAST(@percent AS BIGINT) ELSE progress END,
    touched_at = @now
WHERE id = @id AND state = 'in_progress' AND attempt = @attempt AND gone_at = 0;

-- name: ReleaseMedia :execrows
UPDATE media
SET state = 'pending', progress = 0, touched_at = @now
WHERE id = @id AND state = 'in_progress' AND attempt = @attempt AND gone_at = 0;

-- name: PostponeMedia :execrows
UPDATE media
SET state = 'pending', progress = 0, duration_ns = @duration_ns, touched_at = @now
WHERE id = @id AND state = 'in_progress' AND attempt = @attempt AND gone_at = 0;

-- name: SucceedMedia :execrows
UPDATE media
SET state = 'succeeded', published = attempt, progress = 100,
    width = @width, height = @height, duration_ns = @duration_ns, placeholder = @placeholder, facts = @facts, touched_at = @now
WHERE id = @id AND state = 'in_progress' AND attempt = @attempt AND gone_at = 0;

-- name: FailMedia :execrows
UPDATE media
SET state = 'failed',
    failure_code = @failure_code, failure_name = @failure_name, failure_message = @failure_message,
    width = @width, height = @height, duration_ns = @duration_ns, touched_at = @now
WHERE id = @id AND state = 'in_progress' AND attempt = @attempt AND gone_at = 0;

-- name: StalledPending :many
SELECT id FROM media
WHERE gone_at = 0 AND state IN ('pending', 'in_progress') AND state = 'pending' AND touched_at < @touched_before
ORDER BY touched_at
LIMIT CAST(@at_most AS BIGINT);

-- name: StalledInProgress :many
SELECT id FROM media
WHERE gone_at = 0 AND state IN ('pending', 'in_progress') AND state = 'in_progress' AND touched_at < @touched_before
ORDER BY touched_at
LIMIT CAST(@at_most AS BIGINT);

-- name: DeleteMedia :execrows
UPDATE media SET gone_at = @now WHERE id = @id AND gone_at = 0;

-- ExpiringMedia holds media whose time has come. It leaves subtitles that a video
-- shows which has not expired itself.
-- name: ExpiringMedia :many
SELECT m.id FROM media m
WHERE m.gone_at = 0 AND m.expires_at > 0 AND m.expires_at <= @now
  AND NOT EXISTS (
    SELECT 1 FROM subtitle s JOIN media v ON v.id = s.media_id
    WHERE s.file_id = m.id AND v.gone_at = 0 AND (v.expires_at = 0 OR v.expires_at > @now)
  )
ORDER BY m.expires_at
LIMIT CAST(@at_most AS BIGINT)
FOR UPDATE SKIP LOCKED;

-- ExpireMedia ends one that ExpiringMedia holds, unless it was attached to a video
-- just before it was held: that statement did not see it yet, and this one does.
-- name: ExpireMedia :execrows
UPDATE media SET gone_at = @now
WHERE media.id = @id AND media.gone_at = 0
  AND NOT EXISTS (
    SELECT 1 FROM subtitle s JOIN media v ON v.id = s.media_id
    WHERE s.file_id = media.id AND v.gone_at = 0 AND (v.expires_at = 0 OR v.expires_at > @now)
  );

-- name: PageMedia :many
SELECT * FROM media
WHERE id > @after
ORDER BY id
LIMIT CAST(@at_most AS BIGINT);
