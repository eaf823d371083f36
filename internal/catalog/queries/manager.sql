-- GetManager finds nothing where the managing client was revoked: nobody could
-- change the upload any more.
-- name: GetManager :one
SELECT m.client_id FROM manager m
WHERE m.media_id = @media_id
  AND NOT EXISTS (SELECT 1 FROM client c WHERE c.id = m.client_id AND c.revoked_at > 0);

-- name: SetManager :exec
INSERT INTO manager (media_id, client_id)
VALUES ($1, $2)
ON CONFLICT (media_id) DO UPDATE SET client_id = excluded.client_id;

-- name: ClearManager :exec
DELETE FROM manager WHERE media_id = @media_id;
