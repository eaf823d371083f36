-- name: InsertConsent :execrows
INSERT INTO consent (id, client_id, user_id, scopes, created_at, ends_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING;

-- name: InsertCode :execrows
INSERT INTO code (hash, consent_id, redirect_uri, challenge, challenge_method, expires_at, used_at)
VALUES ($1, $2, $3, $4, $5, $6, 0)
ON CONFLICT DO NOTHING;

-- name: InsertRefreshToken :execrows
INSERT INTO refresh_token (hash, consent_id, created_at, expires_at, used_at)
VALUES ($1, $2, $3, $4, 0)
ON CONFLICT DO NOTHING;

-- name: GetConsent :one
SELECT * FROM consent WHERE id = @id;

-- name: ListConsents :many
SELECT * FROM consent ORDER BY created_at, id COLLATE "C";

-- name: GetCode :one
SELECT * FROM code WHERE hash = @hash;

-- name: GetRefreshToken :one
SELECT * FROM refresh_token WHERE hash = @hash;

-- LockConsent holds a consent, unrevoked, until the transaction ends: who
-- revokes it waits, and then sees what was made under it.
-- name: LockConsent :execrows
UPDATE consent SET revoked_at = revoked_at WHERE id = @id AND revoked_at = 0;

-- name: UseCode :execrows
UPDATE code SET used_at = @now WHERE hash = @hash AND used_at = 0 AND expires_at > @now;

-- name: UseRefreshToken :execrows
UPDATE refresh_token SET used_at = @now WHERE hash = @hash AND used_at = 0 AND expires_at > @now;

-- name: ExtendConsent :exec
UPDATE consent SET ends_at = @ends_at WHERE id = @id AND ends_at < @ends_at;

-- name: RevokeConsent :execrows
UPDATE consent SET revoked_at = @now WHERE id = @id AND revoked_at = 0;

-- name: RevokeTokensOfConsent :exec
UPDATE token SET revoked_at = @now WHERE consent_id = @consent_id AND consent_id <> '' AND revoked_at = 0;

-- PruneConsents takes codes and refresh tokens with it.
-- name: PruneConsents :execrows
DELETE FROM consent
WHERE id IN (SELECT c.id FROM consent AS c WHERE c.ends_at < @before ORDER BY c.ends_at LIMIT CAST(@at_most AS BIGINT));

-- name: PruneRefreshTokens :execrows
DELETE FROM refresh_token
WHERE hash IN (SELECT r.hash FROM refresh_token AS r WHERE r.expires_at < @before ORDER BY r.expires_at LIMIT CAST(@at_most AS BIGINT));

-- name: PruneConsentTokens :execrows
DELETE FROM token
WHERE id IN (SELECT t.id FROM token AS t WHERE t.consent_id <> '' AND t.expires_at < @before ORDER BY t.expires_at LIMIT CAST(@at_most AS BIGINT));
