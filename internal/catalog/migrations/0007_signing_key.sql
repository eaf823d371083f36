-- +goose Up
-- What URLs and playback tokens are signed with. The one with the highest serial
-- signs; all hold until they are retired, which erases their secret. The secret
-- is sealed under the key file.
CREATE TABLE signing_key (
    id         TEXT   NOT NULL PRIMARY KEY,
    serial     BIGINT NOT NULL UNIQUE,
    secret     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT NOT NULL
);
