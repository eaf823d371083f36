-- name: GetPlaybackOffset :one
SELECT position FROM playback_offset WHERE stream = @stream;

-- name: InsertPlaybackOffset :exec
INSERT INTO playback_offset (stream, position) VALUES (@stream, 0)
ON CONFLICT DO NOTHING;

-- MovePlaybackOffset gives how far the owners' sums go afterwards: not as far
-- where the magpie before this one has counted meanwhile.
-- name: MovePlaybackOffset :one
UPDATE playback_offset
SET position = @position, summed = CASE WHEN summed = @was THEN @position ELSE summed END
WHERE stream = @stream AND position = @was
RETURNING summed;

-- name: SetPlaybackSummed :exec
UPDATE playback_offset SET summed = position WHERE stream = @stream;

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

-- name: AddPlaybackOwner :exec
INSERT INTO playback_owner (
    owner, hour, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT (owner, hour) DO UPDATE SET
    starts = playback_owner.starts + excluded.starts,
    quarters = playback_owner.quarters + excluded.quarters,
    halves = playback_owner.halves + excluded.halves,
    three_quarters = playback_owner.three_quarters + excluded.three_quarters,
    completes = playback_owner.completes + excluded.completes,
    views = playback_owner.views + excluded.views,
    taps = playback_owner.taps + excluded.taps,
    cta_urls = playback_owner.cta_urls + excluded.cta_urls,
    cta_watches = playback_owner.cta_watches + excluded.cta_watches,
    watch_ms = playback_owner.watch_ms + excluded.watch_ms;

-- LastPlaybackOwner is the newest hour that the owners' sums have.
-- name: LastPlaybackOwner :one
SELECT CAST(COALESCE(MAX(hour), 0) AS BIGINT) FROM playback_owner;

-- MendPlaybackOwners has the owners' sums of hours be no less than those of their
-- media, of which some may be gone.
-- name: MendPlaybackOwners :exec
INSERT INTO playback_owner (
    owner, hour, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
)
SELECT m.owner, h.hour, CAST(SUM(h.starts) AS BIGINT), CAST(SUM(h.quarters) AS BIGINT), CAST(SUM(h.halves) AS BIGINT),
    CAST(SUM(h.three_quarters) AS BIGINT), CAST(SUM(h.completes) AS BIGINT), CAST(SUM(h.views) AS BIGINT),
    CAST(SUM(h.taps) AS BIGINT), CAST(SUM(h.cta_urls) AS BIGINT), CAST(SUM(h.cta_watches) AS BIGINT),
    CAST(SUM(h.watch_ms) AS BIGINT)
FROM playback_hour h JOIN media m ON m.id = h.media_id
WHERE h.hour >= @since
GROUP BY m.owner, h.hour
ON CONFLICT (owner, hour) DO UPDATE SET
    starts = CASE WHEN excluded.starts > playback_owner.starts THEN excluded.starts ELSE playback_owner.starts END,
    quarters = CASE WHEN excluded.quarters > playback_owner.quarters THEN excluded.quarters ELSE playback_owner.quarters END,
    halves = CASE WHEN excluded.halves > playback_owner.halves THEN excluded.halves ELSE playback_owner.halves END,
    three_quarters = CASE WHEN excluded.three_quarters > playback_owner.three_quarters
        THEN excluded.three_quarters ELSE playback_owner.three_quarters END,
    completes = CASE WHEN excluded.completes > playback_owner.completes THEN excluded.completes ELSE playback_owner.completes END,
    views = CASE WHEN excluded.views > playback_owner.views THEN excluded.views ELSE playback_owner.views END,
    taps = CASE WHEN excluded.taps > playback_owner.taps THEN excluded.taps ELSE playback_owner.taps END,
    cta_urls = CASE WHEN excluded.cta_urls > playback_owner.cta_urls THEN excluded.cta_urls ELSE playback_owner.cta_urls END,
    cta_watches = CASE WHEN excluded.cta_watches > playback_owner.cta_watches
        THEN excluded.cta_watches ELSE playback_owner.cta_watches END,
    watch_ms = CASE WHEN excluded.watch_ms > playback_owner.watch_ms THEN excluded.watch_ms ELSE playback_owner.watch_ms END;

-- TopPlayback sums up hours of an owner's live media, the most viewed first.
-- name: TopPlayback :many
SELECT h.media_id, CAST(SUM(h.starts) AS BIGINT) AS starts, CAST(SUM(h.quarters) AS BIGINT) AS quarters,
    CAST(SUM(h.halves) AS BIGINT) AS halves, CAST(SUM(h.three_quarters) AS BIGINT) AS three_quarters,
    CAST(SUM(h.completes) AS BIGINT) AS completes, CAST(SUM(h.views) AS BIGINT) AS views, CAST(SUM(h.taps) AS BIGINT) AS taps,
    CAST(SUM(h.cta_urls) AS BIGINT) AS cta_urls, CAST(SUM(h.cta_watches) AS BIGINT) AS cta_watches,
    CAST(SUM(h.watch_ms) AS BIGINT) AS watch_ms
FROM playback_hour h JOIN media m ON m.id = h.media_id
WHERE m.owner = @owner AND m.gone_at = 0 AND h.hour >= @since AND h.hour < @until
GROUP BY h.media_id
ORDER BY SUM(h.views) DESC, SUM(h.starts) DESC, h.media_id DESC
LIMIT CAST(@at_most AS BIGINT);

-- TopTotals are the owner's live media that were viewed most since ever.
-- name: TopTotals :many
SELECT t.media_id
FROM playback_total t JOIN media m ON m.id = t.media_id
WHERE m.owner = @owner AND m.gone_at = 0
ORDER BY t.views DESC, t.starts DESC, t.media_id DESC
LIMIT CAST(@at_most AS BIGINT);

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

-- name: PrunePlaybackOwners :execrows
WITH taken AS (
    SELECT o.owner, o.hour FROM playback_owner o
    WHERE o.hour < @before
    ORDER BY o.hour
    LIMIT CAST(@at_most AS BIGINT)
    FOR UPDATE SKIP LOCKED
)
DELETE FROM playback_owner
WHERE (owner, hour) IN (SELECT owner, hour FROM taken);
