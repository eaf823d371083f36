-- GetRenditionBySlug reads all of the media but its manifest, whose length the
-- reading of one rendition must not pay for.
-- name: GetRenditionBySlug :one
SELECT m.id, m.owner, m.additional_owners, m.shared, m.category, m.type, m.slug, m.state, m.attempt,
    m.published, m.progress, m.failure_code, m.failure_name, m.failure_message, m.width, m.height,
    m.duration_ns, m.created_at, m.touched_at, m.expires_at, m.gone_at,
    sqlc.embed(r)
FROM media m
JOIN rendition r ON r.media_id = m.id AND r.attempt = m.published
WHERE m.slug = @slug AND r.name = @name;
