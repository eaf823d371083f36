-- name: InsertWebhook :execrows
INSERT INTO webhook (id, owner, url, secret, old_secret, old_until, kinds, status, status_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT DO NOTHING;

-- name: CountWebhooks :one
SELECT COUNT(*) FROM webhook WHERE owner = @owner;

-- name: GetWebhook :one
SELECT * FROM webhook WHERE id = @id;

-- name: ListWebhooks :many
SELECT * FROM webhook WHERE owner = @owner ORDER BY id;

-- name: UpdateWebhook :execrows
UPDATE webhook
SET url = @url, kinds = @kinds, status_at = CASE WHEN status = @status THEN status_at ELSE @now END, status = @status
WHERE id = @id AND owner = @owner;

-- name: RotateWebhookSecret :execrows
UPDATE webhook
SET old_secret = secret, old_until = @old_until, secret = @secret
WHERE id = @id AND owner = @owner;

-- name: DisableWebhook :execrows
UPDATE webhook SET status = 'disabled', status_at = @now WHERE id = @id AND status = 'active';

-- name: DeleteWebhook :execrows
DELETE FROM webhook WHERE id = @id AND owner = @owner;

-- name: DeleteWebhooksOfOwner :exec
DELETE FROM webhook WHERE owner = @owner;

-- DueWebhooks are those for which a delivery waits whose time has come.
-- name: DueWebhooks :many
SELECT w.id, w.url FROM webhook w
WHERE w.status = 'active' AND EXISTS (
    SELECT 1 FROM webhook_delivery d
    WHERE d.webhook_id = w.id AND d.state = 'waiting' AND d.next_at <= @now AND d.busy_until <= @now
)
ORDER BY w.id;

-- ClaimDelivery takes the one that has been due for longest.
-- name: ClaimDelivery :one
WITH taken AS (
    SELECT d.event_id FROM webhook_delivery d
    WHERE d.webhook_id = @webhook_id AND d.state = 'waiting' AND d.next_at <= @now AND d.busy_until <= @now
    ORDER BY d.next_at
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
UPDATE webhook_delivery
SET attempt = attempt + 1, tries = tries + 1, busy_until = @busy_until
WHERE webhook_delivery.webhook_id = @webhook_id AND webhook_delivery.event_id IN (SELECT event_id FROM taken)
RETURNING *;

-- name: SettleDelivery :execrows
UPDATE webhook_delivery
SET state = @state, busy_until = 0, next_at = @next_at,
    last_at = @last_at, last_status = @last_status, last_words = @last_words, done_at = @done_at
WHERE webhook_id = @webhook_id AND event_id = @event_id AND attempt = @attempt AND state = 'waiting';

-- name: FreeDeliveries :execrows
UPDATE webhook_delivery SET busy_until = 0 WHERE state = 'waiting' AND busy_until > 0;

-- InsertDelivery makes one for a single webhook.
-- name: InsertDelivery :exec
INSERT INTO webhook_delivery (webhook_id, event_id, state, attempt, tries, next_at, busy_until, last_at, last_status, last_words, done_at)
VALUES (@webhook_id, @event_id, 'waiting', 0, 0, @next_at, 0, 0, 0, '', 0);

-- Redeliver makes what is done wait again, and what waits due.
-- name: Redeliver :execrows
UPDATE webhook_delivery
SET state = 'waiting', tries = 0, next_at = @now, done_at = 0
WHERE webhook_id = @webhook_id AND event_id = @event_id;

-- name: GetDelivery :one
SELECT sqlc.embed(webhook_delivery), sqlc.embed(event)
FROM webhook_delivery JOIN event ON event.id = webhook_delivery.event_id
WHERE webhook_delivery.webhook_id = @webhook_id AND webhook_delivery.event_id = @event_id;

-- name: DeliveriesBefore :many
SELECT sqlc.embed(webhook_delivery), sqlc.embed(event)
FROM webhook_delivery JOIN event ON event.id = webhook_delivery.event_id
WHERE webhook_delivery.webhook_id = @webhook_id AND webhook_delivery.event_id < @before
ORDER BY webhook_delivery.event_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- name: WaitingTests :one
SELECT COUNT(*) FROM webhook_delivery d JOIN event e ON e.id = d.event_id
WHERE d.webhook_id = @webhook_id AND d.state = 'waiting' AND e.kind = 'webhook.test';
