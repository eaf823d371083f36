-- +goose Up
-- That a media which is done is to be processed once more. What it shows stays
-- until the new renditions are whole. attempt is the one that runs, or 0.
CREATE TABLE redo (
    media_id   BIGINT NOT NULL PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
    attempt    BIGINT NOT NULL,
    touched_at BIGINT NOT NULL
);

CREATE INDEX redo_touched ON redo (touched_at);
