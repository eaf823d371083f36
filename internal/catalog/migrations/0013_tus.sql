-- +goose Up
-- In which way the bytes of an upload come: '' in segments with numbers, else one
-- behind the other, as tus has it.
ALTER TABLE session ADD COLUMN way TEXT NOT NULL DEFAULT '';

-- What counts of an upload whose bytes come one behind the other. A row is added
-- only where the last one ends, so of two who send from there one loses.
CREATE TABLE part (
    session_id BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    number     BIGINT NOT NULL,
    starts     BIGINT NOT NULL,
    blob_key   TEXT   NOT NULL,
    blob_size  BIGINT NOT NULL,
    blob_crc   BIGINT NOT NULL,
    PRIMARY KEY (session_id, number)
);

-- What a tus client said of its upload, to be given back.
CREATE TABLE tus (
    session_id BIGINT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    metadata   TEXT   NOT NULL,
    concat     TEXT   NOT NULL,
    joined     BIGINT NOT NULL -- the upload that this one became a part of; 0 for none
);

UPDATE compatible_from SET version = 11 WHERE id = 1;
