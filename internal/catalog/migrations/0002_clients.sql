-- Who may ask, and in whose name: users who sign in here, the clients they let
-- act for them, and what those were given. Beside them what is said of a media
-- by other calls: its subtitles, and the fault that a tester asked for.

-- +goose Up
CREATE TABLE subtitle (
    media_id     BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    language     TEXT   NOT NULL,
    display_name TEXT   NOT NULL,
    file_id      BIGINT NOT NULL REFERENCES media (id) ON DELETE CASCADE,
    attached_at  BIGINT NOT NULL,
    PRIMARY KEY (media_id, language)
);

CREATE INDEX subtitle_file ON subtitle (file_id);

CREATE TABLE fault (
    media_id        BIGINT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    failure_name    TEXT   NOT NULL,
    failure_message TEXT   NOT NULL,
    processing_ms   BIGINT NOT NULL
);

CREATE TABLE account (
    id            TEXT   NOT NULL PRIMARY KEY,
    username      TEXT   NOT NULL UNIQUE,
    password_hash TEXT   NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE signin (
    hash       TEXT   NOT NULL PRIMARY KEY,
    user_id    TEXT   NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX signin_user ON signin (user_id);
CREATE INDEX signin_expires ON signin (expires_at);

-- A client has two pairs of credentials, as an app has on X: id and secret for
-- OAuth 2, key and key secret for OAuth 1.0a and for its app-only token. The key
-- secret is sealed, since signatures are checked with it; the other is hashed.
CREATE TABLE client (
    id            TEXT   NOT NULL PRIMARY KEY,
    secret_hash   TEXT   NOT NULL,
    api_key       TEXT   NOT NULL UNIQUE,
    api_secret    TEXT   NOT NULL,
    name          TEXT   NOT NULL,
    owner         TEXT   NOT NULL,
    is_public     BIGINT NOT NULL,
    read_only     BIGINT NOT NULL,
    redirect_uris TEXT   NOT NULL,
    app_serial    BIGINT NOT NULL,
    created_at    BIGINT NOT NULL,
    revoked_at    BIGINT NOT NULL
);

CREATE INDEX client_owner ON client (owner);

-- That a user lets a client act: what every token of it hangs from. Nothing of
-- it is good for anything after ends_at, which moves on with each refresh.
CREATE TABLE consent (
    id         TEXT   NOT NULL PRIMARY KEY,
    client_id  TEXT   NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    user_id    TEXT   NOT NULL,
    scopes     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE INDEX consent_user ON consent (user_id);
CREATE INDEX consent_client ON consent (client_id);
CREATE INDEX consent_ends ON consent (ends_at);

CREATE TABLE code (
    hash             TEXT   NOT NULL PRIMARY KEY,
    consent_id       TEXT   NOT NULL REFERENCES consent (id) ON DELETE CASCADE,
    redirect_uri     TEXT   NOT NULL,
    challenge        TEXT   NOT NULL,
    challenge_method TEXT   NOT NULL,
    expires_at       BIGINT NOT NULL,
    used_at          BIGINT NOT NULL
);

CREATE INDEX code_consent ON code (consent_id);

CREATE TABLE refresh_token (
    hash       TEXT   NOT NULL PRIMARY KEY,
    consent_id TEXT   NOT NULL REFERENCES consent (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT NOT NULL
);

CREATE INDEX refresh_token_consent ON refresh_token (consent_id);
CREATE INDEX refresh_token_expires ON refresh_token (expires_at);

-- The user's half of an OAuth 1.0a signature.
CREATE TABLE user_token (
    token      TEXT   NOT NULL PRIMARY KEY,
    secret     TEXT   NOT NULL,
    client_id  TEXT   NOT NULL REFERENCES client (id) ON DELETE CASCADE,
    user_id    TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT NOT NULL
);

CREATE INDEX user_token_user ON user_token (user_id);
CREATE INDEX user_token_client ON user_token (client_id);

-- Empty for a token that an operator made.
ALTER TABLE token ADD COLUMN client_id TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN consent_id TEXT NOT NULL DEFAULT '';

CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_consent ON token (consent_id) WHERE consent_id <> '';
CREATE INDEX token_client ON token (client_id) WHERE client_id <> '';
CREATE INDEX token_consent_expires ON token (expires_at) WHERE consent_id <> '';
