-- +goose Up
-- How many attempts at a media ended without a word, as they do where the
-- process dies of it.
ALTER TABLE media ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE redo ADD COLUMN lost BIGINT NOT NULL DEFAULT 0;
