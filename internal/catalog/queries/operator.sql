-- The lists of an operator: each follows an index that holds its order, and goes
-- on after the row that ended the page before.

-- JobsInState lists media that are pending, in_progress or failed.
-- name: JobsInState :many
SELECT id FROM media
WHERE gone_at = 0 AND state IN ('pending', 'in_progress', 'failed') AND state = @state AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: JobsGivenUp :many
SELECT id FROM media
WHERE gone_at = 0 AND state = 'failed' AND failure_name = 'InternalError' AND id < @before
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- RedosWaiting lists media that are done and wait to be processed once more.
-- name: RedosWaiting :many
SELECT media_id FROM redo
WHERE attempt = 0 AND media_id < @before
ORDER BY media_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: RedosRunning :many
SELECT media_id FROM redo
WHERE attempt > 0 AND media_id < @before
ORDER BY media_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- OpenUploadsOfAll passes over those that are nobody's yet.
-- name: OpenUploadsOfAll :many
SELECT * FROM session
WHERE state IN ('open', 'closing') AND id < @before AND owner <> ''
ORDER BY id DESC
LIMIT CAST(@at_most AS BIGINT);

-- StorageByUse passes over the row of nobody. The first comparison is for SQLite,
-- which does not look for two values in an index of a sum.
-- name: StorageByUse :many
SELECT * FROM storage
WHERE originals + renditions + uploads <= @used
  AND (originals + renditions + uploads, owner) < (CAST(@used AS BIGINT), CAST(@owner AS TEXT)) AND owner <> ''
ORDER BY originals + renditions + uploads DESC, owner DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: TokensMade :many
SELECT * FROM token
WHERE client_id = '' AND (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: TokensGiven :many
SELECT * FROM token
WHERE client_id <> '' AND (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: TokensMadeFor :many
SELECT * FROM token
WHERE user_id = @user_id AND client_id = '' AND (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: TokensGivenFor :many
SELECT * FROM token
WHERE user_id = @user_id AND client_id <> '' AND (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: ClientsByAge :many
SELECT * FROM client
WHERE (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: AccountsByAge :many
SELECT * FROM account
WHERE (created_at, id) < (CAST(@created_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY created_at DESC, id DESC
LIMIT CAST(@at_most AS BIGINT);
