-- InsertSigningKey inserts nothing when the id is taken, or when another insert
-- at the same time took the serial.
-- name: InsertSigningKey :execrows
INSERT INTO signing_key (id, serial, secret, created_at, retired_at)
SELECT CAST(@id AS TEXT), (SELECT COALESCE(MAX(serial), 0) + 1 FROM signing_key), CAST(@secret AS TEXT), CAST(@created_at AS BIGINT), 0
WHERE TRUE
ON CONFLICT DO NOTHING;

-- InsertFirstSigningKey inserts nothing where a key is there that is not
-- retired. Two at once collide on serial.
-- name: InsertFirstSigningKey :execrows
INSERT INTO signing_key (id, serial, secret, created_at, retired_at)
SELECT CAST(@id AS TEXT), (SELECT COALESCE(MAX(serial), 0) + 1 FROM signing_key), CAST(@secret AS TEXT), CAST(@created_at AS BIGINT), 0
WHERE NOT EXISTS (SELECT 1 FROM signing_key WHERE retired_at = 0)
ON CONFLICT DO NOTHING;

-- name: ListSigningKeys :many
SELECT * FROM signing_key ORDER BY serial DESC;

-- name: RetireSigningKey :execrows
UPDATE signing_key SET retired_at = @now, secret = '' WHERE id = @id AND retired_at = 0;

-- name: SigningKeyExists :one
SELECT EXISTS (SELECT 1 FROM signing_key WHERE id = @id);
