-- +goose Up
-- What happened to a media after it was uploaded: a row for each attempt at
-- processing it, and for being asked to be processed once more, deleted, expired
-- and restored. serial counts the rows of one media from 1; the oldest go first.
-- ended_at and outcome are an attempt's, 0 and '' while it runs.
CREATE TABLE history (
    media_id BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    serial   BIGINT NOT NULL,
    kind     TEXT   NOT NULL,
    attempt  BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    outcome  TEXT   NOT NULL,
    code     BIGINT NOT NULL,
    name     TEXT   NOT NULL,
    message  TEXT   NOT NULL,
    PRIMARY KEY (media_id, serial)
);

-- How an owner's media were played, hour by hour: the sums of playback_hour, so
-- that nobody reads the hours of all media for it. What was counted of a media
-- stays in it when the media goes.
CREATE TABLE playback_owner (
    owner          TEXT   NOT NULL,
    hour           BIGINT NOT NULL,
    starts         BIGINT NOT NULL,
    quarters       BIGINT NOT NULL,
    halves         BIGINT NOT NULL,
    three_quarters BIGINT NOT NULL,
    completes      BIGINT NOT NULL,
    views          BIGINT NOT NULL,
    taps           BIGINT NOT NULL,
    cta_urls       BIGINT NOT NULL,
    cta_watches    BIGINT NOT NULL,
    watch_ms       BIGINT NOT NULL,
    PRIMARY KEY (owner, hour)
);

CREATE INDEX playback_owner_hour ON playback_owner (hour);

INSERT INTO playback_owner (
    owner, hour, starts, quarters, halves, three_quarters, completes, views, taps, cta_urls, cta_watches, watch_ms
)
SELECT m.owner, h.hour, SUM(h.starts), SUM(h.quarters), SUM(h.halves), SUM(h.three_quarters), SUM(h.completes),
    SUM(h.views), SUM(h.taps), SUM(h.cta_urls), SUM(h.cta_watches), SUM(h.watch_ms)
FROM playback_hour h JOIN media m ON m.id = h.media_id
GROUP BY m.owner, h.hour;

-- Up to which record the owners' sums go. Where that is not position, the magpie
-- before this one has counted, which does not know them.
ALTER TABLE playback_offset ADD COLUMN summed BIGINT NOT NULL DEFAULT 0;

UPDATE playback_offset SET summed = position;

UPDATE compatible_from SET version = 11 WHERE id = 1;
