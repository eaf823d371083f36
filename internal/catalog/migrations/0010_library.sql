-- +goose Up
-- The library: what of whom is where, in the order in which it is listed.
CREATE INDEX media_library ON media (owner, id) WHERE gone_at = 0;
CREATE INDEX media_category ON media (owner, category, id) WHERE gone_at = 0;
CREATE INDEX media_state ON media (owner, state, id) WHERE gone_at = 0;
CREATE INDEX media_deleted ON media (owner, id) WHERE gone_at > 0;

-- What a session that has not ended takes of its owner's quota.
ALTER TABLE session ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0;

CREATE INDEX session_owner ON session (owner, id) WHERE state IN ('open', 'closing');

-- What metadata says that the library is searched by: where a file came from,
-- and its alt text with letter case folded. A copy, so that an index holds it.
CREATE TABLE search (
    media_id BIGINT NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
    owner    TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    words    TEXT   NOT NULL
);

CREATE INDEX search_source ON search (owner, source, media_id) WHERE source <> '';
CREATE INDEX search_words ON search (owner, media_id) WHERE words <> '';

-- That an upload's metadata names a media, as poster or sticker. The named one
-- need not exist.
CREATE TABLE mention (
    media_id BIGINT NOT NULL REFERENCES session (id) ON DELETE CASCADE,
    named_id BIGINT NOT NULL,
    purpose  TEXT   NOT NULL,
    PRIMARY KEY (media_id, named_id, purpose)
);

CREATE INDEX mention_named ON mention (named_id, media_id);

-- The bytes of each media that has not given them up: live ones, and deleted
-- ones until the sweeper may take their blobs. Without its row a media does not
-- come back.
CREATE TABLE kept (
    media_id   BIGINT NOT NULL PRIMARY KEY REFERENCES media (id) ON DELETE CASCADE,
    owner      TEXT   NOT NULL,
    originals  BIGINT NOT NULL,
    renditions BIGINT NOT NULL
);

-- The sums of kept and of reserved for each owner, changed in the transactions
-- that change those. quota: -1 for the server's, 0 for none.
CREATE TABLE storage (
    owner      TEXT   NOT NULL PRIMARY KEY,
    originals  BIGINT NOT NULL,
    renditions BIGINT NOT NULL,
    media      BIGINT NOT NULL,
    uploads    BIGINT NOT NULL,
    quota      BIGINT NOT NULL
);

-- The row of nobody says that what was there before is still to be counted,
-- which takes more than SQL.
INSERT INTO storage (owner, originals, renditions, media, uploads, quota)
SELECT '', 0, 0, 0, 0, -1 WHERE EXISTS (SELECT 1 FROM session);
