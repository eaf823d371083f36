-- +goose Up
-- The oldest schema that a magpie must know to run on this one. One whose newest
-- migration has a lower number is refused. Every later migration sets it: see
-- CONTRIBUTING.md.
CREATE TABLE compatible_from (
    id      BIGINT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL
);

INSERT INTO compatible_from (id, version) VALUES (1, 11);
