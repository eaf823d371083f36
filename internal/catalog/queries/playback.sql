-- name: GetPlaybackOffset :one
SELECT position FROM playback_offset WHERE stream = @stream;

-- name: InsertPlaybackOffset :exec
INSERT INTO playback_offset (stream, position) VALUES (@stream, 0)
ON CONFLICT DO NOTHING;

-- name: MovePlaybackOffset :execrows
UPDATE playback_offset SET position = @position
WHERE stream = @stream AND position = @was;

-- name: SetPlaybackSeen :exec
INSERT INTO playback_seen (session, events, watch_ms, expires_at)
VALUES (@session, @events, @watch_ms, @expires_at)
ON CONFLICT (session) DO UPDATE SET events = excluded.events, watch_ms = excluded.watch_ms;

-- AddPlaybackHour adds nothing where the media is not there any more.
-- name: AddPlaybackHour :exec
INSERT INTO playback_hour (
    media_id, hour, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
)
SELECT m.id, CAST(@hour AS BIGINT), CAST(@starts AS BIGINT), CAST(@quarters AS BIGINT), CAST(@halves AS BIGINT),
    CAST(@three_quarters AS BIGINT), CAST(@completes AS BIGINT), CAST(@views AS BIGINT), CAST(@taps AS BIGINT),
    CAST(@cta_urls AS BIGINT), CAST(@cta_watches AS BIGINT), CAST(@watch_ms AS BIGINT)
FROM media m WHERE m.id = @media_id
ON CONFLICT (media_id, hour) DO UPDATE SET
    starts = playback_hour.starts + excluded.starts,
    quarters = playback_hour.quarters + excluded.quarters,
    halves = playback_hour.halves + excluded.halves,
    three_quarters = playback_hour.three_quarters + excluded.three_quarters,
    completes = playback_hour.completes + excluded.completes,
    views = playback_hour.views + excluded.views,
    taps = playback_hour.taps + excluded.taps,
    cta_urls = playback_hour.cta_urls + excluded.cta_urls,
    cta_watches = playback_hour.cta_watches + excluded.cta_watches,
    watch_ms = playback_hour.watch_ms + excluded.watch_ms;

-- AddPlaybackTotal adds nothing where the media is not there any more.
-- name: AddPlaybackTotal :exec
INSERT INTO playback_total (
    media_id, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
)
SELECT m.id, CAST(@starts AS BIGINT), CAST(@quarters AS BIGINT), CAST(@halves AS BIGINT),
    CAST(@three_quarters AS BIGINT), CAST(@completes AS BIGINT), CAST(@views AS BIGINT), CAST(@taps AS BIGINT),
    CAST(@cta_urls AS BIGINT), CAST(@cta_watches AS BIGINT), CAST(@watch_ms AS BIGINT)
FROM media m WHERE m.id = @media_id
ON CONFLICT (media_id) DO UPDATE SET
    starts = playback_total.starts + excluded.starts,
    quarters = playback_total.quarters + excluded.quarters,
    halves = playback_total.halves + excluded.halves,
    three_quarters = playback_total.three_quarters + excluded.three_quarters,
    completes = playback_total.completes + excluded.completes,
    views = playback_total.views + excluded.views,
    taps = playback_total.taps + excluded.taps,
    cta_urls = playback_total.cta_urls + excluded.cta_urls,
    cta_watches = playback_total.cta_watches + excluded.cta_watches,
    watch_ms = playback_total.watch_ms + excluded.watch_ms;

-- name: PrunePlaybackSeen :execrows
WITH taken AS (
    SELECT s.session FROM playback_seen s
    WHERE s.expires_at < @before
    ORDER BY s.expires_at
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM playback_seen
WHERE session IN (SELECT session FROM taken);

-- name: PrunePlaybackHours :execrows
WITH taken AS (
    SELECT h.media_id, h.hour FROM playback_hour h
    WHERE h.hour < @before
    ORDER BY h.hour
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM playback_hour
WHERE (media_id, hour) IN (SELECT media_id, hour FROM taken);
