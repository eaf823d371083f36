-- InsertUserToken inserts nothing when the token is taken.
-- name: InsertUserToken :execrows
INSERT INTO user_token (token, secret, client_id, user_id, created_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING;

-- name: GetUserToken :one
SELECT * FROM user_token WHERE token = @token;

-- name: ListUserTokens :many
SELECT * FROM user_token ORDER BY created_at, token COLLATE "C";

-- name: ListUserTokensOfClient :many
SELECT * FROM user_token WHERE client_id = @client_id ORDER BY created_at, token COLLATE "C";

-- name: RevokeUserToken :execrows
UPDATE user_token SET revoked_at = @now WHERE token = @token AND revoked_at = 0;
