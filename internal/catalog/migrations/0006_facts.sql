-- +goose Up
-- What processing counted in a file beyond its width, height and duration, as
-- JSON; empty where it counts nothing.
ALTER TABLE media ADD COLUMN facts TEXT NOT NULL DEFAULT '';
