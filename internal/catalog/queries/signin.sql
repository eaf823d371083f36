-- InsertSignIn inserts nothing unless the account still has the password that
-- was checked. Who changes the password meanwhile waits, and then ends this too.
-- name: InsertSignIn :execrows
INSERT INTO signin (hash, user_id, created_at, expires_at)
SELECT CAST(@hash AS TEXT), a.id, CAST(@created_at AS BIGINT), CAST(@expires_at AS BIGINT)
FROM account AS a
WHERE a.id = @user_id AND a.password_hash = @checked
FOR UPDATE;

-- name: GetSignIn :one
SELECT sqlc.embed(signin), sqlc.embed(account)
FROM signin JOIN account ON account.id = signin.user_id
WHERE signin.hash = @hash;

-- name: DeleteSignIn :execrows
DELETE FROM signin WHERE hash = @hash;

-- name: DeleteSignInsOfUser :execrows
DELETE FROM signin WHERE user_id = @user_id;

-- name: PruneSignIns :execrows
DELETE FROM signin
WHERE hash IN (SELECT s.hash FROM signin AS s WHERE s.expires_at < @before ORDER BY s.expires_at LIMIT CAST(@at_most AS BIGINT));
