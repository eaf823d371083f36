-- InsertClient inserts nothing when the id or the key is taken.
-- name: InsertClient :execrows
INSERT INTO client (id, secret_hash, api_key, api_secret, name, owner, is_public, read_only, redirect_uris,
    app_serial, created_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
ON CONFLICT DO NOTHING;

-- name: GetClient :one
SELECT * FROM client WHERE id = @id;

-- name: GetClientByAPIKey :one
SELECT * FROM client WHERE api_key = @api_key;

-- name: ListClients :many
SELECT * FROM client ORDER BY created_at, id COLLATE "C";

-- ReviveClient takes a revocation back.
-- name: ReviveClient :execrows
UPDATE client SET revoked_at = 0 WHERE id = @id AND revoked_at <> 0;

-- LockClient holds a client as it is, unrevoked, until the transaction ends:
-- who revokes it waits, and then sees what was made under it.
-- name: LockClient :execrows
UPDATE client SET revoked_at = revoked_at WHERE id = @id AND revoked_at = 0;

-- LockClientSerial is LockClient for one app-only token of it.
-- name: LockClientSerial :execrows
UPDATE client SET revoked_at = revoked_at WHERE id = @id AND revoked_at = 0 AND app_serial = @app_serial;

-- name: NextClientSerial :execrows
UPDATE client SET app_serial = app_serial + 1 WHERE id = @id AND revoked_at = 0 AND app_serial = @app_serial;

-- name: RevokeClient :execrows
UPDATE client SET revoked_at = @now WHERE id = @id AND revoked_at = 0;

-- name: RevokeConsentsOfClient :exec
UPDATE consent SET revoked_at = @now WHERE client_id = @client_id AND revoked_at = 0;

-- name: RevokeTokensOfClient :exec
UPDATE token SET revoked_at = @now WHERE client_id = @client_id AND client_id <> '' AND revoked_at = 0;

-- name: RevokeUserTokensOfClient :exec
UPDATE user_token SET revoked_at = @now WHERE client_id = @client_id AND revoked_at = 0;

-- name: DeleteAppTokens :exec
DELETE FROM token WHERE client_id = @client_id AND client_id <> '' AND app_only = 1;
