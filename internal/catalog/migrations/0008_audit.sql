-- +goose Up
-- Who changed which group of an upload's metadata, and from what to what: the
-- group's JSON, empty where it is not set. serial counts the changes of one
-- upload from 1.
CREATE TABLE audit (
    media_id   BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    serial     BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    user_id    TEXT   NOT NULL,
    client_id  TEXT   NOT NULL,
    token_id   TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    old_value  TEXT   NOT NULL,
    new_value  TEXT   NOT NULL,
    PRIMARY KEY (media_id, serial)
);

CREATE INDEX audit_user ON audit (user_id);

-- The client whose tokens alone may change an upload; there is a row exactly
-- while management_info says that it is managed. Empty is all tokens that an
-- operator made.
CREATE TABLE manager (
    media_id  BIGINT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    client_id TEXT   NOT NULL
);

-- From here on, shared_info and what initialize said about sharing are one: the
-- group is there as the column says.
DELETE FROM metadata WHERE name = 'shared_info';
INSERT INTO metadata (media_id, name, value, updated_at)
SELECT id, 'shared_info', '{"shared":true}', created_at FROM session WHERE shared = 1;
