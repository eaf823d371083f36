-- InsertRedo inserts nothing where the media is not done, or is to be processed
-- once more already. It is untouched since ever, so that the next look for
-- stalled media finds it.
-- name: InsertRedo :execrows
INSERT INTO redo (media_id, attempt, touched_at)
SELECT id, 0, 0
FROM media
WHERE id = @id AND state IN ('succeeded', 'failed') AND gone_at = 0
ON CONFLICT DO NOTHING;

-- name: ClaimRedo :one
UPDATE media
SET attempt = attempt + 1, touched_at = @now
WHERE id = @id AND state IN ('succeeded', 'failed') AND gone_at = 0
  AND id IN (SELECT media_id FROM redo)
RETURNING *;

-- StartRedo counts as ClaimMedia does, and gives the number.
-- name: StartRedo :one
UPDATE redo
SET lost = lost + CASE WHEN attempt > 0 THEN 1 ELSE 0 END, attempt = @attempt, touched_at = @now
WHERE media_id = @id
RETURNING lost;

-- name: TouchRedo :execrows
UPDATE redo SET touched_at = @now
WHERE redo.media_id = @id AND redo.attempt = @attempt
  AND EXISTS (SELECT 1 FROM media m WHERE m.id = redo.media_id AND m.gone_at = 0);

-- name: ReleaseRedo :execrows
UPDATE redo SET attempt = 0, touched_at = @now WHERE media_id = @id AND attempt = @attempt;

-- name: DeleteRedo :execrows
DELETE FROM redo WHERE media_id = @id AND attempt = @attempt;

-- name: SucceedRedo :execrows
UPDATE media
SET state = 'succeeded', published = attempt, progress = 100,
    failure_code = 0, failure_name = '', failure_message = '',
    width = @width, height = @height, duration_ns = @duration_ns, placeholder = @placeholder, facts = @facts, touched_at = @now
WHERE id = @id AND state IN ('succeeded', 'failed') AND attempt = @attempt AND gone_at = 0;

-- FailRedo changes what a failed media says of itself; one that succeeded keeps
-- what it has.
-- name: FailRedo :exec
UPDATE media
SET failure_code = @failure_code, failure_name = @failure_name, failure_message = @failure_message,
    width = @width, height = @height, duration_ns = @duration_ns, touched_at = @now
WHERE id = @id AND state = 'failed' AND attempt = @attempt AND gone_at = 0;

-- name: StalledRedo :many
SELECT media_id FROM redo
WHERE touched_at < @waiting_before AND (attempt = 0 OR touched_at < @running_before)
ORDER BY touched_at
LIMIT CAST(@at_most AS BIGINT);
