-- AddStorage adds to an owner's sums and makes the row if there is none. It
-- holds the row, so that of two who ask for room at once the second sees what
-- the first got.
-- name: AddStorage :exec
INSERT INTO storage (owner, originals, renditions, media, uploads, quota)
VALUES ($1, $2, $3, $4, $5, -1)
ON CONFLICT (owner) DO UPDATE
SET originals = storage.originals + excluded.originals,
    renditions = storage.renditions + excluded.renditions,
    media = storage.media + excluded.media,
    uploads = storage.uploads + excluded.uploads;

-- TakeStorage is AddStorage for who asks for room, and gives the sums with it.
-- name: TakeStorage :one
INSERT INTO storage (owner, originals, renditions, media, uploads, quota)
VALUES (@owner, 0, 0, 0, @uploads, -1)
ON CONFLICT (owner) DO UPDATE SET uploads = storage.uploads + excluded.uploads
RETURNING *;

-- name: GetStorage :one
SELECT * FROM storage WHERE owner = @owner;

-- name: PageStorage :many
SELECT * FROM storage
WHERE owner > @after
ORDER BY owner
LIMIT CAST(@at_most AS BIGINT);

-- name: SetQuota :exec
INSERT INTO storage (owner, originals, renditions, media, uploads, quota)
VALUES (@owner, 0, 0, 0, 0, @quota)
ON CONFLICT (owner) DO UPDATE SET quota = excluded.quota;

-- name: ResetStorage :execrows
UPDATE storage SET originals = 0, renditions = 0, media = 0, uploads = 0 WHERE owner >= '';

-- name: DropStorage :execrows
DELETE FROM storage WHERE owner = @owner;

-- name: InsertKept :exec
INSERT INTO kept (media_id, owner, originals, renditions) VALUES ($1, $2, $3, $4);

-- name: GetKept :one
SELECT * FROM kept WHERE media_id = @media_id;

-- name: SetKeptRenditions :exec
UPDATE kept SET renditions = @renditions WHERE media_id = @media_id;

-- name: DeleteKept :one
DELETE FROM kept WHERE media_id = @media_id RETURNING *;

-- HoldGone keeps a media as it is until the transaction ends, if it went at
-- that time and did not come back.
-- name: HoldGone :one
SELECT id FROM media WHERE id = @id AND gone_at = @gone_at FOR UPDATE;

-- KeptOfGone finds what PruneGone would otherwise wait for.
-- name: KeptOfGone :many
SELECT m.id, m.gone_at FROM media m
JOIN kept k ON k.media_id = m.id
WHERE m.gone_at > 0 AND m.gone_at < @before
ORDER BY m.gone_at
LIMIT CAST(@at_most AS BIGINT);
