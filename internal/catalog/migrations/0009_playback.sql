-- +goose Up
-- How media were played, hour by hour and since ever: the sums last when hours
-- are deleted.
CREATE TABLE playback_hour (
    media_id       BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
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
    PRIMARY KEY (media_id, hour)
);

CREATE INDEX playback_hour_hour ON playback_hour (hour);

CREATE TABLE playback_total (
    media_id       BIGINT NOT NULL PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
    starts         BIGINT NOT NULL,
    quarters       BIGINT NOT NULL,
    halves         BIGINT NOT NULL,
    three_quarters BIGINT NOT NULL,
    completes      BIGINT NOT NULL,
    views          BIGINT NOT NULL,
    taps           BIGINT NOT NULL,
    cta_urls       BIGINT NOT NULL,
    cta_watches    BIGINT NOT NULL,
    watch_ms       BIGINT NOT NULL
);

-- What was counted of one viewer's playback, so that it counts once. events has
-- a bit for each metric.
CREATE TABLE playback_seen (
    session    TEXT   NOT NULL PRIMARY KEY,
    events     BIGINT NOT NULL,
    watch_ms   BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX playback_seen_expires ON playback_seen (expires_at);

-- Up to which record of which stream the counts go. A stream that is made anew
-- has another id and begins at 1 again.
CREATE TABLE playback_offset (
    stream   TEXT   NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL
);
