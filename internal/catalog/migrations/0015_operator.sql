-- +goose Up
-- What an operator's lists follow. Those of jobs and uploads hold only what is not
-- done, which is little beside all there ever was.
CREATE INDEX media_job ON media (state, id) WHERE gone_at = 0 AND state IN ('pending', 'in_progress', 'failed');
CREATE INDEX media_fault ON media (state, failure_name, id) WHERE gone_at = 0 AND state = 'failed';
CREATE INDEX redo_waiting ON redo (media_id) WHERE attempt = 0;
CREATE INDEX redo_running ON redo (media_id) WHERE attempt > 0;
CREATE INDEX session_open ON session (id) WHERE state IN ('open', 'closing');

-- Who stores most. The sum is written as the query has it.
CREATE INDEX storage_used ON storage ((originals + renditions + uploads), owner);

-- Tokens that an operator made apart from those that clients were given, of which
-- there are many.
CREATE INDEX token_made ON token (created_at, id) WHERE client_id = '';
CREATE INDEX token_given ON token (created_at, id) WHERE client_id <> '';
CREATE INDEX token_user_made ON token (user_id, created_at, id) WHERE client_id = '';
CREATE INDEX token_user_given ON token (user_id, created_at, id) WHERE client_id <> '';
CREATE INDEX client_created ON client (created_at, id);
CREATE INDEX account_created ON account (created_at, id);

UPDATE compatible_from SET version = 11 WHERE id = 1;
