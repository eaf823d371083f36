-- +goose Up
-- What a viewer shows until the picture is there, as text; empty where none was
-- made.
ALTER TABLE media ADD COLUMN placeholder TEXT NOT NULL DEFAULT '';
