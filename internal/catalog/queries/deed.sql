-- InsertDeed inserts nothing when the id is taken.
-- name: InsertDeed :execrows
INSERT INTO deed (id, begun_at, ended_at, failed, operator, command, subject, told)
VALUES ($1, $2, 0, 0, $3, $4, $5, 0)
ON CONFLICT DO NOTHING;

-- name: EndDeed :execrows
UPDATE deed SET ended_at = @ended_at, failed = @failed, subject = @subject, told = 0 WHERE id = @id;

-- name: PageDeeds :many
SELECT * FROM deed
WHERE (begun_at, id) > (CAST(@begun_at AS BIGINT), CAST(@id AS TEXT))
ORDER BY begun_at, id
LIMIT CAST(@at_most AS BIGINT);

-- name: UntoldDeeds :many
SELECT * FROM deed
WHERE told = 0 AND begun_at > 0 AND (ended_at > 0 OR begun_at < @begun_before)
ORDER BY begun_at, id
LIMIT CAST(@at_most AS BIGINT);

-- name: TellDeed :exec
UPDATE deed SET told = 1 WHERE id = @id AND ended_at = @ended_at;
