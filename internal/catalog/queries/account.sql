-- InsertAccount inserts nothing when the id or the name is taken.
-- name: InsertAccount :execrows
INSERT INTO account (id, username, password_hash, created_at, is_admin)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING;

-- name: GetAccount :one
SELECT * FROM account WHERE id = @id;

-- name: GetAccountByName :one
SELECT * FROM account WHERE username = @username;

-- name: ListAccounts :many
SELECT * FROM account ORDER BY created_at, id COLLATE "C";

-- LockAccount holds an account as it is until the transaction ends: who erases
-- it waits, and then sees what was made for it.
-- name: LockAccount :execrows
UPDATE account SET username = username WHERE id = @id;

-- LockAdmin is LockAccount for an account that is marked.
-- name: LockAdmin :execrows
UPDATE account SET username = username WHERE id = @id AND is_admin = 1;

-- name: SetAdmin :execrows
UPDATE account SET is_admin = @is_admin WHERE id = @id;

-- name: RevokeTokensWithScope :execrows
UPDATE token SET revoked_at = @now
WHERE token.user_id = @user_id AND token.revoked_at = 0
  AND (token.scopes LIKE @scope OR token.consent_id IN (SELECT c.id FROM consent AS c WHERE c.user_id = @user_id AND c.scopes LIKE @scope));

-- name: RevokeConsentsWithScope :execrows
UPDATE consent SET revoked_at = @now WHERE user_id = @user_id AND revoked_at = 0 AND scopes LIKE @scope;

-- name: SetPassword :execrows
UPDATE account SET password_hash = @password_hash WHERE id = @id;

-- name: DeleteAccount :execrows
DELETE FROM account WHERE id = @id;

-- name: RevokeClientsOfOwner :execrows
UPDATE client SET revoked_at = @now WHERE owner = @owner AND revoked_at = 0;

-- name: RevokeConsentsOfUser :execrows
UPDATE consent SET revoked_at = @now WHERE user_id = @user_id AND revoked_at = 0;

-- name: RevokeConsentsOfOwner :execrows
UPDATE consent SET revoked_at = @now
WHERE client_id IN (SELECT c.id FROM client AS c WHERE c.owner = @owner) AND revoked_at = 0;

-- name: RevokeTokensOfUser :execrows
UPDATE token SET revoked_at = @now WHERE user_id = @user_id AND revoked_at = 0;

-- name: RevokeTokensOfOwner :execrows
UPDATE token SET revoked_at = @now
WHERE client_id IN (SELECT c.id FROM client AS c WHERE c.owner = @owner) AND client_id <> '' AND revoked_at = 0;

-- name: RevokeUserTokensOfUser :execrows
UPDATE user_token SET revoked_at = @now WHERE user_id = @user_id AND revoked_at = 0;

-- name: RevokeUserTokensOfOwner :execrows
UPDATE user_token SET revoked_at = @now
WHERE client_id IN (SELECT c.id FROM client AS c WHERE c.owner = @owner) AND revoked_at = 0;
