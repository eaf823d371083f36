-- InsertToken inserts nothing when the id or the hash is taken.
-- name: InsertToken :execrows
INSERT INTO token (id, hash, user_id, scopes, app_only, label, client_id, consent_id, is_first, created_at, expires_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, $11)
ON CONFLICT DO NOTHING;

-- InsertFirstToken inserts nothing where there is any token or upload. Two at
-- once collide on is_first.
-- name: InsertFirstToken :execrows
INSERT INTO token (id, hash, user_id, scopes, app_only, label, client_id, consent_id, is_first, created_at, expires_at, revoked_at)
SELECT CAST(@id AS TEXT), CAST(@hash AS TEXT), CAST(@user_id AS TEXT), CAST(@scopes AS TEXT),
    CAST(@app_only AS BIGINT), CAST(@label AS TEXT), CAST(@client_id AS TEXT), CAST(@consent_id AS TEXT), 1,
    CAST(@created_at AS BIGINT), CAST(@expires_at AS BIGINT), CAST(@revoked_at AS BIGINT)
WHERE NOT EXISTS (SELECT 1 FROM token)
  AND NOT EXISTS (SELECT 1 FROM session)
  AND NOT EXISTS (SELECT 1 FROM media)
ON CONFLICT DO NOTHING;

-- name: GetTokenByHash :one
SELECT * FROM token WHERE hash = @hash;

-- name: ListTokens :many
SELECT * FROM token ORDER BY created_at, id COLLATE "C";

-- name: RevokeToken :execrows
UPDATE token SET revoked_at = @now WHERE id = @id AND revoked_at = 0;

-- name: TokenExists :one
SELECT EXISTS (SELECT 1 FROM token WHERE id = @id);
