-- +goose Up
-- What operators did on the command line: a row before each command changes
-- something, and ended_at, which is 0 until then, once it is done. told is 1 when a
-- server has written it into its log.
CREATE TABLE deed (
    id       TEXT   NOT NULL PRIMARY KEY,
    begun_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,
    failed   BIGINT NOT NULL,
    operator TEXT   NOT NULL,
    command  TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    told     BIGINT NOT NULL
);

CREATE INDEX deed_begun ON deed (begun_at, id);
CREATE INDEX deed_untold ON deed (begun_at, id) WHERE told = 0;

UPDATE compatible_from SET version = 11 WHERE id = 1;
