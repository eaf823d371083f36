-- HoldMedia keeps a live media from being changed by others until the
-- transaction ends.
-- name: HoldMedia :one
SELECT id FROM media WHERE id = @id AND gone_at = 0 FOR UPDATE;

-- name: AttachSubtitle :exec
INSERT INTO subtitle (media_id, language, display_name, file_id, attached_at)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (media_id, language) DO UPDATE
SET display_name = excluded.display_name, file_id = excluded.file_id, attached_at = excluded.attached_at;

-- DetachSubtitle removes a row also where its file is gone.
-- name: DetachSubtitle :execrows
DELETE FROM subtitle WHERE media_id = @media_id AND language = @language;

-- GetSubtitleBySlug reads what is served under a video's slug: all of the video
-- but its manifest, as GetRenditionBySlug does, and the file's text.
-- name: GetSubtitleBySlug :one
SELECT m.id, m.owner, m.additional_owners, m.shared, m.category, m.type, m.slug, m.state, m.attempt,
    m.published, m.progress, m.failure_code, m.failure_name, m.failure_message, m.width, m.height,
    m.duration_ns, m.created_at, m.touched_at, m.expires_at, m.gone_at,
    sqlc.embed(s), sqlc.embed(r)
FROM media m
JOIN subtitle s ON s.media_id = m.id
JOIN media f ON f.id = s.file_id
JOIN rendition r ON r.media_id = f.id AND r.attempt = f.published
WHERE m.slug = @slug AND s.language = @language AND f.gone_at = 0 AND r.role = 'text';
