-- SetFault sets nothing where there is no such upload.
-- name: SetFault :execrows
INSERT INTO fault (media_id, failure_name, failure_message, processing_ms)
SELECT s.id, CAST(@failure_name AS TEXT), CAST(@failure_message AS TEXT), CAST(@processing_ms AS BIGINT)
FROM session s
WHERE s.id = @media_id
ON CONFLICT (media_id) DO UPDATE
SET failure_name = excluded.failure_name, failure_message = excluded.failure_message,
    processing_ms = excluded.processing_ms;

-- name: GetFault :one
SELECT * FROM fault WHERE media_id = @media_id;
