-- NextEvent takes the next id, and lets nobody else take one before the
-- transaction ends.
-- name: NextEvent :one
UPDATE event_counter SET last = last + 1 WHERE id = 1 RETURNING last;

-- name: GetEventCounter :one
SELECT * FROM event_counter WHERE id = 1;

-- name: LockEventCounter :one
SELECT last FROM event_counter WHERE id = 1 FOR UPDATE;

-- InsertMediaEvent notes what the media is at this moment.
-- name: InsertMediaEvent :execrows
INSERT INTO event (id, kind, media_id, owner, category, failure_code, failure_name, failure_message, at, trace)
SELECT CAST(@event_id AS BIGINT), CAST(@kind AS TEXT), m.id, m.owner, m.category,
    m.failure_code, m.failure_name, m.failure_message, CAST(@at AS BIGINT), CAST(@trace AS TEXT)
FROM media m
WHERE m.id = @media_id;

-- name: InsertEvent :exec
INSERT INTO event (id, kind, media_id, owner, category, failure_code, failure_name, failure_message, at, trace)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- InsertDeliveries makes one for each of the owner's webhooks that want the kind.
-- name: InsertDeliveries :exec
INSERT INTO webhook_delivery (webhook_id, event_id, state, attempt, tries, next_at, busy_until, last_at, last_status, last_words, done_at)
SELECT w.id, e.id, 'waiting', 0, 0, e.at, 0, 0, 0, '', 0
FROM event e JOIN webhook w ON w.owner = e.owner
WHERE e.id = @event_id AND w.status <> 'disabled' AND (w.kinds & CAST(@kind AS BIGINT)) <> 0;

-- name: GetEvent :one
SELECT * FROM event WHERE id = @id;

-- name: EventsAfter :many
SELECT * FROM event WHERE id > @after ORDER BY id LIMIT CAST(@at_most AS BIGINT);

-- name: EventsOfOwnerAfter :many
SELECT * FROM event WHERE owner = @owner AND id > @after ORDER BY id LIMIT CAST(@at_most AS BIGINT);

-- name: PruneEvents :many
WITH taken AS (
    SELECT e.id FROM event e
    WHERE e.at < @before
    ORDER BY e.at
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM event
WHERE id IN (SELECT id FROM taken)
RETURNING id;

-- name: NotePruned :exec
UPDATE event_counter SET pruned = @pruned WHERE id = 1 AND pruned < @pruned;

-- MediaState also keeps the media as it is until the transaction ends.
-- name: MediaState :one
SELECT state FROM media WHERE id = @id FOR UPDATE;

-- MovingMedia reads who is at work on what, without the manifests.
-- name: MovingMedia :many
SELECT id, owner, category, state, attempt, progress, touched_at
FROM media
WHERE gone_at = 0 AND state IN ('pending', 'in_progress') AND state = @state AND touched_at >= @since
ORDER BY touched_at
LIMIT CAST(@at_most AS BIGINT);
