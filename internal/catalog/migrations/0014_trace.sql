-- +goose Up
-- The trace of whoever made an event come about, as the headers traceparent and
-- tracestate with a blank between them; '' for none.
ALTER TABLE event ADD COLUMN trace TEXT NOT NULL DEFAULT '';

UPDATE compatible_from SET version = 11 WHERE id = 1;
