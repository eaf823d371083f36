-- +goose Up
-- Whether an account gets the scope magpie.admin when it signs in.
ALTER TABLE account ADD COLUMN is_admin BIGINT NOT NULL DEFAULT 0;

-- A browser in which somebody is signed in to the console. Its access tokens hang
-- from a consent or, where an OpenID Connect issuer signs people in, are the issuer's.
CREATE TABLE console_session (
    hash           TEXT   NOT NULL PRIMARY KEY,
    user_id        TEXT   NOT NULL,
    consent_id     TEXT   NOT NULL, -- '' with an issuer
    issued         TEXT   NOT NULL, -- what the issuer gave, sealed; '' without one
    serial         BIGINT NOT NULL, -- counts what the issuer gave
    renewing_until BIGINT NOT NULL, -- until when one process asks the issuer anew
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL
);

CREATE INDEX console_session_user ON console_session (user_id);
CREATE INDEX console_session_expires ON console_session (expires_at);

UPDATE compatible_from SET version = 11 WHERE id = 1;
