-- +goose Up
-- Only what is not done is looked for by it: other media need not be in it.
DROP INDEX media_unfinished;
CREATE INDEX media_unfinished ON media (state, touched_at) WHERE gone_at = 0 AND state IN ('pending', 'in_progress');

UPDATE compatible_from SET version = 11 WHERE id = 1;
