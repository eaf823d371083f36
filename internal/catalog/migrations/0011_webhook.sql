-- +goose Up
-- What happened to media, for those who are told: one row for each event, in the
-- transaction of the change itself. The ids count up in the order of the commits,
-- because each is taken from the counter's one row, which stays locked until then.
CREATE TABLE event (
    id              BIGINT NOT NULL PRIMARY KEY,
    kind            TEXT   NOT NULL,
    media_id        BIGINT NOT NULL,
    owner           TEXT   NOT NULL,
    category        TEXT   NOT NULL,
    failure_code    BIGINT NOT NULL,
    failure_name    TEXT   NOT NULL,
    failure_message TEXT   NOT NULL,
    at              BIGINT NOT NULL
);

CREATE INDEX event_owner ON event (owner, id);
CREATE INDEX event_at ON event (at);

-- last is the id of the newest event, pruned that of the newest that is gone.
CREATE TABLE event_counter (
    id     BIGINT NOT NULL PRIMARY KEY,
    last   BIGINT NOT NULL,
    pruned BIGINT NOT NULL
);

INSERT INTO event_counter (id, last, pruned) VALUES (1, 0, 0);

-- kinds has a bit for each kind of event. The secret before the present one still
-- signs until old_until.
CREATE TABLE webhook (
    id         BIGINT NOT NULL PRIMARY KEY,
    owner      TEXT   NOT NULL,
    url        TEXT   NOT NULL,
    secret     TEXT   NOT NULL,
    old_secret TEXT   NOT NULL,
    old_until  BIGINT NOT NULL,
    kinds      BIGINT NOT NULL,
    status     TEXT   NOT NULL CHECK (status IN ('active', 'paused', 'disabled')),
    status_at  BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE INDEX webhook_owner ON webhook (owner, id);
CREATE INDEX webhook_active ON webhook (id) WHERE status = 'active';

-- attempt counts every try there ever was, so that only the newest can say how
-- it ended; tries those since it was last asked for.
CREATE TABLE webhook_delivery (
    webhook_id  BIGINT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    event_id    BIGINT NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    state       TEXT   NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
    attempt     BIGINT NOT NULL,
    tries       BIGINT NOT NULL,
    next_at     BIGINT NOT NULL,
    busy_until  BIGINT NOT NULL,
    last_at     BIGINT NOT NULL,
    last_status BIGINT NOT NULL,
    last_words  TEXT   NOT NULL,
    done_at     BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, event_id)
);

CREATE INDEX webhook_delivery_due ON webhook_delivery (webhook_id, next_at) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_event ON webhook_delivery (event_id);
