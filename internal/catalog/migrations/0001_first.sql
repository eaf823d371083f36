-- Both databases run this text. BIGINT for every integer and truth value, TEXT
-- for JSON, times as Unix milliseconds (0: never), nothing is null.
--
-- A session has the id of the media it becomes and outlives it, so everything
-- about one upload hangs from its session row and goes when that goes.

-- +goose Up
CREATE TABLE session (
    id                BIGINT NOT NULL PRIMARY KEY,
    owner             TEXT   NOT NULL,
    category          TEXT   NOT NULL,
    type              TEXT   NOT NULL,
    total_bytes       BIGINT NOT NULL,
    shared            BIGINT NOT NULL,
    additional_owners TEXT   NOT NULL,
    state             TEXT   NOT NULL CHECK (state IN ('open', 'closing', 'closed', 'expired')),
    closing_token     TEXT   NOT NULL,
    closing_since     BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    ended_at          BIGINT NOT NULL,
    CHECK ((state = 'closing') = (closing_token <> ''))
);

-- These two hold the few rows that a query looks for; most sessions are closed.
CREATE INDEX session_unfinished ON session (expires_at) WHERE state IN ('open', 'closing');
CREATE INDEX session_expired ON session (ended_at) WHERE state = 'expired';

CREATE TABLE media (
    id                BIGINT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    owner             TEXT   NOT NULL,
    additional_owners TEXT   NOT NULL,
    shared            BIGINT NOT NULL,
    category          TEXT   NOT NULL,
    type              TEXT   NOT NULL,
    slug              TEXT   NOT NULL UNIQUE,
    state             TEXT   NOT NULL CHECK (state IN ('pending', 'in_progress', 'succeeded', 'failed')),
    attempt           BIGINT NOT NULL,
    published         BIGINT NOT NULL,
    progress          BIGINT NOT NULL,
    failure_code      BIGINT NOT NULL,
    failure_name      TEXT   NOT NULL,
    failure_message   TEXT   NOT NULL,
    width             BIGINT NOT NULL,
    height            BIGINT NOT NULL,
    duration_ns       BIGINT NOT NULL,
    created_at        BIGINT NOT NULL,
    touched_at        BIGINT NOT NULL,
    expires_at        BIGINT NOT NULL,
    gone_at           BIGINT NOT NULL,
    -- Last, because SQLite keeps a long manifest in overflow pages and reads
    -- through them only for columns that come after.
    manifest          TEXT   NOT NULL
);

CREATE INDEX media_unfinished ON media (state, touched_at) WHERE gone_at = 0;
CREATE INDEX media_retention ON media (expires_at) WHERE gone_at = 0 AND expires_at > 0;
CREATE INDEX media_gone ON media (gone_at) WHERE gone_at > 0;

CREATE TABLE rendition (
    media_id     BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    attempt      BIGINT NOT NULL,
    name         TEXT   NOT NULL,
    position     BIGINT NOT NULL,
    role         TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    bit_rate     BIGINT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    blob_key     TEXT   NOT NULL,
    blob_size    BIGINT NOT NULL,
    blob_crc     BIGINT NOT NULL,
    PRIMARY KEY (media_id, attempt, name)
);

-- One row for each group, so that concurrent changes of different groups both
-- last. The session is named, not the media: metadata may come first.
CREATE TABLE metadata (
    media_id   BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    name       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (media_id, name)
);

CREATE TABLE token (
    id         TEXT   NOT NULL PRIMARY KEY,
    hash       TEXT   NOT NULL UNIQUE,
    user_id    TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    app_only   BIGINT NOT NULL,
    label      TEXT   NOT NULL,
    is_first   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

-- Of two servers that start at once, one makes the first token.
CREATE UNIQUE INDEX token_first ON token (is_first) WHERE is_first = 1;
