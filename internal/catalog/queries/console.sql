-- InsertConsoleSession inserts nothing when the hash is taken.
-- name: InsertConsoleSession :execrows
INSERT INTO console_session (hash, user_id, consent_id, issued, serial, renewing_until, created_at, expires_at)
VALUES ($1, $2, $3, $4, 0, 0, $5, $6)
ON CONFLICT DO NOTHING;

-- name: GetConsoleSession :one
SELECT * FROM console_session WHERE hash = @hash;

-- name: ExtendConsoleSession :execrows
UPDATE console_session SET expires_at = @expires_at WHERE hash = @hash;

-- ClaimConsoleRenewal lets one of several ask the issuer for what follows serial.
-- name: ClaimConsoleRenewal :execrows
UPDATE console_session SET renewing_until = @until
WHERE hash = @hash AND serial = @serial AND renewing_until <= @now;

-- name: RenewConsoleSession :execrows
UPDATE console_session SET issued = @issued, serial = serial + 1, renewing_until = 0, expires_at = @expires_at
WHERE hash = @hash AND serial = @serial;

-- name: DropConsoleRenewal :execrows
UPDATE console_session SET renewing_until = 0 WHERE hash = @hash AND serial = @serial;

-- name: DeleteConsoleSession :execrows
DELETE FROM console_session WHERE hash = @hash;

-- RevokeConsentsOfConsole ends also those whose code was not used yet: it may be
-- the console's.
-- name: RevokeConsentsOfConsole :exec
UPDATE consent SET revoked_at = @now
WHERE consent.user_id = @user_id AND consent.revoked_at = 0
  AND (consent.id IN (SELECT s.consent_id FROM console_session AS s WHERE s.user_id = @user_id)
    OR EXISTS (SELECT 1 FROM code AS k WHERE k.consent_id = consent.id AND k.used_at = 0));

-- name: RevokeTokensOfConsole :exec
UPDATE token SET revoked_at = @now
WHERE consent_id IN (SELECT s.consent_id FROM console_session AS s WHERE s.user_id = @user_id) AND consent_id <> '' AND revoked_at = 0;

-- name: DeleteConsoleSessionsOfUser :execrows
DELETE FROM console_session WHERE user_id = @user_id;

-- name: PruneConsoleSessions :execrows
DELETE FROM console_session
WHERE hash IN (SELECT s.hash FROM console_session AS s WHERE s.expires_at < @before ORDER BY s.expires_at LIMIT CAST(@at_most AS BIGINT));
